//! One key per algorithm for all tests, tokens with any header, and a resource server and a client to show them to.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jose::{Algorithm, Jwk, JwkSet, SigningKey, access_token, client_assertion, dpop, id_token};
use proto::Timestamp;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const CLIENT: &str = "tv";
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

static KEYS: LazyLock<[SigningKey; 3]> =
    LazyLock::new(|| [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256].map(|a| SigningKey::generate(a).unwrap()));
pub(crate) static SET: LazyLock<JwkSet> =
    LazyLock::new(|| JwkSet::new(KEYS.iter().map(|key| key.public_jwk().clone()).collect()).unwrap());

pub(crate) fn key(algorithm: Algorithm) -> &'static SigningKey {
    KEYS.iter().find(|key| key.algorithm() == algorithm).unwrap()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A genuine signature over any header and payload.
pub(crate) fn signed(key: &SigningKey, header: &str, payload: &[u8]) -> String {
    let message = format!("{}.{}", b64(header), b64(payload));
    let signature = key.signature(message.as_bytes()).unwrap();
    format!("{message}.{}", b64(signature))
}

/// Claims that every validator is content with, so that nothing but the kind of token tells them apart.
pub(crate) fn claims() -> Value {
    let now = NOW.as_seconds();
    json!({
        "iss": ISSUER, "sub": "user-1", "aud": CLIENT, "client_id": CLIENT, "jti": "j-1",
        "iat": now - 5, "nbf": now - 5, "exp": now + 600,
    })
}

/// [`claims`] with some replaced or, where null, left out.
pub(crate) fn claims_but(changes: &Value) -> Vec<u8> {
    but(claims(), changes)
}

/// `claims` with some replaced or, where null, left out.
pub(crate) fn but(mut claims: Value, changes: &Value) -> Vec<u8> {
    for (name, value) in changes.as_object().unwrap() {
        let members = claims.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    claims.to_string().into_bytes()
}

pub(crate) fn resource() -> access_token::Expected<'static> {
    access_token::Expected {
        issuer: ISSUER,
        audience: CLIENT,
        algorithms: Algorithm::ALL,
        keys: (&*SET).into(),
        now: NOW,
        leeway: Duration::ZERO,
    }
}

pub(crate) fn client() -> id_token::Expected<'static> {
    id_token::Expected {
        issuer: ISSUER,
        client_id: CLIENT,
        trusted_audiences: &[],
        algorithms: Algorithm::ALL,
        keys: (&*SET).into(),
        access_token: None,
        nonce: None,
        now: NOW,
        leeway: Duration::ZERO,
        max_age: id_token::MAX_AGE,
    }
}

pub(crate) const TOKEN_URL: &str = "https://as.example/token";

/// The token endpoint of a server that demands no nonce.
pub(crate) fn token_endpoint() -> dpop::Expected<'static> {
    dpop::Expected {
        method: "POST",
        url: TOKEN_URL,
        algorithms: Algorithm::ALL,
        now: NOW,
        window: dpop::Window::default(),
        nonce: dpop::NoncePolicy::Unused,
        access_token: None,
    }
}

/// A server that is shown assertions of [`CLIENT`].
pub(crate) fn server() -> client_assertion::Expected<'static> {
    client_assertion::Expected {
        client_id: CLIENT,
        issuer: ISSUER,
        legacy_audience: None,
        keys: (&*SET).into(),
        algorithms: Algorithm::ALL,
        now: NOW,
        max_lifetime: client_assertion::MAX_LIFETIME,
        leeway: Duration::ZERO,
    }
}

pub(crate) fn jwk(json: &Value) -> Result<Jwk, jose::JwkError> {
    Jwk::parse(json.to_string().as_bytes())
}
