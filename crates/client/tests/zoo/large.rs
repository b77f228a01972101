//! The large providers: Google, GitHub, Microsoft, Okta, Auth0, Keycloak, GitLab, Twitch.

use serde_json::json;

use super::{Species, USER_CODE, Way, codes_at, object, standard, tokens, told};
use crate::script::{error, json_reply, reply};

pub(crate) fn google() -> Species {
    Species {
        name: "Google",
        provider: "google",
        issuer: "https://accounts.google.com",
        document: Some((
            "/.well-known/openid-configuration",
            json!({
                "issuer": "https://accounts.google.com",
                "device_authorization_endpoint": "https://oauth2.googleapis.com/device/code",
                "token_endpoint": "https://oauth2.googleapis.com/token",
                "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
                "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["plain", "S256"]
            }),
        )),
        codes_at: "https://oauth2.googleapis.com/device/code",
        tokens_at: "https://oauth2.googleapis.com/token",
        way: Way::Post,
        start: &[("scope", "openid files"), ("code_challenge", "")],
        codes: || {
            codes_at("", |codes| {
                codes.remove("verification_uri");
                codes.insert("verification_url".to_owned(), json!("https://www.google.com/device"));
                codes.insert("expires_in".to_owned(), json!(1800));
            })
        },
        pending: || told(428, "authorization_pending", "Precondition Required"),
        slow_down: || told(403, "slow_down", "Forbidden"),
        denied: || told(403, "access_denied", "Forbidden"),
        lifetime: 1800,
        ..standard()
    }
}

pub(crate) fn github() -> Species {
    Species {
        name: "GitHub",
        provider: "github",
        issuer: "https://github.com",
        document: None,
        codes_at: "https://github.com/login/device/code",
        tokens_at: "https://github.com/login/oauth/access_token",
        codes: || {
            codes_at("https://github.com/login/device", |codes| {
                codes.insert("expires_in".to_owned(), json!(899));
            })
        },
        pending: || told(200, "authorization_pending", "The authorization request is still pending."),
        slow_down: || {
            object(
                200,
                json!({"error": "slow_down", "error_description": "Too many requests have been made.", "interval": 10}),
                |_| {},
            )
        },
        denied: || told(200, "access_denied", "The authorization request was denied."),
        expired: Some(|| told(200, "expired_token", "The device_code has expired.")),
        tokens: || json_reply(200, json!({"access_token": "gho_x", "token_type": "bearer", "scope": "repo,gist"})),
        refreshed: None,
        lifetime: 899,
        ..standard()
    }
}

/// The same on a machine of its own, which some proxy has stripped of the Accept header.
pub(crate) fn github_enterprise() -> Species {
    Species {
        name: "GitHub Enterprise Server, answering in forms",
        issuer: "https://git.example.com",
        codes_at: "https://git.example.com/login/device/code",
        tokens_at: "https://git.example.com/login/oauth/access_token",
        codes: || {
            form_reply(
                "device_code=the-device-code&expires_in=899&interval=5&user_code=WDJB-MJHT&verification_uri=https%3A%2F%2Fgit.example.com%2Flogin%2Fdevice",
            )
        },
        pending: || form_reply("error=authorization_pending&error_description=still+pending"),
        slow_down: || form_reply("error=slow_down&interval=10"),
        denied: || form_reply("error=access_denied"),
        expired: Some(|| form_reply("error=token_expired")),
        tokens: || form_reply("access_token=gho_x&scope=user&token_type=bearer"),
        ..github()
    }
}

fn form_reply(body: &str) -> crate::script::Move {
    reply(200, "application/x-www-form-urlencoded; charset=utf-8", body)
}

