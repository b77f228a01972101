//! The other rows of the table, and those servers that once did, or still do, something that needs a word.

use serde_json::json;

use super::{Species, Way, codes_at, standard, tokens, told};
use crate::script::{error, json_reply, reply, with_header};

pub(crate) fn countersign() -> Species {
    Species {
        name: "Countersign",
        provider: "countersign",
        pending: || with_header(error(400, "authorization_pending"), "preference-applied", "wait=4"),
        ..standard()
    }
}

pub(crate) fn hugging_face() -> Species {
    Species {
        name: "Hugging Face, confidential",
        provider: "huggingface",
        issuer: "https://huggingface.co",
        document: Some((
            "/.well-known/openid-configuration",
            json!({
                "issuer": "https://huggingface.co",
                "device_authorization_endpoint": "https://huggingface.co/oauth/device",
                "token_endpoint": "https://huggingface.co/oauth/token"
            }),
        )),
        codes_at: "https://huggingface.co/oauth/device",
        tokens_at: "https://huggingface.co/oauth/token",
        way: Way::Basic,
        codes: || codes_at("https://huggingface.co/oauth/device", |_| {}),
        ..standard()
    }
}

pub(crate) fn zoom() -> Species {
    Species {
        name: "Zoom",
        provider: "zoom",
        issuer: "https://zoom.us",
        document: None,
        codes_at: "https://zoom.us/oauth/devicecode",
        tokens_at: "https://zoom.us/oauth/token",
        way: Way::BasicAndQuery,
        codes: || {
            codes_at("https://zoom.us/oauth_device", |codes| {
                codes.insert(
                    "verification_uri_complete".to_owned(),
                    json!("https://zoom.us/oauth/device/complete/WDJBMJHT"),
                );
            })
        },
        ..standard()
    }
}

pub(crate) fn baidu() -> Species {
    Species {
        name: "Baidu",
        provider: "baidu",
        issuer: "https://openapi.baidu.com",
        document: None,
        codes_at: "https://openapi.baidu.com/oauth/2.0/device/code",
        tokens_at: "https://openapi.baidu.com/oauth/2.0/token",
        way: Way::Post,
        start: &[("response_type", "device_code")],
        poll: &[("grant_type", "device_token"), ("code", "the-device-code"), ("device_code", "")],
        codes: || {
            codes_at("", |codes| {
                codes.remove("verification_uri");
                codes.insert("verification_url".to_owned(), json!("https://openapi.baidu.com/device"));
                codes.insert("qrcode_url".to_owned(), json!("http://openapi.baidu.com/device/qrcode/x"));
            })
        },
        tokens: || {
            tokens(|tokens| {
                tokens.remove("token_type");
                tokens.insert("session_secret".to_owned(), json!("s"));
            })
        },
        refreshed: Some(|| tokens(|tokens| drop(tokens.remove("token_type")))),
        ..standard()
    }
}

pub(crate) fn cas() -> Species {
    Species {
        name: "Apereo CAS",
        provider: "cas",
        issuer: "https://sso.example.com/cas",
        document: None,
        codes_at: "https://sso.example.com/cas/oauth2.0/accessToken",
        tokens_at: "https://sso.example.com/cas/oauth2.0/accessToken",
        start: &[("response_type", "device_code")],
        poll: &[("response_type", "device_code"), ("code", "the-device-code"), ("grant_type", ""), ("device_code", "")],
        codes: || codes_at("https://sso.example.com/cas/oauth2.0/device", |codes| drop(codes.remove("expires_in"))),
        lifetime: 1800,
        ..standard()
    }
}

pub(crate) fn dex() -> Species {
    Species { name: "Dex before its pull request 4204", pending: || error(401, "authorization_pending"), ..standard() }
}

pub(crate) fn hydra() -> Species {
    Species {
        name: "Ory Hydra",
        slow_down: || {
            json_reply(429, json!({"error": "Too Many Requests", "error_description": "The request was throttled."}))
        },
        ..standard()
    }
}

pub(crate) fn spring() -> Species {
    Species { name: "Spring Authorization Server", expired: None, ..standard() }
}

pub(crate) fn wso2() -> Species {
    Species {
        name: "WSO2 Identity Server",
        provider: "wso2",
        issuer: "https://is.example.com/oauth2/token",
        document: Some((
            "/oauth2/token/.well-known/openid-configuration",
            json!({
                "issuer": "https://is.example.com/oauth2/token",
                "device_authorization_endpoint": "https://is.example.com/oauth2/device_authorize",
                "token_endpoint": "https://is.example.com/oauth2/token"
            }),
        )),
        codes_at: "https://is.example.com/oauth2/device_authorize",
        tokens_at: "https://is.example.com/oauth2/token",
        way: Way::BasicAndId,
        codes: || codes_at("https://is.example.com/authenticationendpoint/device.do", |_| {}),
        ..standard()
    }
}

pub(crate) fn allegro() -> Species {
    Species {
        name: "Allegro",
        provider: "allegro",
        issuer: "https://allegro.pl",
        document: None,
        codes_at: "https://allegro.pl/auth/oauth/device",
        tokens_at: "https://allegro.pl/auth/oauth/token",
        way: Way::BasicAndId,
        codes: || {
            codes_at("https://allegro.pl/skojarz-aplikacje", |codes| {
                codes.insert("interval".to_owned(), json!("5"));
            })
        },
        ..standard()
    }
}

/// Gateways in front of small servers.
pub(crate) fn wordpress() -> Species {
    Species {
        name: "Novamira on WordPress",
        slow_down: || told(429, "temporarily_unavailable", "Too many requests, please slow down."),
        ..standard()
    }
}

/// The older text of Auth0's documentation.
pub(crate) fn auth0_of_old() -> Species {
    Species { name: "Auth0 of old", slow_down: || error(400, "slow_down"), ..standard() }
}

/// Everything that RFC 8628 §3.2 leaves open or that small servers get wrong, at once.
pub(crate) fn sloppy() -> Species {
    Species {
        name: "sloppy",
        codes: || {
            reply(
                201,
                "text/html; charset=utf-8",
                r#"{"user_code":"WDJB-MJHT","x":null,"interval":0,"expires_in":599.5,"verification_uri_complete":null,
                "verification_url":"https://id.example.com/old","verification_uri":"https://id.example.com/device",
                "device_code":"the-device-code"}"#,
            )
        },
        tokens: || {
            json_reply(
                200,
                json!({"token_type": "BEARER", "expires_in": 59.5, "access_token": "t", "refresh_token": ""}),
            )
        },
        refreshed: None,
        ..standard()
    }
}
