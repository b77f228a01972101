//! Tokens given back (RFC 7009): what ends, for whom, and that nothing else does.

use http::Method;
use proto::model::{AuthMethod, Client, GrantType, Origin};
use store::FaultSettings;

use super::audit::{log, trail};
use super::support::{Call, Caller, METADATA, REVOKE, is_good};
use crate::support::{HOME, TestApp, client, user_name};

const METHODS: [AuthMethod; 3] = [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];

#[tokio::test]
async fn rv_2_1_rv_2_1_3_rv_2_2_1_rv_5_2_whichever_token_is_shown_everything_of_the_sign_in_ends() {
    let app = TestApp::new().await;
    for auth in METHODS {
        let caller = Caller::lasting(&app, &format!("c{auth:?}"), auth).await;
        for shown in ["refresh_token", "access_token"] {
            let tokens = caller.signed_in_for_long(&app).await;
            let other = caller.signed_in_for_long(&app).await;
            let renewed = caller.refresh(&tokens.text("refresh_token")).send(&app).await;
            let latest = renewed.json()["refresh_token"].as_str().map_or(tokens.text("refresh_token"), str::to_owned);
            let shown = if shown == "refresh_token" { latest.clone() } else { renewed.text(shown) };
            // Once, and once more.
            for _ in 0..2 {
                let answer = caller.revoke(&shown).send(&app).await;
                insta::allow_duplicates! {
                    insta::assert_snapshot!(answer.show(), @r#"
                    200
                    cache-control: no-store
                    content-type: application/json
                    pragma: no-cache
                    {}
                    "#);
                }
                for access in [&tokens, &renewed].map(|answer| answer.text("access_token")) {
                    assert!(!is_good(&app, &access).await, "{auth:?}");
                }
                let refused = caller.refresh(&latest).send(&app).await;
                assert_eq!(refused.refusal(), (400, "invalid_grant".to_owned()), "{auth:?}");
            }
            assert!(is_good(&app, &other.text("access_token")).await, "another sign-in of the same person");
            assert_eq!(caller.refresh(&other.text("refresh_token")).send(&app).await.status, 200);
        }
    }
}

#[tokio::test]
async fn rv_2_1_3_a_token_that_was_replaced_still_names_what_is_to_end() {
    let app = TestApp::new().await;
    let caller = Caller::lasting(&app, "box", AuthMethod::None).await;
    let tokens = caller.signed_in_for_long(&app).await;
    let renewed = caller.refresh(&tokens.text("refresh_token")).send(&app).await;
    assert_eq!(caller.revoke(&tokens.text("refresh_token")).send(&app).await.status, 200);
    assert!(!is_good(&app, &renewed.text("access_token")).await);
}

#[tokio::test]
async fn rv_2_1_1_a_hint_never_makes_a_difference() {
    let app = TestApp::new().await;
    let caller = Caller::lasting(&app, "box", AuthMethod::None).await;
    for hint in ["access_token", "refresh_token", "device_code", "%00", "", "unknown+hint"] {
        for shown in ["refresh_token", "access_token"] {
            let tokens = caller.signed_in_for_long(&app).await;
            let call = caller.revoke(&format!("{}&token_type_hint={hint}", tokens.text(shown)));
            assert_eq!(call.send(&app).await.status, 200, "{hint}");
            assert!(!is_good(&app, &tokens.text("access_token")).await, "{hint} {shown}");
        }
    }
}

#[tokio::test]
async fn rv_2_1_2_a_token_of_another_client_is_refused_and_stays_good() {
    let app = TestApp::new().await;
    for auth in METHODS {
        let own = Caller::lasting(&app, &format!("own{auth:?}"), auth).await;
        let tokens = own.signed_in_for_long(&app).await;
        for foreign in METHODS {
            let foreign = Caller::lasting(&app, &format!("{auth:?}{foreign:?}"), foreign).await;
            for shown in ["refresh_token", "access_token"] {
                let answer = foreign.revoke(&tokens.text(shown)).send(&app).await;
                assert_eq!((answer.status, answer.body()), (400, r#"{"error":"invalid_grant"}"#), "{}", foreign.id);
            }
        }
        assert!(is_good(&app, &tokens.text("access_token")).await);
        assert_eq!(own.refresh(&tokens.text("refresh_token")).send(&app).await.status, 200);
    }
}

#[tokio::test]
async fn rv_2_1_2_a_client_proves_who_it_is_before_anything_ends() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let caller = Caller::lasting(&app, &format!("c{auth:?}"), auth).await;
        let tokens = caller.signed_in_for_long(&app).await;
        let refresh = tokens.text("refresh_token");
        let wrong = Caller { secret: "cs_wrong".into(), ..caller.clone() };
        let missing = Caller { auth: AuthMethod::None, ..caller.clone() };
        let unknown = Caller { id: "nobody".into(), ..caller.clone() };
        for stranger in [wrong, missing, unknown] {
            for token in [refresh.as_str(), "rt_x"] {
                let answer = stranger.revoke(token).send(&app).await;
                let status = if stranger.auth == AuthMethod::ClientSecretBasic { 401 } else { 400 };
                assert_eq!(answer.refusal(), (status, "invalid_client".to_owned()), "{stranger:?}");
            }
        }
        let nameless = Call::post(REVOKE, &format!("token={refresh}")).send(&app).await;
        assert_eq!(nameless.refusal(), (400, "invalid_request".to_owned()));
        assert!(is_good(&app, &tokens.text("access_token")).await);
        assert_eq!(caller.revoke(&refresh).send(&app).await.status, 200);
    }
}

#[tokio::test]
async fn rv_2_2_1_what_is_no_token_any_more_or_never_was_is_revoked_already() {
    let app = TestApp::new().await;
    let foreign = TestApp::new().await;
    let tokens = Caller::tv().signed_in(&app, "openid").await;
    let elsewhere = Caller::tv().signed_in(&foreign, "openid").await.text("access_token");
    let tampered = format!("{}x", tokens.text("access_token"));
    let long = "a".repeat(8_000);
    for unknown in
        ["x", "rt_", "rt_AAAA", "dc_x", "a.b.c", "..", "%00", "%F0%9F%92%A9", "+", &long, &elsewhere, &tampered]
    {
        let answer = Caller::tv().revoke(unknown).send(&app).await;
        assert_eq!((answer.status, answer.body()), (200, "{}"), "{unknown}");
    }
    app.advance(600);
    assert_eq!(Caller::tv().revoke(&tokens.text("access_token")).send(&app).await.status, 200, "long over");
}

#[tokio::test]
async fn rv_2_1_1_a_revocation_is_a_posted_form_that_names_its_token() {
    let app = TestApp::new().await;
    let caller = Caller::lasting(&app, "box", AuthMethod::None).await;
    let tokens = caller.signed_in_for_long(&app).await;
    let refresh = tokens.text("refresh_token");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = caller.revoke(&refresh).method(method).send(&app).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
    for missing in ["", "token=", "token", "Token=x", "token_type_hint=access_token"] {
        let answer = caller.call(REVOKE, missing).send(&app).await;
        assert_eq!(answer.body(), r#"{"error":"invalid_request","error_description":"token is missing"}"#);
        assert_eq!(answer.status, 400);
    }
    for call in [
        caller.revoke(&refresh).without("content-type").header("content-type", "application/json"),
        caller.revoke(&refresh).without("content-type"),
        caller.revoke(&format!("{refresh}&token={refresh}")),
        Call::post(&format!("{REVOKE}?token={refresh}"), &format!("client_id={}", caller.id)),
        Call::post(&format!("{REVOKE}?client_id={}", caller.id), &format!("token={refresh}")),
    ] {
        assert_eq!(call.send(&app).await.refusal(), (400, "invalid_request".to_owned()));
    }
    assert!(is_good(&app, &tokens.text("access_token")).await, "none of them ended it");
}

#[tokio::test]
async fn rv_2_1_whoever_may_not_refresh_gives_back_what_it_has() {
    let app = TestApp::new().await;
    let access = Caller::tv().signed_in(&app, "openid").await.text("access_token");
    assert_eq!(Caller::tv().revoke(&access).send(&app).await.status, 200);
    assert!(!is_good(&app, &access).await);
}

#[tokio::test]
async fn the_trail_says_who_gave_what_back_and_not_that_nothing_ended() {
    let app = TestApp::new().await;
    let caller = Caller::lasting(&app, "box", AuthMethod::None).await;
    let tokens = caller.signed_in_for_long(&app).await;
    let (lines, _guard) = log("off");
    for token in ["x", &tokens.text("refresh_token"), &tokens.text("refresh_token"), &tokens.text("access_token")] {
        caller.revoke(token).send(&app).await;
    }
    assert_eq!(trail(&lines), ["revoke client"]);
    let event = lines.json().into_iter().find(|line| line["target"] == "audit").unwrap();
    let maria = app.flow.admin().user(&user_name("maria")).await.unwrap().id.to_string();
    assert_eq!((event["user"].as_str(), event["client_id"].as_str()), (Some(maria.as_str()), Some("box")));
    assert_eq!(event["approver"], HOME);
}

#[tokio::test]
async fn rv_2_3_1_a_script_of_a_registered_origin_signs_out() {
    let app = TestApp::new().await;
    let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
    let origins = vec![Origin("https://tv.example.com".into())];
    let caller = Caller::register_as(&app, Client { grants, origins, ..client("web", "Web TV") }).await;
    for (origin, may) in [("https://tv.example.com", true), ("https://evil.example", false)] {
        let tokens = caller.signed_in_for_long(&app).await;
        let answer = caller.revoke(&tokens.text("refresh_token")).header("origin", origin).send(&app).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), if may { origin } else { "" });
        // No callback makes a script of the reply (RFC 7009 §2.3).
        let padded = caller.revoke("x&callback=alert").header("origin", origin).send(&app).await;
        assert_eq!((padded.body(), padded.header("content-type")), ("{}", "application/json"));
    }
}

