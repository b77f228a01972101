//! What is bound to a device's key, from its first request to its last: stolen codes and tokens are worth nothing (T5).

use std::time::Duration;

use jose::SigningKey;
use proto::model::{AuthMethod, GrantState, Rotation};
use tokio::time::Instant;

use super::signed::{Jws, other, own};
use super::support::{AUTHORIZATION, Answer, Call, Caller, Started, USERINFO, is_good, part};
use crate::support::{HOME, TestApp, client};

/// A device whose first request has a proof already.
async fn start_bound(app: &TestApp, device: &Caller, key: &SigningKey) -> Started {
    let answer = device.call(AUTHORIZATION, "scope=openid+offline_access").proven(app, key).send(app).await;
    Started { user_code: answer.text("user_code"), device_code: answer.text("device_code") }
}

#[track_caller]
fn expect(answer: &Answer, status: u16, error: &str, why: &str) {
    assert_eq!(answer.refusal(), (status, error.to_owned()), "{why}");
}

/// Everything that somebody without the key can send, and what it is answered.
fn without_the_key(app: &TestApp, call: &Call) -> Vec<(&'static str, Call, &'static str)> {
    let stolen = Jws::proof(app, own(), &call.method, &call.uri).sign(other());
    vec![
        ("no proof", call.clone(), "invalid_dpop_proof"),
        ("another key", call.clone().proven(app, other()), "invalid_grant"),
        ("the key's name, another's signature", call.clone().header("dpop", &stolen), "invalid_dpop_proof"),
    ]
}

#[tokio::test]
async fn dpd_2_dpd_3_whatever_became_of_a_bound_grant_only_the_holder_of_its_key_is_told() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
        let device = Caller::lasting(&app, &format!("box{auth:?}"), auth).await;
        for (state, outcome) in [
            ("pending", "authorization_pending"),
            ("denied", "access_denied"),
            ("expired", "expired_token"),
            ("expired unheard of", "expired_token"),
            ("approved", "none"),
            ("redeemed", "invalid_grant"),
        ] {
            let started = start_bound(&app, &device, own()).await;
            let poll = device.poll(&started.device_code);
            match state {
                "denied" => app.decide(&started.user_code, "deny").await,
                "approved" | "redeemed" => app.decide(&started.user_code, "approve").await,
                "expired" => app.advance(601),
                "expired unheard of" => {
                    app.advance(601);
                    assert_eq!(poll.clone().proven(&app, own()).send(&app).await.refusal().1, "expired_token");
                }
                _ => {}
            }
            if state == "redeemed" {
                assert_eq!(poll.clone().proven(&app, own()).send(&app).await.status, 200);
            }
            for seconds in [0, 20] {
                app.advance(if matches!(state, "approved" | "redeemed") { 0 } else { seconds });
                let before = app.everything().await;
                for (why, call, error) in without_the_key(&app, &poll) {
                    expect(&call.send(&app).await, 400, error, &format!("{state}: {why}"));
                }
                assert_eq!(app.everything().await, before, "{state}");
            }
            let answer = poll.proven(&app, own()).send(&app).await;
            assert_eq!(answer.json()["error"].as_str().unwrap_or("none"), outcome, "{state}");
        }
    }
}

