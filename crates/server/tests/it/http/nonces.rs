//! Nonces of DPoP proofs (RFC 9449 §8): handed out with everything, demanded always, good on every node for a while.

use http::Method;
use proto::model::AuthMethod;
use serde_json::Value;
use store::Operation;

use super::signed::{Jws, own};
use super::support::{
    AUTHORIZATION, Answer, Call, Caller, INTROSPECT, JWKS, METADATA, OPENID, REVOKE, TOKEN, USERINFO,
};
use crate::support::TestApp;

/// Everything that is asked with a proof, and the same without the header.
async fn requests(app: &TestApp) -> Vec<Call> {
    let device = Caller::lasting(app, "box", AuthMethod::None).await;
    let tokens = device.signed_in_with(app, own(), "openid+offline_access").await;
    let pending = device.start(app, "openid").await.device_code;
    vec![
        device.call(AUTHORIZATION, "scope=openid"),
        device.poll(&pending),
        device.refresh(&tokens.text("refresh_token")),
        Call::get(USERINFO).header("authorization", &format!("DPoP {}", tokens.text("access_token"))),
    ]
}

fn proof(app: &TestApp, call: &Call) -> Jws {
    let proof = Jws::proof(app, own(), &call.method, &call.uri);
    match call.bearer_text() {
        Some(token) => proof.claim("ath", jose::dpop::ath(token)),
        None => proof,
    }
}

async fn send(app: &TestApp, call: &Call, proof: &Jws) -> Answer {
    call.clone().header("dpop", &proof.sign(own())).send(app).await
}