pub(crate) fn entra() -> Species {
    Species {
        name: "Microsoft Entra v2",
        provider: "entra",
        issuer: "https://login.microsoftonline.com/organizations/v2.0",
        document: Some((
            "/organizations/v2.0/.well-known/openid-configuration",
            json!({
                "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
                "device_authorization_endpoint": "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode",
                "token_endpoint": "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
                "jwks_uri": "https://login.microsoftonline.com/organizations/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "grant_types_supported": ["authorization_code", "refresh_token"]
            }),
        )),
        codes_at: "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode",
        tokens_at: "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
        codes: || {
            codes_at("https://microsoft.com/devicelogin", |codes| {
                codes.insert("message".to_owned(), json!("To sign in, use a web browser to open the page …"));
                codes.insert("expires_in".to_owned(), json!(900));
            })
        },
        pending: || {
            json_reply(
                400,
                json!({
                    "error": "authorization_pending", "error_description": "AADSTS70016: …\r\nTrace ID: 1", "error_codes": [70016],
                    "timestamp": "2026-01-01 00:00:00Z", "error_uri": "https://login.microsoftonline.com/error?code=70016"
                }),
            )
        },
        denied: || told(400, "authorization_declined", "AADSTS70000: …"),
        expired: Some(|| told(400, "expired_token", "AADSTS70020: …")),
        tokens: || tokens(|tokens| drop(tokens.insert("ext_expires_in".to_owned(), json!(3600)))),
        lifetime: 900,
        ..standard()
    }
}

pub(crate) fn entra_v1() -> Species {
    Species {
        name: "Entra v1, AD FS",
        provider: "entra-v1",
        issuer: "https://login.microsoftonline.com/contoso.onmicrosoft.com",
        document: None,
        codes_at: "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/devicecode",
        tokens_at: "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/token",
        resources: &["https://graph.windows.net"],
        start: &[("resource", "https://graph.windows.net")],
        poll: &[("grant_type", "device_code"), ("code", "the-device-code"), ("resource", "https://graph.windows.net")],
        codes: || {
            codes_at("", |codes| {
                codes.remove("verification_uri");
                codes.insert("verification_url".to_owned(), json!("https://microsoft.com/devicelogin"));
                codes.insert("expires_in".to_owned(), json!("900"));
                codes.insert("interval".to_owned(), json!("5"));
                codes.insert("message".to_owned(), json!("To sign in, …"));
            })
        },
        denied: || told(400, "authorization_declined", "AADSTS70000: …"),
        expired: Some(|| told(400, "code_expired", "AADSTS70019: …")),
        tokens: || {
            tokens(|tokens| {
                tokens.insert("expires_in".to_owned(), json!("3599"));
                tokens.insert("expires_on".to_owned(), json!("1700000000"));
                tokens.insert("resource".to_owned(), json!("https://graph.windows.net"));
            })
        },
        lifetime: 900,
        ..standard()
    }
}

pub(crate) fn microsoft() -> Species {
    Species {
        name: "Microsoft personal accounts",
        provider: "microsoft",
        issuer: "https://login.live.com",
        document: None,
        codes_at: "https://login.live.com/oauth20_connect.srf",
        tokens_at: "https://login.live.com/oauth20_token.srf",
        start: &[("response_type", "device_code")],
        codes: || codes_at("https://www.microsoft.com/link", |_| {}),
        denied: || error(400, "authorization_declined"),
        ..standard()
    }
}

pub(crate) fn okta() -> Species {
    Species {
        name: "Okta, with a secret",
        provider: "okta",
        issuer: "https://acme.okta.com/oauth2/default",
        document: Some((
            "/oauth2/default/.well-known/openid-configuration",
            json!({
                "issuer": "https://acme.okta.com/oauth2/default",
                "device_authorization_endpoint": "https://acme.okta.com/oauth2/default/v1/device/authorize",
                "token_endpoint": "https://acme.okta.com/oauth2/default/v1/token",
                "code_challenge_methods_supported": ["S256"]
            }),
        )),
        codes_at: "https://acme.okta.com/oauth2/default/v1/device/authorize",
        tokens_at: "https://acme.okta.com/oauth2/default/v1/token",
        way: Way::Basic,
        start: &[("code_challenge", "")],
        codes: || {
            codes_at("https://acme.okta.com/activate", |codes| {
                let complete = format!("https://acme.okta.com/activate?user_code={USER_CODE}");
                codes.insert("verification_uri_complete".to_owned(), json!(complete));
            })
        },
        slow_down: || json_reply(429, json!({"errorCode": "E0000047", "errorSummary": "API call exceeded rate limit"})),
        ..standard()
    }
}

