//! More proofs and assertions than are remembered: nobody is locked out by somebody else, and nothing counts twice.

use jose::{Algorithm, SigningKey};
use proto::model::AuthMethod;

use super::signed::{Jws, other, own, spare};
use super::support::{AUTHORIZATION, Answer, Call, Caller, INTROSPECT};
use crate::support::TestApp;

/// A server that remembers a few.
async fn app(remembered: usize) -> TestApp {
    TestApp::with(|settings| settings.limits.remembered = remembered, "").await
}

#[track_caller]
fn expect(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.refusal(), (status, error.to_owned()));
}

#[tokio::test]
async fn dp_4_3_5_a_stranger_who_makes_keys_locks_no_device_out_and_no_request_counts_twice() {
    let app = app(200).await;
    for _ in 0..250 {
        // Everybody knows a public client's name, and keys cost nothing.
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        expect(&Caller::tv().poll("x").proven(&app, &key).send(&app).await, 400, "invalid_grant");
    }
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let start = device.call(AUTHORIZATION, "scope=openid+offline_access").proven(&app, own());
    let started = start.send(&app).await;
    let poll = device.poll(&started.text("device_code"));
    expect(&poll.clone().proven(&app, own()).send(&app).await, 400, "authorization_pending");
    app.decide(&started.text("user_code"), "approve").await;
    let redeem = poll.proven(&app, own());
    let tokens = redeem.send(&app).await;
    let refresh = device.refresh(&tokens.text("refresh_token")).proven(&app, own());
    let access = refresh.send(&app).await.text("access_token");
    assert_eq!(Call::userinfo(&app, own(), &access).send(&app).await.status, 200);
    // What changed something is known all the same, on every node.
    let (one, two) = app.twice().await;
    for app in [&one, &two] {
        let before = app.everything().await;
        for call in [&start, &refresh] {
            expect(&call.send(app).await, 400, "invalid_dpop_proof");
        }
        app.advance(2);
        expect(&redeem.send(app).await, 400, "invalid_grant");
        assert_eq!(app.everything().await, before);
    }
}

#[tokio::test]
async fn dp_4_3_5_at_userinfo_a_key_has_a_share_that_only_its_own_tokens_use_up() {
    let app = app(200).await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let [mine, yours] = [
        device.signed_in_with(&app, own(), "openid").await.text("access_token"),
        device.signed_in_with(&app, other(), "openid").await.text("access_token"),
    ];
    // Proofs under other keys than the token's, or for other requests, use up nothing.
    for _ in 0..210 {
        expect(&Call::userinfo(&app, spare(), &yours).send(&app).await, 401, "invalid_token");
    }
    let ask = async |key: &SigningKey, token: &str| Call::userinfo(&app, key, token).send(&app).await.status;
    assert_eq!([ask(own(), &mine).await, ask(own(), &mine).await], [200; 2]);
    let shown = Call::userinfo(&app, own(), &mine);
    assert_eq!(shown.send(&app).await.status, 200);
    expect(&shown.send(&app).await, 401, "invalid_dpop_proof");
    assert_eq!([ask(own(), &mine).await, ask(own(), &mine).await], [200, 503], "four of one key, for a minute");
    assert_eq!(ask(other(), &yours).await, 200);
    app.advance(75);
    assert_eq!(ask(own(), &mine).await, 200);
}

#[tokio::test]
async fn pk_5_clients_that_sign_more_than_is_remembered_lock_nobody_out_and_no_assertion_counts_twice() {
    let (one, two) = app(8).await.twice().await;
    for id in ["loud", "louder"] {
        let loud = Caller::signing(&one, id, &[spare()]).await;
        for _ in 0..20 {
            expect(&loud.assert(&one, spare(), loud.poll("x")).send(&one).await, 400, "invalid_grant");
        }
    }
    let signer = Caller::signing(&one, "signer", &[own()]).await;
    let said = |call: Call| call.asserted(&Jws::assertion(&one, own(), "signer").sign(own()));
    let start = said(signer.call(AUTHORIZATION, "scope=openid+offline_access"));
    let started = start.send(&one).await;
    let pending = said(signer.poll(&started.text("device_code")));
    expect(&pending.send(&one).await, 400, "authorization_pending");
    one.decide(&started.text("user_code"), "approve").await;
    let redeem = said(signer.poll(&started.text("device_code")));
    let tokens = redeem.send(&one).await;
    let refresh = said(signer.refresh(&tokens.text("refresh_token")));
    let access = refresh.send(&one).await.text("access_token");
    let ask = said(signer.call(INTROSPECT, &format!("token={access}")));
    assert_eq!(ask.send(&one).await.json()["active"], true);
    let garbage = said(signer.poll("x"));
    expect(&garbage.send(&one).await, 400, "invalid_grant");
    let before = one.everything().await;
    for seconds in [0, 30, 29] {
        one.advance(seconds);
        for call in [&start, &pending, &redeem, &refresh, &ask, &garbage] {
            expect(&call.send(&one).await, 400, "invalid_client");
        }
    }
    // On another node what changed something is known as well.
    for call in [&start, &redeem, &refresh] {
        expect(&call.send(&two).await, 400, "invalid_client");
    }
    assert_eq!(one.everything().await, before);
    one.advance(900);
    assert_eq!(said(signer.call(AUTHORIZATION, "")).send(&one).await.status, 200, "there is room again");
}
