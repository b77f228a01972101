//! What an application says of itself and asks for: its key, PKCE, the resources.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use client::{Application, Authentication, Client, ClientKey, Error, LoginRequest, When};
use jose::client_assertion::{self, Expected, validate};
use jose::{Algorithm, JwkSet, SigningKey};
use proto::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::script::{
    Clock, ISSUER, Move, START, Script, Seen, client, codes, error, json_reply, server_with, sign_in, tokens,
};

fn sign_in_script() -> Script {
    let polls = vec![error(400, "authorization_pending"), json_reply(200, tokens())];
    Script::sign_in(json_reply(200, codes()), polls)
}

fn key(kid: Option<&str>) -> (ClientKey, SigningKey) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(&*key.to_pkcs8().unwrap())
    );
    (ClientKey::from_pem(pem.as_bytes(), kid.map(str::to_owned)).unwrap(), key)
}

/// The assertion of a request, judged as the server does; its `jti`.
fn judged(seen: &Seen, keys: &JwkSet) -> String {
    assert_eq!(seen.form("client_assertion_type"), ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]);
    assert_eq!(seen.form("client_id"), ["tv"]);
    assert!(!seen.headers.contains_key("authorization") && seen.form("client_secret").is_empty(), "one method");
    let assertion = seen.form("client_assertion").remove(0);
    let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["typ"], "client-authentication+jwt");
    let expected = Expected {
        client_id: "tv",
        issuer: ISSUER,
        legacy_audience: None,
        keys: keys.into(),
        algorithms: Algorithm::ALL,
        now: Timestamp::from_seconds(START) + seen.at,
        max_lifetime: client_assertion::MAX_LIFETIME,
        leeway: Duration::ZERO,
    };
    validate(&assertion, &expected).unwrap().jti
}

#[tokio::test]
async fn pk_7_an_application_with_a_key_asserts_itself_anew_at_every_endpoint() {
    for kid in [None, Some("my-key-1")] {
        let (key, own) = key(kid);
        let mut public = serde_json::to_value(own.public_jwk()).unwrap();
        public["kid"] = key.kid().into();
        let keys = JwkSet::parse(json!({"keys": [public]}).to_string().as_bytes()).unwrap();
        let script = sign_in_script();
        let application = Application { authentication: Authentication::PrivateKey(key), client_id: "tv".to_owned() };
        let client: Client<Script, Clock> = Client { application, ..client(&script).await };
        let session = sign_in(&client).await.0.unwrap().session;
        client.refresh(&session).await.unwrap();
        client.revoke(&session).await.unwrap();
        let seen = script.seen();
        let paths: Vec<_> = seen.iter().map(|seen| seen.url.rsplit('/').next().unwrap().to_owned()).collect();
        assert_eq!(paths, ["device_authorization", "token", "token", "token", "revoke", "revoke"]);
        let mut names: Vec<_> = seen.iter().map(|seen| judged(seen, &keys)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), seen.len(), "each assertion is good once");
    }
}

async fn with_pkce(script: &Script, listed: Value, pkce: When) -> Result<(), Error> {
    let server = server_with(json!({ "code_challenge_methods_supported": listed })).await;
    let client = Client { server, ..client(script).await };
    let login = client.start(LoginRequest { pkce, ..LoginRequest::default() }).await?;
    login.finish(|_| {}).await.map(|_| ())
}

fn sent(script: &Script) -> (Vec<String>, Vec<String>) {
    let all = |name: &str| script.seen().iter().flat_map(|seen| seen.form(name)).collect();
    (all("code_challenge"), all("code_verifier"))
}

#[tokio::test]
async fn pkce_goes_along_where_it_is_listed_or_asked_for() {
    for (listed, pkce) in [(json!(["plain", "S256"]), When::Offered), (json!([]), When::Always)] {
        let script = sign_in_script();
        with_pkce(&script, listed, pkce).await.unwrap();
        let (challenges, verifiers) = sent(&script);
        assert_eq!((challenges.len(), verifiers.len()), (1, 2), "the challenge once, the verifier with each poll");
        assert_eq!(script.seen()[0].form("code_challenge_method"), ["S256"]);
        assert_eq!(verifiers[0].len(), 43);
        assert!(verifiers.iter().all(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenges[0]));
        let again = sign_in_script();
        with_pkce(&again, json!(["S256"]), When::Offered).await.unwrap();
        assert_ne!(sent(&again).0.len(), 0);
    }
    for (listed, pkce) in
        [(json!(["plain"]), When::Offered), (json!([]), When::Offered), (json!(["S256"]), When::Never)]
    {
        let script = sign_in_script();
        with_pkce(&script, listed, pkce).await.unwrap();
        assert_eq!(sent(&script), (vec![], vec![]));
    }
}

#[tokio::test]
async fn pkce_is_left_out_when_the_server_minds_and_nobody_insists() {
    let minds = || {
        Script::new(|seen| {
            let body =
                json!({"error": "invalid_request", "error_description": "Parameter not allowed: code_challenge"});
            let reply = match (seen.form("grant_type").is_empty(), seen.form("code_challenge").is_empty()) {
                (true, false) => json_reply(400, body),
                (true, true) => json_reply(200, codes()),
                _ => json_reply(200, tokens()),
            };
            (Duration::ZERO, reply)
        })
    };
    let script = minds();
    with_pkce(&script, json!(["S256"]), When::Offered).await.unwrap();
    assert_eq!((script.seen().len(), sent(&script).1.len()), (3, 0));
    let script = minds();
    assert!(matches!(with_pkce(&script, json!(["S256"]), When::Always).await, Err(Error::Refused(_))));
    let script = Script::sign_in(error(400, "invalid_client"), vec![Move::TooLarge]);
    assert!(matches!(with_pkce(&script, json!(["S256"]), When::Offered).await, Err(Error::Refused(_))));
    assert_eq!(script.seen().len(), 1, "another refusal is one");
}

#[tokio::test]
async fn ri_2_ri_1_resources_are_named_and_checked_before_anything_is_sent() {
    let script = sign_in_script();
    let client = client(&script).await;
    let resources = vec!["https://files.example.com/".to_owned(), "urn:example:mail".to_owned()];
    client.start(LoginRequest { resources: resources.clone(), ..LoginRequest::default() }).await.unwrap();
    assert_eq!(script.seen()[0].form("resource"), resources);
    for bad in ["files", "https://files.example.com/#x", "\u{1b}[2J"] {
        let request = LoginRequest { resources: vec![bad.to_owned()], ..LoginRequest::default() };
        assert!(matches!(client.start(request).await.err(), Some(Error::Resource(_))), "{bad}");
    }
    assert_eq!(script.seen().len(), 1);
}
