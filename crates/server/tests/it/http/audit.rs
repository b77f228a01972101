//! What the operator learns: audit events, counters, and the name of each request in the log.

use std::collections::BTreeSet;

use countersign_server::telemetry::{AuditKind, LogFormat, LogSettings, PollOutcome, Route, StatusClass, subscriber};
use proto::model::{AuthMethod, Client};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;

use super::support::{AUTHORIZATION, Call, Caller, JWKS, Lines, METADATA, Started, TOKEN, USERINFO};
use crate::support::{HOME, TestApp, WRONG, client};

/// The log of this test, as JSON.
pub(super) fn log(level: &str) -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let settings = LogSettings { level: level.parse().unwrap(), format: LogFormat::Json, colour: false };
    let guard = tracing::subscriber::set_default(subscriber(&settings, lines.clone()));
    (lines, guard)
}

/// The audit events: name and outcome.
pub(super) fn trail(lines: &Lines) -> Vec<String> {
    let events = lines.json().into_iter().filter(|line| line["target"] == "audit");
    events
        .map(|event| match event["outcome"].as_str() {
            Some(outcome) => format!("{} {outcome}", event["event"].as_str().unwrap()),
            None => event["event"].as_str().unwrap().to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn each_step_of_a_journey_leaves_its_trace() {
    let app = TestApp::new().await;
    let (lines, _guard) = log("off");
    let Started { user_code, device_code } = Caller::tv().start(&app, "openid").await;
    let mut browser = app.browser(HOME);
    let sign_in = browser.type_code(WRONG).await;
    browser.sign_in(&sign_in, "maria").await;
    let question = browser.type_code(&user_code).await;
    browser.press(&question, "approve").await;
    Caller::tv().poll(&device_code).send(&app).await;
    Caller::tv().poll(&device_code).send(&app).await;
    app.advance(11);
    Caller::tv().poll(&device_code).send(&app).await;
    assert_eq!(
        trail(&lines),
        ["start", "sign_in", "fail unknown", "display", "approve", "redeem", "replay refused", "replay revoked"]
    );
    let maria = app.flow.admin().user(&crate::support::user_name("maria")).await.unwrap().id.to_string();
    let events = lines.json();
    let named = |name: &str| events.iter().find(|line| line["event"] == name).unwrap();
    assert_eq!((named("start")["client_id"].as_str(), named("start")["initiator"].as_str()), (Some("tv"), Some(HOME)));
    for name in ["approve", "redeem"] {
        assert_eq!(named(name)["user"], maria.as_str(), "{name}");
        assert_eq!(named(name)["grant"], named("start")["grant"], "{name}");
    }
    assert_eq!(named("approve")["approver"], HOME);
}

#[tokio::test]
async fn a_report_a_refusal_and_a_replacement_are_told_apart() {
    let app = TestApp::new().await;
    let server = Caller::register(&app, "server", AuthMethod::ClientSecretBasic).await;
    let (lines, _guard) = log("off");
    for button in ["deny", "report"] {
        let started = Caller::tv().start(&app, "").await;
        app.decide(&started.user_code, button).await;
    }
    let started = server.start(&app, "openid").await;
    app.decide(&started.user_code, "approve").await;
    server.poll(&started.device_code).send(&app).await;
    app.advance(2);
    server.poll(&started.device_code).send(&app).await;
    let trail: Vec<String> =
        trail(&lines).into_iter().filter(|event| !["sign_in", "start", "display"].contains(&event.as_str())).collect();
    assert_eq!(trail, ["deny", "report", "approve", "redeem", "replay replaced", "redeem"]);
}

#[tokio::test]
async fn a_client_that_cannot_prove_itself_is_in_the_trail_and_why_is_in_the_log() {
    let app = TestApp::new().await;
    let server = Caller::register(&app, "server", AuthMethod::ClientSecretBasic).await;
    Caller::register_as(&app, Client { enabled: false, ..client("off", "Off") }).await;
    let (lines, _guard) = log("info");
    let wrong = Caller { secret: "wrong".into(), ..server.clone() };
    let posted = Caller { auth: AuthMethod::ClientSecretPost, ..server.clone() };
    let nobody = Caller { id: "nobody\u{202e}".into(), ..Caller::tv() };
    let missing = Caller { auth: AuthMethod::None, ..server };
    for caller in [&wrong, &posted, &missing, &Caller { id: "nobody".into(), ..nobody.clone() }] {
        for call in [caller.call(AUTHORIZATION, ""), caller.poll("x")] {
            call.send(&app).await;
        }
    }
    assert_eq!(trail(&lines), ["client_refused"; 8]);
    for (caller, parameters, cause) in [
        (Caller { id: "off".into(), ..Caller::tv() }, "", "ClientDisabled"),
        (Caller::tv(), "scope=admin", "ScopeNotAllowed"),
        (Caller::tv(), "scope=%22", "ScopeMalformed"),
    ] {
        caller.call(AUTHORIZATION, parameters).send(&app).await;
        let last = lines.json().pop().unwrap();
        assert_eq!((last["cause"].as_str(), last["level"].as_str()), (Some(cause), Some("INFO")), "{last}");
    }
    Caller::tv().poll("x").send(&app).await;
    assert_eq!(lines.json().pop().unwrap()["cause"], "CodeInvalid");
}

#[tokio::test]
async fn every_line_names_its_request_and_no_two_requests_share_a_name() {
    let app = TestApp::new().await;
    let (lines, _guard) = log("info");
    let before = lines.json().len();
    let started = Caller::tv().start(&app, "openid").await;
    app.decide(&started.user_code, "approve").await;
    Caller::tv().poll(&started.device_code).send(&app).await;
    Caller::tv().poll("x").send(&app).await;
    let id = |line: &Value| {
        let own = line["request"].as_str().or_else(|| line["span"]["request"].as_str());
        own.unwrap_or_else(|| panic!("{line}")).to_owned()
    };
    let lines = lines.json().split_off(before);
    let ids: BTreeSet<String> = lines.iter().map(id).collect();
    assert!(ids.iter().all(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit())), "{ids:?}");
    assert!(ids.len() >= 5, "{ids:?}");
}

#[tokio::test]
async fn what_fails_below_names_the_request_that_met_it() {
    let faults = store::FaultSettings { seed: 5, unavailable: 500, ..Default::default() };
    let (well, ill) = TestApp::new().await.behind(faults).await;
    let token = Caller::tv().signed_in(&well, "openid").await.text("access_token");
    let (lines, _guard) = log("info");
    for i in 0..20 {
        let caller = Caller { id: format!("new{i}"), ..Caller::tv() };
        caller.call(AUTHORIZATION, "").send(&ill).await;
        Call::get(USERINFO).bearer(&token).send(&ill).await;
        Call::get("/health/ready").send(&ill).await;
    }
    let lines: Vec<Value> =
        lines.json().into_iter().filter(|line| line["message"] == "a request cannot be served").collect();
    let routes: BTreeSet<&str> = lines.iter().map(|line| line["span"]["route"].as_str().expect("a span")).collect();
    assert_eq!(routes, BTreeSet::from(["device_authorization", "health", "userinfo"]));
    assert!(lines.iter().all(|line| line["span"]["request"].as_str().is_some_and(|id| id.len() == 16)));
}

#[tokio::test]
async fn requests_polls_and_events_are_counted() {
    let app = TestApp::new().await;
    let metrics = &app.metrics;
    let Started { user_code, device_code } = Caller::tv().start(&app, "openid").await;
    while !Caller::tv().poll(&device_code).send(&app).await.body().contains("slow_down") {}
    app.decide(&user_code, "approve").await;
    let token = Caller::tv().poll(&device_code).send(&app).await.text("access_token");
    Call::get(USERINFO).bearer(&token).send(&app).await;
    Call::get(USERINFO).send(&app).await;
    Call::get(METADATA).send(&app).await;
    Call::get(JWKS).send(&app).await;
    Call::get("/nothing").send(&app).await;
    Call::get(TOKEN).send(&app).await;
    Caller::tv().poll("x").send(&app).await;
    for (outcome, count) in [
        (PollOutcome::Pending, 4),
        (PollOutcome::SlowDown, 1),
        (PollOutcome::Redeemed, 1),
        (PollOutcome::Refused, 1),
        (PollOutcome::Held, 0),
    ] {
        assert_eq!(metrics.polls.value(outcome), count, "{outcome:?}");
    }
    for (route, class, count) in [
        (Route::DeviceAuthorization, StatusClass::Successful, 1),
        (Route::Token, StatusClass::ClientError, 7),
        (Route::Token, StatusClass::Successful, 1),
        (Route::Userinfo, StatusClass::Successful, 1),
        (Route::Userinfo, StatusClass::ClientError, 1),
        (Route::Metadata, StatusClass::Successful, 1),
        (Route::Jwks, StatusClass::Successful, 1),
        (Route::Other, StatusClass::ClientError, 1),
    ] {
        assert_eq!(metrics.requests.value(route, class), count, "{route:?} {class:?}");
    }
    for kind in [AuditKind::Start, AuditKind::Approve, AuditKind::Redeem] {
        assert_eq!(metrics.audit_events.value(kind), 1, "{kind:?}");
    }
}
