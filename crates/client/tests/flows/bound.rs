//! Tokens bound to a key of the device (DPoP, RFC 9449): a proof for every request to the server, nonces, renewal.

use std::time::Duration;

use client::transport::Response;
use client::{Client, Error, LoginRequest, ProofKey, Session, When};
use jose::Algorithm;
use jose::dpop::{Expected, NoncePolicy, Proof, Window, validate};
use proto::Timestamp;
use proto::wire::error::ErrorCode;
use proto::wire::token::TokenType;
use serde_json::{Value, json};

use crate::script::{
    Clock, Move, START, Script, Seen, client, codes, error, json_reply, run, server_with, sign_in, tokens, with_header,
};

pub(crate) fn bound_tokens() -> Value {
    let mut bound = tokens();
    bound["token_type"] = "DPoP".into();
    bound
}

/// A client of a server that lists these algorithms for proofs.
async fn at(script: &Script, algorithms: Value) -> Client<Script, Clock> {
    let server = server_with(json!({ "dpop_signing_alg_values_supported": algorithms })).await;
    Client { server, ..client(script).await }
}

/// The proof in a request, judged as the server does.
pub(crate) fn proof(seen: &Seen, access_token: Option<&str>) -> Proof {
    let values: Vec<_> = seen.headers.get_all("dpop").iter().collect();
    assert_eq!(values.len(), 1, "exactly one proof");
    let expected = Expected {
        method: &seen.method,
        url: &seen.url,
        algorithms: Algorithm::ALL,
        now: Timestamp::from_seconds(START) + seen.at,
        window: Window::default(),
        nonce: NoncePolicy::Unused,
        access_token,
    };
    validate(values[0].to_str().unwrap(), &expected).unwrap()
}

fn demand(nonce: &str) -> Move {
    with_header(error(400, "use_dpop_nonce"), "dpop-nonce", nonce)
}

fn nonces(script: &Script) -> Vec<Option<String>> {
    script.seen().iter().map(|seen| proof(seen, None).nonce).collect()
}

fn some(nonces: &[&str]) -> Vec<Option<String>> {
    nonces.iter().map(|nonce| (!nonce.is_empty()).then(|| (*nonce).to_owned())).collect()
}

/// A session that is bound.
pub(crate) async fn session() -> Session {
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, bound_tokens())]);
    sign_in(&at(&script, json!(["ES256"])).await).await.0.unwrap().session
}

#[tokio::test]
async fn dp_4_2_1_dpd_5_dp_11_1_every_request_has_a_new_proof_of_a_key_made_before_the_first() {
    let polls = vec![error(400, "authorization_pending"), error(400, "slow_down"), json_reply(200, bound_tokens())];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let signed_in = sign_in(&at(&script, json!(["RS256", "ES256"])).await).await.0.unwrap();
    let key = signed_in.session.proof_key.unwrap();
    assert_eq!((key.algorithm(), signed_in.session.token_type), (Algorithm::Es256, TokenType::Dpop));
    let seen = script.seen();
    assert_eq!(seen.len(), 4);
    assert!(seen[0].url.ends_with("/device_authorization"), "the first message has one already");
    let proofs: Vec<_> = seen.iter().map(|seen| proof(seen, None)).collect();
    assert!(proofs.iter().all(|proof| proof.jkt == key.jkt()), "one key for the whole sign-in");
    let mut names: Vec<_> = proofs.iter().map(|proof| proof.jti.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 4, "no proof is sent twice");

    let other = session().await.proof_key.unwrap();
    assert_ne!(other.jkt(), key.jkt(), "each sign-in has a key of its own");
}

#[tokio::test]
async fn dpd_5_no_key_is_used_where_the_server_offers_none_or_the_caller_wants_none() {
    let attempt = async |algorithms: Value, binding: When| {
        let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())]);
        let client = at(&script, algorithms).await;
        let login = client.start(LoginRequest { binding, ..LoginRequest::default() }).await.unwrap();
        let result = login.finish(|_| {}).await;
        (result, script.seen().iter().filter(|seen| seen.headers.contains_key("dpop")).count())
    };
    for (algorithms, binding) in
        [(json!([]), When::Offered), (json!(["PS512"]), When::Offered), (json!(["ES256"]), When::Never)]
    {
        let (result, proofs) = attempt(algorithms, binding).await;
        assert_eq!((result.unwrap().session.proof_key, proofs), (None, 0));
    }
    let (result, proofs) = attempt(json!([]), When::Always).await;
    assert_eq!((result.unwrap_err(), proofs > 0), (Error::NotBound, true), "insisted upon without an offer");
}

#[tokio::test]
async fn dp_5_1_a_bearer_answer_to_a_proof_is_dropped_and_given_back() {
    let script = Script::new(|seen| {
        let reply = match seen.url.rsplit('/').next() {
            Some("device_authorization") => json_reply(200, codes()),
            Some("token") => json_reply(200, tokens()),
            _ => json_reply(200, json!({})),
        };
        (Duration::ZERO, reply)
    });
    let result = sign_in(&at(&script, json!(["ES256"])).await).await.0;
    assert_eq!(result.unwrap_err(), Error::NotBound);
    let revoked: Vec<_> =
        script.seen().iter().filter(|seen| seen.url.ends_with("/revoke")).flat_map(|seen| seen.form("token")).collect();
    assert_eq!(revoked, ["the-refresh-token", "the-access-token"]);

    let script = Script::new(|_| (Duration::ZERO, json_reply(200, tokens())));
    let client = at(&script, json!(["ES256"])).await;
    assert_eq!(client.refresh(&session().await).await.unwrap_err(), Error::NotBound, "a renewal as well");
}

