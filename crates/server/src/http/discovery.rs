//! Both discovery documents (RFC 8414; OpenID Connect Discovery), which say the same.
//!
//! Built from the configured issuer alone: neither `Host` nor a forwarding header has a say (MD-4-1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flow::Algorithm;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use proto::model::Acr;
use proto::wire::metadata::AuthorizationServerMetadata;
use proto::wire::token::{GRANT_TYPE_DEVICE_CODE, GRANT_TYPE_REFRESH_TOKEN};
use sha2::{Digest as _, Sha256};

use super::path;
use crate::app::App;
use crate::reply::{self, Reply};
use crate::request::Ask;

/// How clients may authenticate, at every endpoint alike.
const AUTH_METHODS: [&str; 4] = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
/// How long the documents and the keys may be kept: an hour less than keys overlap (MD-4-2).
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

pub(crate) fn get(ask: &Ask<'_>) -> Reply {
    let document = serde_json::to_vec(&document(ask.app)).unwrap_or_default();
    cacheable(ask, document.into())
}

/// What is published about this server. There is no authorization endpoint, so `response_types_supported` has nothing
/// to list and is left out (CF-2).
fn document(app: &App) -> AuthorizationServerMetadata {
    let issuer = &app.flow.settings().issuer;
    let at = |path: &str| Some(format!("{issuer}{path}"));
    let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    AuthorizationServerMetadata {
        issuer: issuer.clone(),
        device_authorization_endpoint: at(path::DEVICE_AUTHORIZATION),
        token_endpoint: at(path::TOKEN),
        jwks_uri: at(path::JWKS),
        userinfo_endpoint: at(path::USERINFO),
        revocation_endpoint: at(path::REVOKE),
        introspection_endpoint: at(path::INTROSPECT),
        registration_endpoint: at(path::REGISTER).filter(|_| app.flow.settings().registration.enabled),
        // Safe to be asked for whole, as some clients do: not `offline_access`, which many a client may not have.
        scopes_supported: list(&["openid", "profile", "email"]),
        grant_types_supported: list(&[GRANT_TYPE_DEVICE_CODE, GRANT_TYPE_REFRESH_TOKEN]),
        token_endpoint_auth_methods_supported: list(&AUTH_METHODS),
        revocation_endpoint_auth_methods_supported: list(&AUTH_METHODS),
        introspection_endpoint_auth_methods_supported: list(&[
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ]),
        token_endpoint_auth_signing_alg_values_supported: algorithms(),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
        code_challenge_methods_supported: list(&["S256"]),
        dpop_signing_alg_values_supported: algorithms(),
        acr_values_supported: Acr::ALL.map(|acr| acr.as_str().to_owned()).into(),
        subject_types_supported: list(&["public", "pairwise"]),
        // Ed25519 under the name that its id_tokens carry: a client that reads `Ed25519` here and expects it in the header
        // would refuse them (JW-15). What is only verified is listed under both.
        id_token_signing_alg_values_supported: list(&["RS256", "ES256", "EdDSA"]),
        claims_supported: list(&[
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "acr",
            "amr",
            "at_hash",
            "name",
            "preferred_username",
            "email",
        ]),
        ui_locales_supported: list(&["en"]),
        ..AuthorizationServerMetadata::default()
    }
}

/// Algorithms of proofs and assertions, under every name that peers look for.
fn algorithms() -> Vec<String> {
    Algorithm::ALL.iter().flat_map(|algorithm| algorithm.names()).map(|name| (*name).to_owned()).collect()
}

/// A public JSON document with a validator.
pub(crate) fn cacheable(ask: &Ask<'_>, body: Bytes) -> Reply {
    let tag =
        format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&body).iter().take(12).copied().collect::<Vec<_>>()));
    // Compared weakly, in whichever line it stands (RFC 9110 §13.1.2).
    let lines = ask.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    let known = tags.any(|known| known == "*" || known.trim_start_matches("W/") == tag);
    let mut reply = if known {
        let mut unchanged = Response::new(Full::default());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        reply::with_type(StatusCode::OK, "application/json", body)
    };
    reply.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    reply::set(reply.headers_mut(), header::ETAG, &tag);
    reply
}
