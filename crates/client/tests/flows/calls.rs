//! Calls of an API with the token of a session: what is sent, what is repeated, and what is left to the caller.

use std::time::Duration;

use client::call::refuses_token;
use client::transport::Response;
use client::{Call, Client, Endpoint, Environment, Error, Failure, Plaintext, Session, call};
use http::Method;
use proto::wire::token::TokenType;
use serde_json::json;

use crate::bound::{proof, session};
use crate::script::{Move, Script, client, codes, json_reply, reply, run, tokens, with_header};

const API: &str = "https://api.example.com/things?page=2";

fn api() -> Endpoint {
    Endpoint::parse(API, Plaintext::Refused).unwrap()
}

fn refusal(challenge: &str) -> Move {
    with_header(reply(401, "text/plain", "no"), "www-authenticate", challenge)
}

fn demand(nonce: &str) -> Move {
    with_header(refusal("DPoP error=\"use_dpop_nonce\", algs=\"ES256\""), "dpop-nonce", nonce)
}

async fn send(script: &Script, session: &Session) -> Result<Response, Error> {
    call(script, &script.clock, session, &Call::get(api())).await
}

fn in_turn(moves: Vec<Move>) -> Script {
    let mut count = 0;
    Script::new(move |_| {
        count += 1;
        (Duration::ZERO, moves[(count - 1).min(moves.len() - 1)].clone())
    })
}

#[tokio::test]
async fn dp_4_2_2_dp_4_2_1_a_call_carries_the_token_and_a_proof_that_names_it() {
    let session = session().await;
    let script = in_turn(vec![reply(200, "text/plain", "hello")]);
    let mut post = Call { method: Method::POST, body: b"{}".to_vec().into(), ..Call::get(api()) };
    post.headers.insert("x-mine", "1".parse().unwrap());
    let response = call(&script, &script.clock, &session, &post).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, b"hello".as_slice()));
    let seen = &script.seen()[0];
    assert_eq!((seen.method.as_str(), seen.url.as_str(), seen.body.as_str()), ("POST", API, "{}"));
    assert_eq!(seen.headers["authorization"], "DPoP the-access-token");
    assert_eq!(seen.headers["x-mine"], "1");
    assert!(seen.headers["authorization"].is_sensitive() && seen.headers["dpop"].is_sensitive());
    let proof = proof(seen, Some("the-access-token"));
    assert_eq!(proof.jkt, session.proof_key.unwrap().jkt());
}

#[tokio::test]
async fn dp_9_1_dp_8_3_the_nonce_of_an_api_is_used_at_once_and_later_and_nowhere_else() {
    let session = session().await;
    let newer = with_header(reply(200, "text/plain", "b"), "dpop-nonce", "newer");
    let script = in_turn(vec![demand("first"), newer, reply(200, "text/plain", "c")]);
    assert_eq!(send(&script, &session).await.unwrap().body, b"b");
    assert_eq!(send(&script, &session).await.unwrap().body, b"c");
    let nonces: Vec<_> = script.seen().iter().map(|seen| proof(seen, Some("the-access-token")).nonce).collect();
    assert_eq!(nonces, [None, Some("first".to_owned()), Some("newer".to_owned())]);

    // The server's own proofs know nothing of it, nor do those for another API.
    let server = in_turn(vec![json_reply(200, json!({"access_token": "x", "token_type": "DPoP"}))]);
    client(&server).await.refresh(&session).await.unwrap();
    assert_eq!(proof(&server.seen()[0], None).nonce, None);
    let other = Call::get(Endpoint::parse("https://api.example.com:8443/", Plaintext::Refused).unwrap());
    let script = in_turn(vec![reply(200, "text/plain", "")]);
    call(&script, &script.clock, &session, &other).await.unwrap();
    assert_eq!(proof(&script.seen()[0], Some("the-access-token")).nonce, None);
}

