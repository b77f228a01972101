//! An issuer, a device with a key, and an API that trusts the issuer.

use std::sync::LazyLock;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Uri};
use jose::dpop::{Prover, Request};
use jose::{Algorithm, JwkSet, SigningKey};
use proto::entropy::Seeded;
use resource::{Access, Answer, Cause, KeySource, Refusal, Timestamp, Validator};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const API: &str = "https://api.example";
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(crate) static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());
pub(crate) static DEVICE: LazyLock<Prover> = LazyLock::new(|| Prover::generate(Algorithm::Es256).unwrap());

pub(crate) fn set(keys: &[&SigningKey]) -> JwkSet {
    JwkSet::new(keys.iter().map(|key| key.public_jwk().clone()).collect()).unwrap()
}

pub(crate) fn api() -> Validator<JwkSet> {
    Validator::new(ISSUER, API, set(&[&KEY]))
}

/// An access token, with some claims replaced or, where null, left out.
pub(crate) fn token(changes: &Value) -> String {
    token_by(&KEY, "at+jwt", changes)
}

pub(crate) fn token_by(key: &SigningKey, typ: &str, changes: &Value) -> String {
    let now = NOW.as_seconds();
    let mut claims = json!({
        "iss": ISSUER, "sub": "user-1", "aud": API, "client_id": "tv", "jti": "j-1", "iat": now, "exp": now + 600,
        "scope": "things:read things:write",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    key.sign(typ, claims.to_string().as_bytes()).unwrap()
}

/// A token bound to the device's key.
pub(crate) fn bound() -> String {
    token(&json!({"cnf": {"jkt": DEVICE.jkt()}}))
}

pub(crate) const GET_THINGS: Request<'static> =
    Request { method: "GET", url: "https://api.example/things", nonce: None, access_token: None };

pub(crate) fn proof(request: &Request<'_>, seed: u64) -> String {
    DEVICE.proof(request, NOW, &mut Seeded::new(seed)).unwrap()
}

/// Headers of these names and values, in this order.
pub(crate) fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    headers(&[(AUTHORIZATION.as_str(), &format!("Bearer {token}"))])
}

/// A bound token with a proof of its own for GET /things.
pub(crate) fn with_proof(token: &str, seed: u64) -> HeaderMap {
    let proof = proof(&Request { access_token: Some(token), ..GET_THINGS }, seed);
    headers(&[("authorization", &format!("DPoP {token}")), ("dpop", &proof)])
}

pub(crate) async fn get<S: KeySource>(api: &Validator<S>, path: &str, headers: &HeaderMap) -> Result<Access, Refusal> {
    api.authorize(&Method::GET, &path.parse::<Uri>().unwrap(), headers, NOW).await
}

/// The cause of a refusal and what is answered to it.
pub(crate) async fn refused<S: KeySource>(api: &Validator<S>, headers: &HeaderMap) -> (Cause, Answer) {
    let refusal = get(api, "/things", headers).await.unwrap_err();
    let answer = api.answer(&refusal, NOW);
    (refusal.cause, answer)
}

/// The challenges of an answer, as written.
pub(crate) fn challenges(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect()
}
