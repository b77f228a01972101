//! The large providers with a wire of their own: Facebook, Amazon twice, Salesforce.

use serde_json::json;

use super::{Species, USER_CODE, Way, codes_at, object, standard, tokens};
use crate::script::{Move, json_reply, with_header};

pub(crate) fn facebook() -> Species {
    fn trouble(code: u64, subcode: u64) -> Move {
        json_reply(
            400,
            json!({"error": {"message": "…", "type": "OAuthException", "code": code, "error_subcode": subcode, "error_user_title": "…"}}),
        )
    }
    Species {
        name: "Facebook",
        provider: "facebook",
        issuer: "https://graph.facebook.com/v21.0",
        document: None,
        codes_at: "https://graph.facebook.com/v21.0/device/login",
        tokens_at: "https://graph.facebook.com/v21.0/device/login_status",
        way: Way::Joined,
        poll: &[("code", "the-device-code"), ("device_code", ""), ("grant_type", "")],
        codes: || {
            object(
                200,
                json!({"code": "the-device-code", "user_code": USER_CODE,
                    "verification_uri": "https://www.facebook.com/device", "expires_in": 420, "interval": 5}),
                |_| {},
            )
        },
        pending: || trouble(31, 1_349_174),
        slow_down: || trouble(17, 1_349_172),
        denied: || json_reply(400, json!({"error": {"message": "access_denied", "code": 200}})),
        expired: Some(|| trouble(463, 1_349_152)),
        tokens: || {
            json_reply(200, json!({"access_token": "EAAB", "data_access_expiration_time": 1, "expires_in": 5_183_996}))
        },
        refreshed: None,
        lifetime: 420,
        ..standard()
    }
}

pub(crate) fn amazon() -> Species {
    Species {
        name: "Login with Amazon",
        provider: "amazon",
        issuer: "https://api.amazon.com",
        document: None,
        codes_at: "https://api.amazon.com/auth/o2/create/codepair",
        tokens_at: "https://api.amazon.com/auth/o2/token",
        parameters: &[("scope_data", "{\"alexa:all\":{}}")],
        start: &[("response_type", "device_code"), ("scope_data", "{\"alexa:all\":{}}")],
        poll: &[("grant_type", "device_code"), ("device_code", "the-device-code"), ("user_code", USER_CODE)],
        codes: || codes_at("https://amazon.com/us/code", |codes| drop(codes.insert("interval".to_owned(), json!(30)))),
        interval: 30,
        ..standard()
    }
}

pub(crate) fn aws() -> Species {
    fn trouble(error: &str) -> Move {
        with_header(
            json_reply(400, json!({"error": error, "error_description": null})),
            "x-amzn-errortype",
            "AuthorizationPendingException:",
        )
    }
    Species {
        name: "AWS IAM Identity Center",
        provider: "aws",
        issuer: "https://oidc.eu-west-1.amazonaws.com",
        document: None,
        codes_at: "https://oidc.eu-west-1.amazonaws.com/device_authorization",
        tokens_at: "https://oidc.eu-west-1.amazonaws.com/token",
        way: Way::Json,
        parameters: &[("startUrl", "https://acme.awsapps.com/start")],
        start: &[("startUrl", "https://acme.awsapps.com/start")],
        codes: || {
            json_reply(
                200,
                json!({
                    "deviceCode": "the-device-code", "userCode": USER_CODE, "expiresIn": 600, "interval": 1,
                    "verificationUri": "https://device.sso.eu-west-1.amazonaws.com/",
                    "verificationUriComplete": "https://device.sso.eu-west-1.amazonaws.com/?user_code=WDJB-MJHT"
                }),
            )
        },
        pending: || trouble("authorization_pending"),
        slow_down: || trouble("slow_down"),
        denied: || trouble("access_denied"),
        expired: Some(|| trouble("expired_token")),
        tokens: || {
            json_reply(
                200,
                json!({"accessToken": "aoa", "tokenType": "Bearer", "expiresIn": 28800, "refreshToken": "the-refresh-token", "idToken": null}),
            )
        },
        refreshed: Some(|| json_reply(200, json!({"accessToken": "aob", "tokenType": "Bearer", "expiresIn": 28800}))),
        interval: 1,
        ..standard()
    }
}

pub(crate) fn salesforce() -> Species {
    Species {
        name: "Salesforce",
        provider: "salesforce",
        issuer: "https://login.salesforce.com",
        document: None,
        codes_at: "https://login.salesforce.com/services/oauth2/token",
        tokens_at: "https://login.salesforce.com/services/oauth2/token",
        start: &[("response_type", "device_code")],
        poll: &[("grant_type", "device"), ("code", "the-device-code"), ("device_code", "")],
        codes: || codes_at("https://login.salesforce.com/setup/connect", |codes| drop(codes.remove("expires_in"))),
        tokens: || {
            tokens(|tokens| {
                tokens.remove("expires_in");
                tokens.insert("instance_url".to_owned(), json!("https://acme.my.salesforce.com"));
                tokens.insert("issued_at".to_owned(), json!("1700000000000"));
                tokens.insert("signature".to_owned(), json!("x="));
            })
        },
        lifetime: 1800,
        ..standard()
    }
}