#[tokio::test]
async fn dp_9_1_one_repetition_and_only_for_a_nonce() {
    let session = session().await;
    let script = in_turn(vec![demand("a"), demand("b")]);
    assert_eq!(send(&script, &session).await.unwrap().status, 401, "the second demand is the caller's to see");
    assert_eq!(script.seen().len(), 2);
    for other in [
        refusal("DPoP error=\"use_dpop_nonce\""),
        with_header(refusal("DPoP error=\"invalid_token\""), "dpop-nonce", "n"),
        with_header(reply(400, "application/json", r#"{"error":"use_dpop_nonce"}"#), "dpop-nonce", "n"),
    ] {
        let script = in_turn(vec![other]);
        send(&script, &session).await.unwrap();
        assert_eq!(script.seen().len(), 1);
    }
}

#[tokio::test]
async fn bt_2_1_a_bearer_token_goes_alone() {
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())]);
    let session = run(&script).await.unwrap().session;
    assert_eq!(session.token_type, TokenType::Bearer);
    let script = in_turn(vec![demand("a")]);
    assert_eq!(send(&script, &session).await.unwrap().status, 401);
    let seen = script.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].headers["authorization"], "Bearer the-access-token");
    assert!(!seen[0].headers.contains_key("dpop"));
    let headers = session.headers(&Method::GET, &api(), &script.clock).unwrap();
    assert_eq!(headers.len(), 1);
    assert!(!session.take_nonce(&api(), "n"));
}

#[tokio::test]
async fn dp_4_2_2_headers_for_another_program_are_for_one_request() {
    let session = session().await;
    let clock = crate::script::Clock::default();
    assert!(!session.take_nonce(&api(), "not a nonce") && session.take_nonce(&api(), "n-1"));
    let headers = session.headers(&Method::DELETE, &api(), &clock).unwrap();
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    assert_eq!((names.as_slice(), headers[0].1.as_str()), (&["Authorization", "DPoP"][..], "DPoP the-access-token"));
    let expected = jose::dpop::Expected {
        method: "DELETE",
        url: API,
        algorithms: jose::Algorithm::ALL,
        now: clock.now().wall,
        window: jose::dpop::Window::default(),
        nonce: jose::dpop::NoncePolicy::Required(&|nonce| nonce == "n-1"),
        access_token: Some("the-access-token"),
    };
    jose::dpop::validate(&headers[1].1, &expected).unwrap();
}

#[tokio::test]
async fn which_refusals_a_renewed_token_may_mend() {
    let session = session().await;
    let answer = async |turn: Move| send(&in_turn(vec![turn]), &session).await.unwrap();
    assert!(refuses_token(&answer(refusal("DPoP error=\"invalid_token\"")).await));
    assert!(refuses_token(&answer(reply(401, "text/plain", "")).await), "an API that says no more");
    assert!(!refuses_token(&answer(refusal("DPoP error=\"invalid_dpop_proof\"")).await));
    assert!(!refuses_token(&answer(demand("x")).await));
    for status in [200, 400, 403, 500] {
        assert!(!refuses_token(&answer(reply(status, "text/plain", "")).await));
    }
    let unreachable = send(&in_turn(vec![Move::Fail(Failure::Connect)]), &session).await;
    assert!(matches!(unreachable, Err(Error::Unreachable(_))));
}

#[tokio::test]
async fn dp_4_2_2_dp_9_1_userinfo_is_called_as_an_api() {
    let session = session().await;
    let script = in_turn(vec![demand("u"), json_reply(200, json!({"sub": "s-1", "name": "Maria"}))]);
    let client: Client<_, _> = client(&script).await;
    assert_eq!(client.userinfo(&session).await.unwrap().unwrap().name.as_str(), "Maria");
    let proofs: Vec<_> = script.seen().iter().map(|seen| proof(seen, Some("the-access-token"))).collect();
    assert_eq!((proofs[0].nonce.as_deref(), proofs[1].nonce.as_deref()), (None, Some("u")));
}