#[tokio::test]
async fn rv_2_2_the_address_that_is_published_is_https() {
    let app = TestApp::new().await;
    let body = Call::get(METADATA).send(&app).await.json();
    assert_eq!(body["revocation_endpoint"], "https://id.example.com/oauth2/revoke");
}

#[tokio::test]
async fn rv_5_1_nobody_makes_up_a_token_that_ends_a_strangers_access_or_sends_more_than_is_read() {
    let app = TestApp::new().await;
    let caller = Caller::lasting(&app, "box", AuthMethod::None).await;
    let tokens = caller.signed_in_for_long(&app).await;
    for genuine in ["refresh_token", "access_token"].map(|name| tokens.text(name)) {
        // Everything about it is known but one character, wherever that is.
        for at in (3..genuine.len() - 1).filter(|at| genuine.as_bytes()[*at] != b'.') {
            let mut forged = genuine.clone();
            forged.replace_range(at..=at, if &genuine[at..=at] == "A" { "B" } else { "A" });
            let answer = caller.revoke(&forged).send(&app).await;
            assert_eq!((answer.status, answer.body()), (200, "{}"), "{at}");
        }
    }
    assert!(is_good(&app, &tokens.text("access_token")).await);
    let padded = format!("{0}&a={1}&b={1}&c={1}", tokens.text("refresh_token"), "x".repeat(6_000));
    assert_eq!(caller.revoke(&padded).send(&app).await.status, 413);
    assert_eq!(caller.refresh(&tokens.text("refresh_token")).send(&app).await.status, 200);
}

#[tokio::test]
async fn rv_2_2_1_1_rv_5_2_until_the_store_has_it_the_answer_is_to_come_back() {
    let mut unavailable = 0;
    for seed in 0..8 {
        let faults = FaultSettings { seed, unavailable: 200, lose_reply: 200, conflict: 150, disturb_feed: false };
        let (well, ill) = TestApp::new().await.behind(faults).await;
        let caller = Caller::lasting(&well, "box", AuthMethod::None).await;
        let tokens = caller.signed_in_for_long(&well).await;
        let answer = loop {
            let answer = caller.revoke(&tokens.text("refresh_token")).send(&ill).await;
            if answer.status != 503 {
                break answer;
            }
            unavailable += 1;
            assert_eq!((answer.refusal().1.as_str(), answer.header("retry-after")), ("temporarily_unavailable", "2"));
        };
        assert_eq!((answer.status, answer.body()), (200, "{}"));
        assert!(!is_good(&well, &tokens.text("access_token")).await, "seed {seed}: on the other node as well");
    }
    assert!(unavailable > 0);
}