#[tokio::test]
async fn dpd_3_cf_6_a_late_replay_without_the_key_takes_nothing_back() {
    let app = TestApp::new().await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let started = start_bound(&app, &device, own()).await;
    app.decide(&started.user_code, "approve").await;
    let poll = device.poll(&started.device_code);
    let tokens = poll.clone().proven(&app, own()).send(&app).await;
    app.advance(70);
    for (why, call, error) in without_the_key(&app, &poll) {
        expect(&call.send(&app).await, 400, error, why);
    }
    let access = tokens.text("access_token");
    assert_eq!(Call::userinfo(&app, own(), &access).send(&app).await.status, 200);
    // With it the code was stolen together with the key, or the device is mad: everything ends.
    expect(&poll.proven(&app, own()).send(&app).await, 400, "invalid_grant", "the holder");
    assert_eq!(Call::userinfo(&app, own(), &access).send(&app).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn dpd_3_lp_5_a_held_poll_is_neither_ended_nor_replaced_by_who_has_not_the_key() {
    let app = TestApp::with(|settings| settings.device.hold = Duration::from_secs(4), "").await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let started = start_bound(&app, &device, own()).await;
    let poll = device.poll(&started.device_code).header("prefer", "wait=30");
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&started.user_code).await;
    let began = Instant::now();
    let holder = poll.clone().proven(&app, own());
    let (tokens, ()) = tokio::join!(holder.send(&app), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        for (why, call, error) in without_the_key(&app, &poll) {
            let answer = call.send(&app).await;
            expect(&answer, 400, error, why);
            assert_eq!((answer.header("preference-applied"), began.elapsed().as_secs()), ("", 2), "{why}");
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        browser.press(&question, "approve").await;
    });
    assert_eq!((tokens.text("token_type").as_str(), began.elapsed().as_secs()), ("DPoP", 5));
}

#[tokio::test]
async fn dpd_2_a_bad_proof_starts_nothing_and_its_address_is_that_of_the_device_request() {
    let app = TestApp::new().await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let before = app.everything().await;
    let call = device.call(AUTHORIZATION, "scope=openid");
    let proof = |path: &str| Jws::proof(&app, own(), &http::Method::POST, path).sign(own());
    let for_token = call.clone().header("dpop", &proof(super::support::TOKEN)).send(&app).await;
    expect(&for_token, 400, "invalid_dpop_proof", "a proof for the token endpoint");
    assert_eq!(app.everything().await, before);
    let started = call.header("dpop", &proof(AUTHORIZATION)).send(&app).await;
    assert_eq!(started.status, 200);
    let [grant] = <[_; 1]>::try_from(app.store.grants(store::load::GrantFilter::default()).await.unwrap()).unwrap();
    assert_eq!(grant.dpop.map(|key| key.to_string()), Some(own().public_jwk().thumbprint()));
    assert_eq!(grant.state, GrantState::Pending);
}

#[tokio::test]
async fn dpd_1_the_key_of_an_unbound_grant_is_that_of_the_poll_that_is_served() {
    let app = TestApp::new().await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let started = device.start(&app, "openid+offline_access").await;
    let poll = device.poll(&started.device_code);
    for key in [own(), other()] {
        expect(&poll.clone().proven(&app, key).send(&app).await, 400, "authorization_pending", "any key");
    }
    expect(&poll.send(&app).await, 400, "authorization_pending", "none");
    app.decide(&started.user_code, "approve").await;
    let tokens = poll.proven(&app, other()).send(&app).await;
    assert_eq!(part(&tokens.text("access_token"), 1)["cnf"]["jkt"], other().public_jwk().thumbprint());
}

#[tokio::test]
async fn dp_5_2_dpd_3_sb_2_2_2_1_cf_8_a_public_clients_refresh_token_needs_its_key_each_time_and_stays() {
    let app = TestApp::new().await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let tokens = device.signed_in_with(&app, own(), "openid+offline_access").await;
    let refresh = device.refresh(&tokens.text("refresh_token"));
    for _ in 0..3 {
        let before = app.everything().await;
        for (why, call, error) in without_the_key(&app, &refresh) {
            expect(&call.send(&app).await, 400, error, why);
        }
        assert_eq!(app.everything().await, before, "no replay, no rotation, no end");
        let renewed = refresh.clone().proven(&app, own()).send(&app).await;
        assert_eq!(renewed.text("token_type"), "DPoP");
        assert!(renewed.json().get("refresh_token").is_none(), "it stays as it is");
    }
    // One that was not bound is from the first proof on.
    let tokens = device.signed_in(&app, "openid+offline_access").await;
    let bound = device.refresh(&tokens.text("refresh_token")).proven(&app, own()).send(&app).await;
    assert_eq!(bound.text("token_type"), "DPoP");
    let refresh = bound.json()["refresh_token"].as_str().map_or(tokens.text("refresh_token"), str::to_owned);
    for (why, call, error) in without_the_key(&app, &device.refresh(&refresh)) {
        expect(&call.send(&app).await, 400, error, why);
    }
    let renewed = device.refresh(&refresh).proven(&app, own()).send(&app).await;
    assert_eq!(part(&renewed.text("access_token"), 1)["cnf"]["jkt"], own().public_jwk().thumbprint());
}

#[tokio::test]
async fn dp_5_2_a_client_that_authenticates_may_change_its_key_and_not_lose_it() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let device = Caller::lasting(&app, &format!("box{auth:?}"), auth).await;
        let tokens = device.signed_in_with(&app, own(), "openid+offline_access").await;
        let refresh = device.refresh(&tokens.text("refresh_token"));
        expect(&refresh.send(&app).await, 400, "invalid_dpop_proof", "no proof");
        for key in [other(), own()] {
            let renewed = refresh.clone().proven(&app, key).send(&app).await;
            assert_eq!(part(&renewed.text("access_token"), 1)["cnf"]["jkt"], key.public_jwk().thumbprint());
            expect(&refresh.send(&app).await, 400, "invalid_dpop_proof", "no proof");
        }
        let stranger = Caller { auth: AuthMethod::None, ..device.clone() };
        let answer = stranger.refresh(&tokens.text("refresh_token")).proven(&app, own()).send(&app).await;
        expect(&answer, 400, "invalid_client", "the key alone");
    }
}

