//! Polls that are held (RFC 7240 §4.3): how long, how it is said, and what ends them. Time is the runtime's, paused.

use std::time::Duration;

use tokio::time::Instant;

use super::support::{Answer, Call, Caller, Started};
use crate::support::{HOME, TestApp};

const PENDING: &str = r#"{"error":"authorization_pending"}"#;

/// A server that holds polls, as by default.
async fn holding() -> TestApp {
    TestApp::with(|settings| settings.device.hold = Duration::from_secs(4), "").await
}

async fn timed(app: &TestApp, call: &Call) -> (Answer, u64) {
    let started = Instant::now();
    let answer = call.send(app).await;
    (answer, started.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn lp_2_lp_3_a_poll_is_held_as_long_as_it_prefers_and_is_told_so() {
    let app = holding().await;
    let start = Caller::tv().call(super::support::AUTHORIZATION, "").send(&app).await;
    assert_eq!(start.json()["interval"], 1, "held polls may follow each other closely");
    let code = start.text("device_code");
    for (prefer, seconds, applied) in [
        (None, 4, ""),
        (Some("wait=7"), 7, "wait=7"),
        (Some("wait=0"), 0, ""),
        (Some("wait=300"), 30, "wait=30"),
        (Some("respond-async, WAIT=2;x=y, wait=9"), 2, "wait=2"),
        (Some("wait=99999999999999999999"), 4, ""),
        (Some("wait=-1"), 4, ""),
        (Some("wait=1.5"), 4, ""),
        (Some("wait"), 4, ""),
        (Some("wait=\u{e4}"), 4, ""),
        (Some(""), 4, ""),
    ] {
        let call = Caller::tv().poll(&code);
        let call = prefer.map_or(call.clone(), |prefer| call.header("prefer", prefer));
        let (answer, took) = timed(&app, &call).await;
        assert_eq!((answer.status, answer.body()), (400, PENDING), "{prefer:?}");
        assert_eq!((took, answer.header("preference-applied")), (seconds, applied), "{prefer:?}");
        app.advance(5);
    }
    insta::assert_snapshot!(Caller::tv().poll(&code).header("prefer", "wait=5").send(&app).await.show(), @r#"
    400
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    preference-applied: wait=5
    {"error":"authorization_pending"}
    "#);
}

#[tokio::test(start_paused = true)]
async fn lp_1_without_holding_a_preference_is_ignored() {
    let app = TestApp::new().await;
    let code = Caller::tv().start(&app, "").await.device_code;
    let (answer, took) = timed(&app, &Caller::tv().poll(&code).header("prefer", "wait=30")).await;
    assert_eq!((answer.body(), took, answer.header("preference-applied")), (PENDING, 0, ""));
}

#[tokio::test(start_paused = true)]
async fn lp_2_a_decision_is_answered_at_once() {
    let app = holding().await;
    for (button, expected) in [("approve", 200), ("deny", 400)] {
        let Started { user_code, device_code } = Caller::tv().start(&app, "openid").await;
        let mut browser = app.signed_in("maria", HOME).await;
        let question = browser.type_code(&user_code).await;
        let call = Caller::tv().poll(&device_code).header("prefer", "wait=30");
        let ((answer, took), _) = tokio::join!(timed(&app, &call), async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            browser.press(&question, button).await;
        });
        assert_eq!((answer.status, took), (expected, 3), "{}", answer.body());
        assert_eq!(answer.header("preference-applied"), "wait=30");
    }
}

#[tokio::test(start_paused = true)]
async fn lp_5_the_newest_poll_of_a_grant_waits_and_the_older_is_answered() {
    let app = holding().await;
    let code = Caller::tv().start(&app, "").await.device_code;
    let call = Caller::tv().poll(&code).header("prefer", "wait=20");
    let (first, second) = tokio::join!(timed(&app, &call), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        timed(&app, &call).await
    });
    assert_eq!((first.1, second.1), (5, 20));
    assert_eq!((first.0.body(), second.0.body()), (PENDING, PENDING));
}

#[tokio::test(start_paused = true)]
async fn lp_5_who_may_not_poll_is_not_held() {
    let app = holding().await;
    let code = Caller::tv().start(&app, "").await.device_code;
    let other = Caller::register(&app, "radio", proto::model::AuthMethod::None).await;
    let server = Caller::register(&app, "server", proto::model::AuthMethod::ClientSecretBasic).await;
    let nobody = Caller { id: "nobody".into(), ..Caller::tv() };
    let wrong = Caller { secret: "x".into(), ..server.clone() };
    for caller in [other, server, nobody, wrong] {
        let (answer, took) = timed(&app, &caller.poll(&code).header("prefer", "wait=30")).await;
        assert_eq!((took, answer.header("preference-applied")), (0, ""), "{}", answer.body());
        assert_ne!(answer.body(), PENDING);
    }
}

#[tokio::test(start_paused = true)]
async fn lp_7_after_a_held_reply_nothing_is_early() {
    let app = holding().await;
    let code = Caller::tv().start(&app, "").await.device_code;
    // The clock of the bucket stands still: every one of these would be too early.
    for _ in 0..20 {
        assert_eq!(Caller::tv().poll(&code).send(&app).await.body(), PENDING);
    }
}

#[tokio::test(start_paused = true)]
async fn lp_6_a_server_that_goes_down_answers_what_it_holds() {
    let app = holding().await;
    let code = Caller::tv().start(&app, "").await.device_code;
    let call = Caller::tv().poll(&code).header("prefer", "wait=30");
    let ((answer, took), ()) = tokio::join!(timed(&app, &call), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        app.app.close();
    });
    assert_eq!((answer.status, answer.body(), took), (400, PENDING, 2));
}

#[tokio::test(start_paused = true)]
async fn lp_6_without_a_slot_a_grant_is_answered_at_once_and_told_to_come_less_often() {
    let app = TestApp::with(
        |settings| {
            settings.device.hold = Duration::from_secs(4);
            settings.limits.held_polls = 1;
        },
        "",
    )
    .await;
    for (interval, seconds) in [(1, 30), (5, 0)] {
        let start = Caller::tv().call(super::support::AUTHORIZATION, "").send(&app).await;
        assert_eq!(start.json()["interval"], interval);
        let call = Caller::tv().poll(&start.text("device_code")).header("prefer", "wait=30");
        assert_eq!(timed(&app, &call).await.1, seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn lp_8_a_device_that_hangs_up_loses_nothing() {
    let app = holding().await;
    let Started { user_code, device_code } = Caller::tv().start(&app, "openid").await;
    let call = Caller::tv().poll(&device_code).header("prefer", "wait=30");
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&user_code).await;
    assert!(tokio::time::timeout(Duration::from_secs(3), call.send(&app)).await.is_err());
    browser.press(&question, "approve").await;
    assert_eq!(call.send(&app).await.status, 200);
}
