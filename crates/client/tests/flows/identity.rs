//! The id_token and the userinfo endpoint: whose word counts, and what a wrong one does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::identity::IdentityError;
use client::{Error, SignedIn};
use jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::script::{ISSUER, START, Script, client, codes, error, json_reply, reply, sign_in, tokens};

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "u-1", "aud": "tv", "iat": START, "exp": START + 3600,
        "preferred_username": "maria\u{1b}[2J", "email": "maria@example.com"
    })
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn jwks(keys: &[&SigningKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|key| serde_json::to_value(key.public_jwk()).unwrap()).collect();
    json!({ "keys": keys })
}

/// Signs in with this id_token while the key endpoint gives these answers in turn; also how often it was asked.
async fn with(id_token: String, answers: Vec<Option<Value>>) -> (Result<SignedIn, Error>, usize) {
    let count = Arc::new(Mutex::new(0_usize));
    let counter = Arc::clone(&count);
    let script = Script::new(move |seen| {
        let answer = if seen.url.ends_with("/jwks") {
            let mut count = counter.lock().unwrap();
            *count += 1;
            match &answers[(*count - 1).min(answers.len() - 1)] {
                Some(keys) => json_reply(200, keys.clone()),
                None => reply(500, "text/html", ""),
            }
        } else if seen.form("grant_type").is_empty() {
            json_reply(200, codes())
        } else {
            let mut body = tokens();
            body["id_token"] = json!(id_token);
            json_reply(200, body)
        };
        (Duration::from_millis(10), answer)
    });
    let result = sign_in(&client(&script).await).await.0;
    let count = *count.lock().unwrap();
    (result, count)
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    key.sign("JWT", claims.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn oi_6_a_valid_id_token_names_the_person() {
    let key = key();
    let (result, asked) = with(signed(&key, &claims()), vec![Some(jwks(&[&key]))]).await;
    let signed_in = result.unwrap();
    let identity = signed_in.identity.unwrap();
    assert_eq!((identity.subject.as_str(), identity.name.as_str()), ("u-1", "maria[2J"), "and is fit for a terminal");
    assert_eq!((signed_in.session.subject.as_deref(), asked), (Some("u-1"), 1));
}

#[tokio::test]
async fn oi_6_oi_5_a_wrong_id_token_spoils_the_sign_in() {
    let (key, other) = (key(), key());
    let mut wrong = Vec::new();
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("aud", json!("another")),
        ("aud", json!(["tv", "another"])),
        ("azp", json!("another")),
        ("exp", json!(START - 120)),
        ("iat", json!(START + 7200)),
        ("iat", json!(START - 100_000)),
        ("sub", json!("")),
        ("sub", json!(null)),
        ("nonce", json!("never sent")),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        let mut claims = claims();
        claims[name] = value;
        wrong.push(signed(&key, &claims));
    }
    let mut flipped = signed(&key, &claims());
    flipped.truncate(flipped.len() - 4);
    wrong.push(flipped);
    wrong.push("eyJhbGciOiJub25lIn0.e30.".to_owned());
    wrong.push("not.a.token".to_owned());
    for token in wrong {
        let (result, _) = with(token.clone(), vec![Some(jwks(&[&key, &other]))]).await;
        let error = result.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Identity(IdentityError::Invalid(_))), "{token}: {error:?}");
    }
}

#[tokio::test]
async fn oi_6_at_hash_is_checked_when_it_is_there() {
    let key = key();
    let mut claims = claims();
    claims["at_hash"] = json!(jose::id_token::at_hash(Algorithm::Es256, "the-access-token"));
    with(signed(&key, &claims), vec![Some(jwks(&[&key]))]).await.0.unwrap();
}

#[tokio::test]
async fn oi_15_an_unknown_key_is_looked_for_once_more_and_only_once() {
    let (old, new) = (key(), key());
    let (result, asked) = with(signed(&new, &claims()), vec![Some(jwks(&[&old])), Some(jwks(&[&old, &new]))]).await;
    assert!(result.unwrap().identity.is_some());
    assert_eq!(asked, 2);
    let (result, asked) = with(signed(&new, &claims()), vec![Some(jwks(&[&old]))]).await;
    assert!(matches!(result.unwrap_err(), Error::Identity(IdentityError::Invalid(_))));
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn an_id_token_that_cannot_be_checked_is_not_used() {
    let key = key();
    let (result, _) = with(signed(&key, &claims()), vec![None]).await;
    let signed_in = result.unwrap();
    assert!(signed_in.identity.is_none() && signed_in.session.subject.is_none());
    assert!(matches!(signed_in.unchecked, Some(IdentityError::Keys(_))));
}

#[tokio::test]
async fn an_algorithm_the_server_does_not_name_is_not_accepted() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let (result, _) = with(signed(&key, &claims()), vec![Some(jwks(&[&key]))]).await;
    assert!(
        matches!(result.unwrap_err(), Error::Identity(IdentityError::Invalid(_))),
        "only RS256 and ES256 were named"
    );
}

#[tokio::test]
async fn userinfo_must_be_about_the_same_person() {
    let key = key();
    let session = with(signed(&key, &claims()), vec![Some(jwks(&[&key]))]).await.0.unwrap().session;
    for (subject, same) in [("u-1", true), ("u-2", false)] {
        let script =
            Script::new(move |_| (Duration::ZERO, json_reply(200, json!({"sub": subject, "name": "Maria\u{202e}"}))));
        let result = client(&script).await.userinfo(&session).await;
        assert_eq!(script.seen()[0].headers["authorization"], "Bearer the-access-token");
        assert!(!script.seen()[0].url.contains('?'), "BT-2-1");
        match result {
            Ok(identity) => assert_eq!((identity.unwrap().name.as_str(), same), ("Maria", true)),
            Err(error) => assert!(!same && matches!(error, Error::Identity(_))),
        }
    }
    let script = Script::new(|_| (Duration::ZERO, error(401, "invalid_token")));
    assert!(matches!(client(&script).await.userinfo(&session).await.unwrap_err(), Error::Refused(_)));
}