#[tokio::test]
async fn dp_5_2_a_bound_token_that_rotates_nevertheless_needs_the_key() {
    let app = TestApp::new().await;
    let mut always = client("always", "Always");
    always.grants.push(proto::model::GrantType::RefreshToken);
    always.tokens.rotation = Rotation::Always;
    let device = Caller::register_as(&app, always).await;
    let first = device.signed_in_with(&app, own(), "openid+offline_access").await.text("refresh_token");
    let second = device.refresh(&first).proven(&app, own()).send(&app).await.text("refresh_token");
    let before = app.everything().await;
    for token in [&first, &second] {
        for (why, call, error) in without_the_key(&app, &device.refresh(token)) {
            expect(&call.send(&app).await, 400, error, why);
        }
    }
    assert_eq!(app.everything().await, before, "a thief without the key cannot even end it");
    assert_eq!(device.refresh(&second).proven(&app, own()).send(&app).await.status, 200);
    expect(&device.refresh(&second).proven(&app, own()).send(&app).await, 400, "invalid_grant", "a replay is one");
}

#[tokio::test]
async fn dp_7_1_1_dp_7_2_1_oi_9_a_bound_token_is_taken_with_its_proof_alone_and_another_without_alone() {
    let app = TestApp::new().await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let bound = device.signed_in_with(&app, own(), "openid").await.text("access_token");
    let plain = device.signed_in(&app, "openid").await.text("access_token");
    let show = |scheme: &str, token: &str| Call::get(USERINFO).header("authorization", &format!("{scheme} {token}"));
    let dpop = |key: &SigningKey, token: &str| Call::userinfo(&app, key, token);
    let posted = || {
        let proof = Jws::proof(&app, own(), &http::Method::POST, USERINFO).claim("ath", jose::dpop::ath(&bound));
        show("dpop", &bound).method(http::Method::POST).header("dpop", &proof.sign(own()))
    };
    let of_another = dpop(own(), &plain).without("authorization").header("authorization", &format!("DPoP {bound}"));
    let as_bearer = dpop(own(), &bound).without("authorization").header("authorization", &format!("Bearer {bound}"));
    let both = dpop(own(), &bound).header("authorization", &format!("Bearer {plain}"));
    for (why, call, status, scheme, error) in [
        ("its key", dpop(own(), &bound), 200, "", ""),
        ("posted, the scheme in small letters", posted(), 200, "", ""),
        ("a bearer token", show("Bearer", &plain), 200, "", ""),
        ("no proof", show("DPoP", &bound), 401, "DPoP", "invalid_dpop_proof"),
        ("another key", dpop(other(), &bound), 401, "DPoP", "invalid_token"),
        ("a proof for another token", of_another, 401, "DPoP", "invalid_dpop_proof"),
        ("as a bearer token", show("Bearer", &bound), 401, "Bearer", "invalid_token"),
        ("as a bearer token with a proof", as_bearer, 401, "Bearer", "invalid_token"),
        ("a bearer token with a proof", dpop(own(), &plain), 401, "DPoP", "invalid_token"),
        ("a token that is none", dpop(own(), "x"), 401, "DPoP", "invalid_token"),
        ("two at once", both, 400, "both", "invalid_request"),
        ("nothing", Call::get(USERINFO), 401, "both", ""),
        ("a proof alone", dpop(own(), &bound).without("authorization"), 401, "both", ""),
    ] {
        let answer = call.send(&app).await;
        assert_eq!(answer.status, status, "{why}: {}", answer.show());
        let error = if error.is_empty() { String::new() } else { format!(", error=\"{error}\"") };
        let bearer = format!("Bearer realm=\"countersign\"{error}");
        let dpop = format!("DPoP realm=\"countersign\"{error}, algs=\"EdDSA ES256 RS256\"");
        let expected = match scheme {
            "Bearer" => vec![bearer],
            "DPoP" => vec![dpop],
            "both" => vec![bearer, dpop],
            _ => vec![],
        };
        assert_eq!(answer.headers("www-authenticate"), expected, "{why}");
    }
    assert!(is_good(&app, &plain).await && !is_good(&app, &bound).await);
}

#[tokio::test]
async fn dpd_3_df_3_5_3_polls_without_the_key_take_nothing_from_the_devices_pace() {
    let app = TestApp::new().await;
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let poll = device.poll(&start_bound(&app, &device, own()).await.device_code);
    let mut answers = Vec::new();
    for _ in 0..5 {
        for _ in 0..10 {
            for (why, call, error) in without_the_key(&app, &poll) {
                expect(&call.send(&app).await, 400, error, why);
            }
        }
        answers.push(poll.clone().proven(&app, own()).send(&app).await.refusal().1);
    }
    let pending = "authorization_pending";
    assert_eq!(answers, [pending, pending, pending, pending, "slow_down"]);
}