/// That a nonce is asked for, and which is handed out.
#[track_caller]
fn demanded(answer: &Answer) -> String {
    let is_userinfo = answer.status == 401;
    assert_eq!(answer.refusal(), (if is_userinfo { 401 } else { 400 }, "use_dpop_nonce".to_owned()));
    assert_eq!(answer.header("cache-control"), "no-store", "DP-8-5");
    assert_eq!(is_userinfo, answer.header("www-authenticate").contains(r#"error="use_dpop_nonce""#));
    let nonces = answer.headers("dpop-nonce");
    assert_eq!(nonces.len(), 1, "exactly one");
    nonces[0].to_owned()
}

#[tokio::test]
async fn dp_8_1_dp_8_2_dp_8_4_dp_8_5_cf_1_without_a_fresh_nonce_a_proof_is_never_taken_and_with_it_always() {
    let app = TestApp::new().await;
    let elsewhere = TestApp::of_somebody_else().await.flow.dpop_nonce().unwrap();
    for call in requests(&app).await {
        let before = app.everything().await;
        let old = app.flow.dpop_nonce().unwrap();
        app.advance(61);
        let cut = app.flow.dpop_nonce().unwrap()[..31].to_owned();
        let wrong = [
            Value::Null,
            "".into(),
            "x".into(),
            old.into(),
            cut.into(),
            elsewhere.as_str().into(),
            "A".repeat(32).into(),
        ];
        let mut handed_out = String::new();
        for nonce in wrong {
            handed_out = demanded(&send(&app, &call, &proof(&app, &call).claim("nonce", nonce)).await);
        }
        assert_eq!(app.everything().await, before);
        let answer = send(&app, &call, &proof(&app, &call).claim("nonce", handed_out)).await;
        assert!(answer.status == 200 || answer.refusal().1 == "authorization_pending", "{}", answer.body());
        // With a nonce once given, none is still none (DP-8-4).
        demanded(&send(&app, &call, &proof(&app, &call).claim("nonce", Value::Null)).await);
    }
}

#[tokio::test]
async fn dp_8_1_the_whole_demand() {
    let app = TestApp::new().await;
    let [start, _, _, userinfo] = <[Call; 4]>::try_from(requests(&app).await).unwrap();
    let without = proof(&app, &start).claim("nonce", Value::Null);
    insta::assert_snapshot!(send(&app, &start, &without).await.show(), @r#"
    400
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    {"error":"use_dpop_nonce","error_description":"repeat the request with a proof that carries the nonce of this reply"}
    "#);
    let without = proof(&app, &userinfo).claim("nonce", Value::Null);
    insta::assert_snapshot!(send(&app, &userinfo, &without).await.show(), @r#"
    401
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: DPoP realm="countersign", error="use_dpop_nonce", algs="EdDSA ES256 RS256"
    {"error":"use_dpop_nonce"}
    "#);
}

#[tokio::test]
async fn dp_8_2_dp_8_5_a_nonce_of_one_node_is_good_at_another() {
    let (one, two) = TestApp::new().await.twice().await;
    for call in requests(&one).await {
        let nonce = demanded(&send(&one, &call, &proof(&one, &call).claim("nonce", Value::Null)).await);
        for seconds in [0, 30, 30] {
            one.advance(seconds);
            let answer = send(&two, &call, &proof(&two, &call).claim("nonce", nonce.as_str())).await;
            assert!(answer.status == 200 || answer.refusal().1 == "authorization_pending", "{}", answer.body());
        }
        one.advance(1);
        demanded(&send(&two, &call, &proof(&two, &call).claim("nonce", nonce)).await);
    }
}

#[tokio::test]
async fn dp_8_5_each_reply_to_a_proof_has_the_next_nonce_and_is_never_kept() {
    let app = TestApp::new().await;
    let calls = requests(&app).await;
    let mut seen = std::collections::BTreeSet::new();
    for call in &calls {
        app.advance(5);
        for answer in [
            send(&app, call, &proof(&app, call)).await,
            send(&app, call, &proof(&app, call).claim("htm", "PUT")).await,
            send(&app, &call.clone().without("content-type"), &proof(&app, call)).await,
            send(&app, &call.clone().method(Method::DELETE), &proof(&app, call)).await,
        ] {
            let nonces = answer.headers("dpop-nonce");
            assert_eq!((nonces.len(), answer.header("cache-control")), (1, "no-store"), "{}", answer.show());
            seen.insert(nonces[0].to_owned());
        }
        // Who sends no proof is not bothered.
        assert_eq!(call.send(&app).await.headers("dpop-nonce"), Vec::<&str>::new());
    }
    assert_eq!(seen.len(), calls.len(), "another one as time goes by");
    // What everybody may keep says nothing that only one caller is to know.
    for path in [METADATA, OPENID, JWKS, "/health/live", TOKEN, REVOKE, INTROSPECT] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let answer = Call::new(method, path).header("dpop", "x").send(&app).await;
            let may_be_kept = answer.header("cache-control") != "no-store";
            assert!(!may_be_kept || answer.headers("dpop-nonce").is_empty(), "{path}: {}", answer.show());
        }
    }
}

#[tokio::test]
async fn dpd_4_a_demand_for_a_nonce_is_no_poll_and_never_slows_a_device_down() {
    let app = TestApp::new().await;
    let [_, poll, ..] = <[Call; 4]>::try_from(requests(&app).await).unwrap();
    let commits = || app.flow.store_accesses().of(Operation::Commit);
    let before = commits();
    let mut answers = Vec::new();
    for _ in 0..5 {
        for _ in 0..20 {
            demanded(&send(&app, &poll, &proof(&app, &poll).claim("nonce", Value::Null)).await);
            let bad = send(&app, &poll, &proof(&app, &poll).claim("htm", "GET")).await;
            assert_eq!(bad.refusal().1, "invalid_dpop_proof");
        }
        answers.push(send(&app, &poll, &proof(&app, &poll)).await.refusal().1);
    }
    let pending = "authorization_pending";
    assert_eq!(answers, [pending, pending, pending, pending, "slow_down"], "four are free, whatever came between");
    assert_eq!(commits(), before);
}

#[tokio::test]
async fn cf_1_a_device_that_knows_no_nonce_is_signed_in_after_one_more_request() {
    let app = TestApp::new().await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let started = device.start(&app, "openid").await;
    app.decide(&started.user_code, "approve").await;
    let poll = device.poll(&started.device_code);
    let nonce = demanded(&send(&app, &poll, &proof(&app, &poll).claim("nonce", Value::Null)).await);
    let tokens = send(&app, &poll, &proof(&app, &poll).claim("nonce", nonce)).await;
    // The nonce of the reply is good for the next request, at another endpoint.
    let next = tokens.headers("dpop-nonce")[0].to_owned();
    let access = tokens.text("access_token");
    let ask = Call::get(USERINFO).header("authorization", &format!("DPoP {access}"));
    assert_eq!(send(&app, &ask, &proof(&app, &ask).claim("nonce", next)).await.status, 200);
}