#[tokio::test]
async fn dp_5_1_a_bound_answer_nobody_asked_for_is_of_no_use() {
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, bound_tokens())]);
    assert!(matches!(run(&script).await.unwrap_err(), Error::Unusable { status: 200, .. }));
}

#[tokio::test]
async fn dp_8_3_cf_1_a_nonce_demanded_at_the_start_is_used_at_once_and_from_then_on() {
    let mut count = 0;
    let script = Script::new(move |_| {
        count += 1;
        let reply = match count {
            1 => demand("a"),
            2 => json_reply(200, codes()),
            _ => json_reply(200, bound_tokens()),
        };
        (Duration::from_millis(50), reply)
    });
    sign_in(&at(&script, json!(["ES256"])).await).await.0.unwrap();
    assert_eq!(nonces(&script), some(&["", "a", "a"]));
    assert_eq!(script.seen()[1].at, Duration::from_millis(50), "at once");
}

#[tokio::test]
async fn dp_8_3_nonces_of_successes_and_of_errors_are_taken() {
    let first = with_header(json_reply(200, codes()), "dpop-nonce", "from-success");
    let pending = with_header(error(400, "authorization_pending"), "dpop-nonce", "from-pending");
    let polls = vec![pending, error(400, "authorization_pending"), json_reply(200, bound_tokens())];
    let script = Script::sign_in(first, polls);
    sign_in(&at(&script, json!(["ES256"])).await).await.0.unwrap();
    assert_eq!(nonces(&script), some(&["", "from-success", "from-pending", "from-pending"]));
}

#[tokio::test]
async fn dpd_4_cf_1_a_poll_is_repeated_once_for_a_nonce_and_the_pace_stays() {
    let polls = vec![
        error(400, "authorization_pending"),
        demand("a"),
        error(400, "authorization_pending"),
        error(400, "authorization_pending"),
        json_reply(200, bound_tokens()),
    ];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let (result, events) = sign_in(&at(&script, json!(["ES256"])).await).await;
    result.unwrap();
    let polls = script.polls();
    let gaps: Vec<_> = polls.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert_eq!(gaps[1], Duration::from_millis(50), "the repetition waits for nothing");
    for gap in [gaps[0], gaps[2], gaps[3]] {
        assert!(gap >= Duration::from_secs(5) && gap < Duration::from_secs(7), "{gap:?}");
    }
    assert_eq!(events.len(), 3, "nobody is told of it: {events:?}");

    let script = Script::sign_in(json_reply(200, codes()), vec![demand("same")]);
    let result = sign_in(&at(&script, json!(["ES256"])).await).await.0;
    assert!(matches!(result.unwrap_err(), Error::Refused(refusal) if refusal.code == Some(ErrorCode::UseDpopNonce)));
    assert_eq!(script.polls().len(), 2);
}

#[tokio::test]
async fn cf_1_a_server_that_demands_nonces_without_end_is_refused() {
    let mut count = 0;
    let script = Script::new(move |_| {
        count += 1;
        (Duration::ZERO, demand(&format!("nonce-{count}")))
    });
    let result = sign_in(&at(&script, json!(["ES256"])).await).await.0;
    assert!(matches!(result.unwrap_err(), Error::Refused(_)));
    assert!(script.seen().len() <= 4, "{}", script.seen().len());

    // Without a key there is nothing to answer with.
    let script = Script::new(|_| (Duration::ZERO, demand("a")));
    assert!(matches!(run(&script).await.unwrap_err(), Error::Refused(_)));
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn dp_11_1_dpd_5_a_renewal_proves_the_same_key_also_in_another_process() {
    let old = session().await;
    let kept = serde_json::to_string(&old).unwrap();
    let other: Session = serde_json::from_str(&kept).unwrap();
    let mut count = 0;
    let script = Script::new(move |_| {
        count += 1;
        let next = json!({"access_token": "second", "token_type": "dpop", "expires_in": 60, "refresh_token": "next"});
        (Duration::ZERO, if count == 1 { demand("n") } else { json_reply(200, next) })
    });
    let renewed = at(&script, json!(["ES256"])).await.refresh(&other).await.unwrap();
    assert_eq!((renewed.access_token.reveal(), &renewed.proof_key), ("second", &old.proof_key));
    assert_eq!((renewed.token_type, renewed.refresh_token.unwrap().reveal()), (TokenType::Dpop, "next"));
    let proofs: Vec<_> = script.seen().iter().map(|seen| proof(seen, None)).collect();
    assert!(proofs.iter().all(|proof| proof.jkt == old.proof_key.as_ref().unwrap().jkt()));
    assert_ne!(proofs[0].jti, proofs[1].jti, "the repetition has a proof of its own");
    assert_eq!(nonces(&script), some(&["", "n"]));
    assert!(script.seen().iter().all(|seen| seen.form("refresh_token") == ["the-refresh-token"]));

    let script = Script::new(|_| (Duration::ZERO, Move::Reply(empty(200))));
    at(&script, json!(["ES256"])).await.revoke(&old).await.unwrap();
    assert!(script.seen().iter().all(|seen| !seen.headers.contains_key("dpop")), "giving back needs no proof");
}

fn empty(status: u16) -> Response {
    Response { status, headers: http::HeaderMap::new(), body: Vec::new() }
}

#[tokio::test]
async fn t26_no_key_is_printed() {
    let session = session().await;
    let key: &ProofKey = session.proof_key.as_ref().unwrap();
    let printed = format!("{session:?}");
    let kept = serde_json::to_value(key).unwrap();
    assert!(printed.contains(key.jkt()) && !printed.contains(kept["pkcs8"].as_str().unwrap()));
}
