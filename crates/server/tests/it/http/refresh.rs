//! Access that lasts: who gets a refresh token, what one brings, and what ends it (RFC 6749 §6; RFC 9700 §4.14).

use proto::model::{AuthMethod, GrantType};
use store::FaultSettings;

use super::audit::{log, trail};
use super::support::{Answer, Caller, REVOKE, TOKEN, is_good, members, part};
use crate::support::{HOME, TestApp, user_name};

const METHODS: [AuthMethod; 3] = [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
const INVALID: &str = r#"{"error":"invalid_grant"}"#;
const DAY: u64 = 86_400;

/// A public client with lasting access, and its first tokens.
async fn public(app: &TestApp) -> (Caller, Answer) {
    let caller = Caller::lasting(app, "box", AuthMethod::None).await;
    let tokens = caller.signed_in_for_long(app).await;
    (caller, tokens)
}

#[tokio::test]
async fn oa_5_1_1_oa_5_1_2_sb_4_14_1_oi_11_a_refresh_token_comes_with_the_scope_and_the_grant_alone() {
    let app = TestApp::new().await;
    let caller = Caller::lasting(&app, "box", AuthMethod::None).await;
    let answer = caller.signed_in(&app, "profile+offline_access").await;
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    insta::assert_snapshot!(answer.show().replace(&access, "ACCESS").replace(&refresh, "REFRESH"), @r#"
    200
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    {"access_token":"ACCESS","token_type":"Bearer","expires_in":600,"refresh_token":"REFRESH","scope":"profile offline_access"}
    "#);
    for (caller, scope) in [(&caller, "openid+profile"), (&Caller::tv(), "openid+profile")] {
        let body = caller.signed_in(&app, scope).await.json();
        assert!(body.get("refresh_token").is_none(), "{} {body}", caller.id);
    }
    // Lasting access, but no grant to make use of it.
    let answer = Caller::tv().start(&app, "openid+offline_access").await;
    app.decide(&answer.user_code, "approve").await;
    let body = Caller::tv().poll(&answer.device_code).send(&app).await.json();
    assert!(body.get("access_token").is_some() && body.get("refresh_token").is_none(), "{body}");
}

#[tokio::test]
async fn oa_6_1_oa_6_3_oa_3_2_1_1_cf_8_every_kind_of_client_refreshes_in_its_way() {
    let app = TestApp::new().await;
    for auth in METHODS {
        let caller = Caller::lasting(&app, &format!("c{auth:?}"), auth).await;
        let first = caller.signed_in_for_long(&app).await;
        let mut refresh = first.text("refresh_token");
        for _ in 0..3 {
            app.advance(DAY);
            assert!(!is_good(&app, &first.text("access_token")).await);
            let answer = caller.refresh(&refresh).send(&app).await;
            assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
            assert!(is_good(&app, &answer.text("access_token")).await, "{auth:?}");
            let body = answer.json();
            assert_eq!(
                (&body["token_type"], &body["expires_in"], &body["scope"]),
                (&"Bearer".into(), &600.into(), &"openid profile offline_access".into())
            );
            // Bound to a secret it stays; unbound, it is replaced.
            let mut names = members(&body);
            names.sort_unstable();
            let replaced = names.contains(&"refresh_token");
            assert_eq!(replaced, auth == AuthMethod::None, "{names:?}");
            assert_eq!(names.len(), if replaced { 6 } else { 5 }, "{names:?}");
            if replaced {
                refresh = answer.text("refresh_token");
            }
        }
    }
}

#[tokio::test]
async fn oa_3_2_1_1_oa_6_1_a_client_with_a_secret_shows_it_at_every_refresh() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let caller = Caller::lasting(&app, &format!("c{auth:?}"), auth).await;
        let refresh = caller.signed_in_for_long(&app).await.text("refresh_token");
        let wrong = Caller { secret: "cs_wrong".into(), ..caller.clone() };
        let missing = Caller { auth: AuthMethod::None, ..caller.clone() };
        let otherwise = match auth {
            AuthMethod::ClientSecretBasic => AuthMethod::ClientSecretPost,
            AuthMethod::ClientSecretPost | AuthMethod::PrivateKeyJwt | AuthMethod::None => {
                AuthMethod::ClientSecretBasic
            }
        };
        let otherwise = Caller { auth: otherwise, ..caller.clone() };
        for stranger in [wrong, missing, otherwise] {
            let answer = stranger.refresh(&refresh).send(&app).await;
            assert_eq!(answer.refusal().1, "invalid_client", "{stranger:?}");
            let by_header = stranger.auth == AuthMethod::ClientSecretBasic;
            assert_eq!((answer.status == 401, !answer.header("www-authenticate").is_empty()), (by_header, by_header));
        }
        assert_eq!(caller.refresh(&refresh).send(&app).await.status, 200, "nothing happened to it");
    }
}