pub(crate) fn auth0() -> Species {
    Species {
        name: "Auth0",
        provider: "auth0",
        issuer: "https://acme.eu.auth0.com/",
        document: Some((
            "/.well-known/openid-configuration",
            json!({
                "issuer": "https://acme.eu.auth0.com/",
                "device_authorization_endpoint": "https://acme.eu.auth0.com/oauth/device/code",
                "token_endpoint": "https://acme.eu.auth0.com/oauth/token",
                "code_challenge_methods_supported": ["S256", "plain"]
            }),
        )),
        codes_at: "https://acme.eu.auth0.com/oauth/device/code",
        tokens_at: "https://acme.eu.auth0.com/oauth/token",
        start: &[("scope", "openid files"), ("code_challenge", "")],
        codes: || codes_at("https://acme.eu.auth0.com/activate", |_| {}),
        pending: || told(403, "authorization_pending", "User has yet to authorize device code."),
        slow_down: || told(429, "slow_down", "You are polling faster than the specified interval of 5 seconds."),
        denied: || told(403, "access_denied", "User cancelled the confirmation prompt."),
        expired: Some(|| told(403, "expired_token", "The device_code is expired.")),
        ..standard()
    }
}

pub(crate) fn keycloak() -> Species {
    Species {
        name: "Keycloak",
        provider: "keycloak",
        issuer: "https://sso.example.com/realms/r",
        document: Some((
            "/realms/r/.well-known/openid-configuration",
            json!({
                "issuer": "https://sso.example.com/realms/r",
                "device_authorization_endpoint": "https://sso.example.com/realms/r/protocol/openid-connect/auth/device",
                "token_endpoint": "https://sso.example.com/realms/r/protocol/openid-connect/token",
                "code_challenge_methods_supported": ["plain", "S256"]
            }),
        )),
        codes_at: "https://sso.example.com/realms/r/protocol/openid-connect/auth/device",
        tokens_at: "https://sso.example.com/realms/r/protocol/openid-connect/token",
        start: &[("code_challenge_method", "S256")],
        codes: || codes_at("https://sso.example.com/realms/r/device", |_| {}),
        pending: || told(400, "authorization_pending", "The authorization request is still pending"),
        denied: || told(400, "access_denied", "The end user denied the authorization request"),
        expired: Some(|| told(400, "expired_token", "Device code is expired")),
        ..standard()
    }
}

pub(crate) fn gitlab() -> Species {
    Species {
        name: "GitLab",
        provider: "gitlab",
        issuer: "https://gitlab.example.com",
        document: Some((
            "/.well-known/openid-configuration",
            json!({"issuer": "https://gitlab.example.com", "token_endpoint": "https://gitlab.example.com/oauth/token"}),
        )),
        codes_at: "https://gitlab.example.com/oauth/authorize_device",
        tokens_at: "https://gitlab.example.com/oauth/token",
        codes: || codes_at("https://gitlab.example.com/oauth/device", |_| {}),
        ..standard()
    }
}

pub(crate) fn twitch() -> Species {
    Species {
        name: "Twitch",
        provider: "twitch",
        issuer: "https://id.twitch.tv/oauth2",
        document: Some((
            "/oauth2/.well-known/openid-configuration",
            json!({"issuer": "https://id.twitch.tv/oauth2", "token_endpoint": "https://id.twitch.tv/oauth2/token"}),
        )),
        codes_at: "https://id.twitch.tv/oauth2/device",
        tokens_at: "https://id.twitch.tv/oauth2/token",
        start: &[("scopes", "openid files")],
        codes: || codes_at("https://www.twitch.tv/activate", |_| {}),
        pending: || json_reply(400, json!({"status": 400, "message": "authorization_pending"})),
        slow_down: || json_reply(429, json!({"error": "Too Many Requests", "status": 429, "message": ""})),
        denied: || json_reply(400, json!({"status": 400, "message": "access_denied"})),
        expired: Some(|| json_reply(400, json!({"status": 400, "message": "expired_token"}))),
        tokens: || {
            tokens(|tokens| {
                tokens.insert("scope".to_owned(), json!(["user:read:chat"]));
                tokens.insert("token_type".to_owned(), json!("bearer"));
            })
        },
        ..standard()
    }
}
