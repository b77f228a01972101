//! After the sign-in: renewal and revocation.

use std::time::Duration;

use client::session::Revocation;
use client::{Error, Session};
use proto::Timestamp;
use proto::wire::error::ErrorCode;
use serde_json::json;

use crate::script::{Move, START, Script, client, codes, error, json_reply, reply, run, tokens};

async fn session() -> Session {
    run(&Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())])).await.unwrap().session
}

#[tokio::test]
async fn a_session_knows_when_its_token_is_spent() {
    let session = session().await;
    let end = session.expires_at.unwrap();
    assert!(end > Timestamp::from_seconds(START + 600) && end < Timestamp::from_seconds(START + 610));
    assert!(session.is_fresh(Timestamp::from_seconds(START)));
    assert!(!session.is_fresh(end - Duration::from_secs(20)) && session.is_valid(end - Duration::from_secs(20)));
    assert!(!session.is_valid(end));
    assert!(!format!("{session:?}").contains("the-"), "no token in a debug print");
}

#[tokio::test]
async fn a_new_refresh_token_replaces_the_old_one() {
    let old = session().await;
    let next = json!({"access_token": "second", "token_type": "Bearer", "expires_in": 60, "refresh_token": "next"});
    let script = Script::new(move |_| (Duration::ZERO, json_reply(200, next.clone())));
    let renewed = client(&script).await.refresh(&old).await.unwrap();
    assert_eq!(renewed.refresh_token.unwrap().reveal(), "next");
    assert_eq!((renewed.access_token.reveal(), renewed.scope), ("second", old.scope.clone()));
    let seen = &script.seen()[0];
    assert_eq!(seen.body, "grant_type=refresh_token&refresh_token=the-refresh-token&client_id=tv");

    let same = json!({"access_token": "second", "token_type": "Bearer"});
    let script = Script::new(move |_| (Duration::ZERO, json_reply(200, same.clone())));
    let renewed = client(&script).await.refresh(&old).await.unwrap();
    assert_eq!(renewed.refresh_token, old.refresh_token, "none came: the old one goes on");
}

#[tokio::test]
async fn a_renewal_that_fails_says_why() {
    let old = session().await;
    let attempt = async |turn: Move| {
        let script = Script::new(move |_| (Duration::ZERO, turn.clone()));
        client(&script).await.refresh(&old).await.unwrap_err()
    };
    assert!(
        matches!(attempt(error(400, "invalid_grant")).await, Error::Refused(refusal) if refusal.code == Some(ErrorCode::InvalidGrant))
    );
    assert!(matches!(attempt(reply(503, "text/html", "")).await, Error::Unreachable(_)));
    assert!(matches!(attempt(reply(200, "text/html", "<html>")).await, Error::Unusable { .. }));
    let without = Session { refresh_token: None, ..session().await };
    let script = Script::new(|_| panic!("nothing to send"));
    assert_eq!(client(&script).await.refresh(&without).await.unwrap_err(), Error::Expired);
}

#[tokio::test]
async fn revocation_takes_both_tokens_back_and_does_not_read_a_success() {
    let session = session().await;
    let script = Script::new(|_| (Duration::ZERO, reply(200, "text/html", "<html>anything")));
    assert_eq!(client(&script).await.revoke(&session).await.unwrap(), Revocation::Done);
    let tokens: Vec<_> = script
        .seen()
        .iter()
        .map(|seen| (seen.form("token").remove(0), seen.form("token_type_hint").remove(0)))
        .collect();
    let expected = [("the-refresh-token", "refresh_token"), ("the-access-token", "access_token")];
    assert_eq!(tokens, expected.map(|(token, hint)| (token.to_owned(), hint.to_owned())));
}

#[tokio::test]
async fn a_busy_server_means_the_tokens_are_alive() {
    let session = session().await;
    let script = Script::new(|_| (Duration::ZERO, reply(503, "text/html", "")));
    assert!(matches!(client(&script).await.revoke(&session).await.unwrap_err(), Error::Unreachable(_)));
    let script = Script::new(|seen| {
        let refresh = seen.form("token_type_hint") == ["refresh_token"];
        (Duration::ZERO, if refresh { reply(200, "text/html", "") } else { error(400, "unsupported_token_type") })
    });
    assert_eq!(client(&script).await.revoke(&session).await.unwrap(), Revocation::Done);
    let mut without = client(&script).await;
    without.server.revocation = None;
    assert_eq!(without.revoke(&session).await.unwrap(), Revocation::NotOffered);
}