#[tokio::test]
async fn oa_3_2_2_oa_5_2_3_a_refresh_names_its_token_once() {
    let app = TestApp::new().await;
    let (caller, tokens) = public(&app).await;
    let refresh = tokens.text("refresh_token");
    for missing in ["", "&refresh_token=", "&refresh_token", "&Refresh_Token=x", "&token=x"] {
        let answer = caller.call(TOKEN, &format!("grant_type=refresh_token{missing}")).send(&app).await;
        assert_eq!(answer.body(), r#"{"error":"invalid_request","error_description":"refresh_token is missing"}"#);
        assert_eq!(answer.status, 400);
    }
    for twice in [&refresh, "", "x"] {
        let answer = caller.refresh(&format!("{refresh}&refresh_token={twice}")).send(&app).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{twice}");
    }
    let mut tampered = refresh.clone();
    tampered.replace_range(30..31, if &refresh[30..31] == "A" { "B" } else { "A" });
    let shorter = &refresh[..refresh.len() - 1];
    for malformed in [
        tampered.as_str(),
        shorter,
        &format!("{refresh}A"),
        &format!("{refresh}%3D"),
        "rt_",
        "rt_%00",
        "%20",
        "x",
        "null",
    ] {
        let answer = caller.refresh(malformed).send(&app).await;
        assert_eq!((answer.status, answer.body()), (400, INVALID), "{malformed}");
    }
    assert_eq!(caller.refresh(&refresh).send(&app).await.status, 200, "nothing happened to it");
}

#[tokio::test]
async fn oa_6_2_oa_6_3_sb_4_14_1_a_refresh_brings_less_when_asked_and_never_more() {
    let app = TestApp::new().await;
    let (caller, tokens) = public(&app).await;
    let mut refresh = tokens.text("refresh_token");
    for (scope, error) in [
        ("openid+email", "invalid_scope"),
        ("openid+profile+offline_access+email", "invalid_scope"),
        ("OPENID", "invalid_scope"),
        ("%22", "invalid_scope"),
        ("admin", "invalid_scope"),
    ] {
        let answer = caller.refresh(&format!("{refresh}&scope={scope}")).send(&app).await;
        assert_eq!(answer.refusal(), (400, error.to_owned()), "{scope}");
    }
    for (scope, granted) in [
        ("openid", "openid"),
        ("profile+openid", "openid profile"),
        ("", "openid profile offline_access"),
        ("offline_access", "offline_access"),
        ("openid+profile+offline_access", "openid profile offline_access"),
    ] {
        let answer = caller.refresh(&format!("{refresh}&scope={scope}")).send(&app).await;
        refresh = answer.text("refresh_token");
        let told = answer.text("scope").split(' ').map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(told, granted.split(' ').map(str::to_owned).collect(), "{scope}");
        assert_eq!(part(&answer.text("access_token"), 1)["scope"], answer.json()["scope"]);
        assert_eq!(answer.json().get("id_token").is_some(), granted.contains("openid"), "{scope}");
    }
}

#[tokio::test]
async fn oa_6_1_oa_10_3_1_a_token_serves_its_own_client_alone() {
    let app = TestApp::new().await;
    for auth in METHODS {
        let own = Caller::lasting(&app, &format!("own{auth:?}"), auth).await;
        let refresh = own.signed_in_for_long(&app).await.text("refresh_token");
        for foreign in METHODS {
            let foreign = Caller::lasting(&app, &format!("{auth:?}{foreign:?}"), foreign).await;
            let answer = foreign.refresh(&refresh).send(&app).await;
            assert_eq!((answer.status, answer.body()), (400, INVALID), "{auth:?} {}", foreign.id);
        }
        assert_eq!(own.refresh(&refresh).send(&app).await.status, 200, "{auth:?}");
    }
}

#[tokio::test]
async fn sb_4_14_3_a_token_that_was_replaced_ends_its_family_and_the_trail_says_so() {
    let app = TestApp::new().await;
    let (caller, first) = public(&app).await;
    let (lines, _guard) = log("off");
    let old = first.text("refresh_token");
    let second = caller.refresh(&old).send(&app).await;
    assert_eq!(trail(&lines), ["refresh"]);
    let other = Caller::lasting(&app, "other", AuthMethod::None).await;
    assert_eq!(other.refresh(&old).send(&app).await.body(), INVALID);
    assert!(is_good(&app, &second.text("access_token")).await, "no other client ends it");
    let replay = caller.refresh(&old).send(&app).await;
    assert_eq!((replay.status, replay.body()), (400, INVALID));
    for token in [&first, &second].map(|answer| answer.text("access_token")) {
        assert!(!is_good(&app, &token).await);
    }
    for token in [&second.text("refresh_token"), &old] {
        assert_eq!(caller.refresh(token).send(&app).await.body(), INVALID);
    }
    assert_eq!(trail(&lines), ["refresh", "replay revoked"], "once, and not for a family that is over");
    let maria = app.flow.admin().user(&user_name("maria")).await.unwrap().id.to_string();
    let events: Vec<_> = lines.json().into_iter().filter(|line| line["target"] == "audit").collect();
    assert_eq!(events[0]["user"], maria.as_str());
    assert_eq!(events[0]["grant"], events[1]["grant"]);
    for event in events {
        assert_eq!((event["client_id"].as_str(), event["initiator"].as_str()), (Some("box"), Some(HOME)), "{event}");
    }
}

#[tokio::test]
async fn oi_8_the_id_token_of_a_refresh_is_about_the_same_sign_in() {
    let app = TestApp::new().await;
    let (caller, tokens) = public(&app).await;
    let first = part(&tokens.text("id_token"), 1);
    app.advance(3 * DAY);
    let answer = caller.refresh(&tokens.text("refresh_token")).send(&app).await;
    let later = part(&answer.text("id_token"), 1);
    for same in ["iss", "sub", "aud", "auth_time", "amr"] {
        assert!(first[same] == later[same] && !first[same].is_null(), "{same}: {first} {later}");
    }
    let now = app.env.now().as_seconds();
    assert_eq!((later["iat"].as_i64(), later["nonce"].as_str()), (Some(now), None));
    assert!(later["exp"].as_i64() > Some(now) && later["at_hash"] != first["at_hash"], "{later}");
    assert_eq!(part(&answer.text("access_token"), 1)["sub"], first["sub"]);
}

#[tokio::test]
async fn sb_4_14_4_a_family_is_over_after_a_week_without_a_refresh_and_a_month_in_any_case() {
    let app = TestApp::new().await;
    let (caller, tokens) = public(&app).await;
    app.advance(7 * DAY);
    assert_eq!(caller.refresh(&tokens.text("refresh_token")).send(&app).await.body(), INVALID);
    let mut refresh = caller.signed_in_for_long(&app).await.text("refresh_token");
    for _ in 0..30 {
        app.advance(DAY - 1);
        refresh = caller.refresh(&refresh).send(&app).await.text("refresh_token");
    }
    // An access token outlives its family no more than a refresh token does.
    let last = caller.refresh(&refresh).send(&app).await;
    assert_eq!(last.json()["expires_in"], 30, "{}", last.body());
    app.advance(30);
    assert_eq!(caller.refresh(&last.text("refresh_token")).send(&app).await.body(), INVALID);
    assert!(!is_good(&app, &last.text("access_token")).await);
}

#[tokio::test]
async fn oa_5_2_3_a_client_that_lost_the_grant_is_not_authorized_and_keeps_what_it_had() {
    let app = TestApp::new().await;
    app.keep_house().await;
    let (caller, tokens) = public(&app).await;
    let id = proto::model::ClientId::parse(&caller.id).unwrap();
    let set = async |grants: &[GrantType]| {
        let edit = flow::admin::ClientEdit { grants: Some(grants.to_vec()), ..Default::default() };
        app.flow.admin().edit_client(&id, &edit).await.unwrap();
        app.heed().await;
    };
    set(&[GrantType::DeviceCode]).await;
    let answer = caller.refresh(&tokens.text("refresh_token")).send(&app).await;
    insta::assert_snapshot!(answer.body(), @r#"{"error":"unauthorized_client","error_description":"the refresh token grant is not enabled for this client"}"#);
    set(&[GrantType::DeviceCode, GrantType::RefreshToken]).await;
    assert_eq!(caller.refresh(&tokens.text("refresh_token")).send(&app).await.status, 200);
}

#[tokio::test]
async fn oa_6_1_oa_10_3_1_whatever_is_presented_in_the_place_of_another_does_nothing() {
    let app = TestApp::new().await;
    let (caller, tokens) = public(&app).await;
    let [access, id, refresh] = ["access_token", "id_token", "refresh_token"].map(|name| tokens.text(name));
    let shown = caller.start(&app, "openid").await;
    let (device_code, user_code) = (&shown.device_code, &shown.user_code);
    for wrong in [device_code, user_code, &access, &id] {
        let answer = caller.refresh(wrong).send(&app).await;
        assert_eq!((answer.status, answer.body()), (400, INVALID), "{wrong}");
    }
    for wrong in [&refresh, user_code, &access, &id] {
        let answer = caller.poll(wrong).send(&app).await;
        assert_eq!((answer.status, answer.body()), (400, INVALID), "{wrong}");
    }
    for wrong in [device_code, user_code, &id] {
        let answer = caller.revoke(wrong).send(&app).await;
        assert_eq!((answer.status, answer.body()), (200, "{}"), "{wrong}");
    }
    for wrong in [device_code, user_code, &refresh, &id] {
        assert!(!is_good(&app, wrong).await, "{wrong}");
    }
    let mut browser = app.signed_in("maria", HOME).await;
    for wrong in [device_code, &refresh, &access] {
        browser.type_code(wrong).await.expect_page("code");
    }
    // Parameters of one grant mean nothing to the other.
    let both = format!("grant_type=refresh_token&refresh_token=x&device_code={device_code}");
    assert_eq!(caller.call(TOKEN, &both).send(&app).await.body(), INVALID);
    assert_eq!(
        caller.call(REVOKE, &format!("refresh_token={refresh}")).send(&app).await.refusal().1,
        "invalid_request"
    );
    // Nothing of all that changed anything.
    assert!(is_good(&app, &access).await);
    assert_eq!(caller.poll(device_code).send(&app).await.refusal().1, "authorization_pending");
    app.decide(user_code, "approve").await;
    app.advance(5);
    assert_eq!(caller.poll(device_code).send(&app).await.status, 200);
    assert_eq!(caller.refresh(&refresh).send(&app).await.status, 200);
}

#[tokio::test]
async fn cf_8_oa_6_3_a_header_with_an_empty_secret_proves_nothing_and_the_token_is_replaced() {
    let app = TestApp::new().await;
    let (caller, tokens) = public(&app).await;
    let body = format!("grant_type=refresh_token&refresh_token={}", tokens.text("refresh_token"));
    let answer = super::support::Call::post(TOKEN, &body).basic(&format!("{}:", caller.id)).send(&app).await;
    assert_ne!(answer.text("refresh_token"), tokens.text("refresh_token"));
}

#[tokio::test]
async fn sb_4_14_3_cf_8_a_store_that_fails_and_loses_replies_never_makes_two_of_one() {
    for auth in [AuthMethod::None, AuthMethod::ClientSecretPost] {
        let (mut renewed, mut over) = (0, 0);
        for seed in 0..8 {
            let faults = FaultSettings { seed, unavailable: 150, lose_reply: 250, conflict: 150, disturb_feed: false };
            let (well, ill) = TestApp::new().await.behind(faults).await;
            let caller = Caller::lasting(&well, "box", auth).await;
            let first = caller.signed_in_for_long(&well).await;
            let refresh = first.text("refresh_token");
            let answer = loop {
                let answer = caller.refresh(&refresh).send(&ill).await;
                if answer.status != 503 {
                    break answer;
                }
                assert_eq!(answer.header("retry-after"), "2");
            };
            if answer.status == 200 {
                renewed += 1;
                assert!(is_good(&well, &answer.text("access_token")).await, "{auth:?} {seed}");
            } else {
                // The reply that brought the next token was lost, and whoever asks again may be a thief.
                over += 1;
                assert_eq!((answer.status, answer.body()), (400, INVALID), "{auth:?} {seed}");
                assert!(!is_good(&well, &first.text("access_token")).await, "{auth:?} {seed}");
            }
        }
        assert!(renewed > 0 && (over > 0) == (auth == AuthMethod::None), "{auth:?}: {renewed} {over}");
    }
}
