//! PKCE on the device request (DF-X-1): a device that showed a challenge redeems with its verifier alone.

use proto::model::{AuthMethod, Client, Demand, GrantType};

use super::support::{AUTHORIZATION, Call, Caller, TOKEN};
use crate::support::{TestApp, client};

// RFC 7636, Appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[tokio::test]
async fn df_x_1_without_the_verifier_there_are_no_tokens_and_the_approval_stands() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let device = Caller::lasting(&app, &format!("box{auth:?}"), auth).await;
        let parameters = format!("scope=openid+offline_access&code_challenge={CHALLENGE}&code_challenge_method=S256");
        let started = device.call(AUTHORIZATION, &parameters).send(&app).await;
        let poll = device.poll(&started.text("device_code"));
        let with = |verifier: &str| poll.clone().and(&format!("code_verifier={verifier}"));
        assert_eq!(
            with("x").send(&app).await.refusal().1,
            "authorization_pending",
            "nothing is told before a decision"
        );
        app.decide(&started.text("user_code"), "approve").await;
        let before = app.everything().await;
        let other = VERIFIER.replace('d', "e");
        for wrong in [
            poll.clone(),
            with(""),
            with("x"),
            with(CHALLENGE),
            with(&other),
            with(&VERIFIER.to_lowercase()),
            with("%00"),
        ] {
            assert_eq!(wrong.send(&app).await.refusal(), (400, "invalid_grant".to_owned()));
        }
        let twice = with(VERIFIER).and(&format!("code_verifier={VERIFIER}"));
        assert_eq!(twice.send(&app).await.refusal(), (400, "invalid_request".to_owned()));
        let in_query = Call::post(&format!("{TOKEN}?code_verifier={VERIFIER}"), "");
        assert_eq!(in_query.send(&app).await.refusal(), (400, "invalid_request".to_owned()));
        assert_eq!(app.everything().await, before);
        let tokens = with(VERIFIER).send(&app).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body());
        // What refreshes is the token.
        assert_eq!(device.refresh(&tokens.text("refresh_token")).send(&app).await.status, 200);
    }
}

#[tokio::test]
async fn df_x_1_cf_20_a_lost_reply_is_replaced_for_who_has_the_verifier_alone() {
    let app = TestApp::new().await;
    let device = Caller::register(&app, "server", AuthMethod::ClientSecretBasic).await;
    let parameters = format!("scope=openid&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let started = device.call(AUTHORIZATION, &parameters).send(&app).await;
    app.decide(&started.text("user_code"), "approve").await;
    let poll = device.poll(&started.text("device_code"));
    let right = poll.clone().and(&format!("code_verifier={VERIFIER}"));
    assert_eq!(right.send(&app).await.status, 200);
    app.advance(2);
    assert_eq!(poll.send(&app).await.refusal(), (400, "invalid_grant".to_owned()));
    assert_eq!(right.send(&app).await.status, 200);
}

#[tokio::test]
async fn df_x_1_a_challenge_is_s256_or_the_request_is_refused() {
    let app = TestApp::new().await;
    let mut strict = Client { grants: vec![GrantType::DeviceCode], ..client("strict", "Strict") };
    strict.device.pkce = Demand::Required;
    let strict = Caller::register_as(&app, strict).await;
    let before = app.everything().await;
    for parameters in [
        format!("code_challenge={CHALLENGE}"),
        format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
        format!("code_challenge={CHALLENGE}&code_challenge_method=s256"),
        format!("code_challenge={CHALLENGE}=&code_challenge_method=S256"),
        format!("code_challenge={CHALLENGE}A&code_challenge_method=S256"),
        "code_challenge=x&code_challenge_method=S256".to_owned(),
        "code_challenge_method=S256".to_owned(),
    ] {
        for device in [&Caller::tv(), &strict] {
            let answer = device.call(AUTHORIZATION, &parameters).send(&app).await;
            assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{parameters}");
        }
    }
    assert_eq!(strict.call(AUTHORIZATION, "").send(&app).await.refusal(), (400, "invalid_request".to_owned()));
    assert_eq!(app.everything().await, before);
    let right = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
    assert_eq!(strict.call(AUTHORIZATION, &right).send(&app).await.status, 200);
}

#[tokio::test]
async fn df_x_1_a_verifier_that_nobody_asked_for_changes_nothing() {
    let app = TestApp::new().await;
    let started = Caller::tv().start(&app, "openid").await;
    app.decide(&started.user_code, "approve").await;
    let poll = Caller::tv().poll(&started.device_code).and(&format!("code_verifier={VERIFIER}"));
    assert_eq!(poll.send(&app).await.status, 200);
}
