//! The loop does what the machine says: what is sent, when, and how it ends.

use std::time::Duration;

use client::{Error, Event, Failure, LoginRequest, Retry};
use proto::device::Settings;
use proto::wire::error::ErrorCode;
use serde_json::json;

use crate::script::{Move, Script, client, codes, error, json_reply, reply, run, sign_in, tokens, with_header};

#[tokio::test]
async fn df_7_1_requests_have_the_registered_shape() {
    let script =
        Script::sign_in(json_reply(200, codes()), vec![error(400, "authorization_pending"), json_reply(200, tokens())]);
    let signed_in = run(&script).await.unwrap();
    assert_eq!(signed_in.session.access_token.reveal(), "the-access-token");
    assert_eq!(signed_in.session.scope.as_deref(), Some("openid files"), "left out means as asked for");

    let seen = script.seen();
    let (start, poll) = (&seen[0], &seen[1]);
    assert_eq!(start.url, "https://id.example.com/oauth2/device_authorization");
    assert_eq!(start.body, "scope=openid+files&client_id=tv");
    assert_eq!(poll.url, "https://id.example.com/oauth2/token");
    assert_eq!(poll.form("grant_type"), ["urn:ietf:params:oauth:grant-type:device_code"]);
    assert_eq!(
        (poll.form("device_code"), poll.form("client_id")),
        (vec!["the-device-code".to_owned()], vec!["tv".to_owned()])
    );
    for request in [start, poll] {
        assert_eq!(request.method, "POST");
        assert_eq!(request.headers["accept"], "application/json");
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    }
    assert_eq!(poll.headers["prefer"], "wait=30");
}

#[tokio::test]
async fn df_3_1_7_scope_may_be_left_out_and_extensions_are_sent_when_asked() {
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())]);
    let client = client(&script).await;
    client.start(LoginRequest::default()).await.unwrap();
    assert_eq!(script.seen()[0].body, "client_id=tv");
    let request = LoginRequest {
        audience: Some("https://api".to_owned()),
        device_name: Some("Küche".to_owned()),
        resources: vec!["https://a.example/".to_owned(), "https://b.example/".to_owned()],
        ..LoginRequest::default()
    };
    client.start(request).await.unwrap();
    let seen = &script.seen()[1];
    assert_eq!(
        (seen.form("resource").len(), seen.form("device_name"), seen.form("audience").len()),
        (2, vec!["Küche".to_owned()], 1)
    );
}

#[tokio::test]
async fn df_3_3_3_the_prompt_has_code_and_address() {
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())]);
    let client = client(&script).await;
    let login = client.start(LoginRequest::default()).await.unwrap();
    let prompt = login.prompt();
    assert_eq!(prompt.user_code.as_str(), "WDJB-MJHT");
    assert_eq!(prompt.verification_uri.as_str(), "https://id.example.com/device");
    assert_eq!(prompt.verification_uri_complete.as_ref().unwrap().as_str(), "https://id.example.com/D/WDJB-MJHT");
    assert_eq!((prompt.expires_at.monotonic, prompt.interval), (Duration::from_secs(600), Duration::from_secs(5)));
    assert_eq!((prompt.foreign_host.clone(), prompt.quirks.len()), (None, 0));
    assert!(!format!("{prompt:?}").contains("the-device-code"), "DF-3.3-6");
}

#[tokio::test]
async fn df_3_5_8_df_3_5_9_events_tell_what_happens() {
    let polls = vec![
        error(400, "authorization_pending"),
        json_reply(400, json!({"error": "slow_down", "interval": 20})),
        Move::Fail(Failure::Connect),
        reply(502, "text/html", "<html>"),
        json_reply(200, tokens()),
    ];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let (result, events) = sign_in(&client(&script).await).await;
    result.unwrap();
    assert_eq!(events[..2], [Event::Pending, Event::SlowDown { interval: Duration::from_secs(20) }]);
    assert!(matches!(events[2], Event::Retry { reason: Retry::Failure(Failure::Connect), .. }));
    assert!(matches!(events[3], Event::Retry { reason: Retry::Status(502), .. }));
}

#[tokio::test]
async fn df_3_5_20_retry_after_is_obeyed() {
    let busy = with_header(reply(503, "text/plain", ""), "retry-after", "55");
    let script = Script::sign_in(json_reply(200, codes()), vec![busy, json_reply(200, tokens())]);
    run(&script).await.unwrap();
    let polls = script.polls();
    assert!(polls[1].at - polls[0].at >= Duration::from_secs(55));
}

#[tokio::test]
async fn lp_10_lp_11_held_polls_follow_each_other_and_may_take_their_time() {
    let mut count = 0;
    let script = Script::new(move |seen| {
        if seen.form("grant_type").is_empty() {
            return (Duration::ZERO, json_reply(200, codes()));
        }
        count += 1;
        let held = with_header(error(400, "authorization_pending"), "preference-applied", "wait=30");
        // 39 s: LP-10 wants a timeout of more than N + 10.
        (Duration::from_secs(39), if count < 4 { held } else { json_reply(200, tokens()) })
    });
    run(&script).await.unwrap();
    let polls = script.polls();
    assert!(polls.windows(2).all(|pair| pair[1].at - pair[0].at == Duration::from_secs(39)));
    assert!(Settings::default().wait.is_some());
}

#[tokio::test]
async fn each_end_is_its_own_error() {
    let end = async |polls: Vec<Move>| {
        let script = Script::sign_in(json_reply(200, codes()), polls);
        (run(&script).await.unwrap_err(), script)
    };
    assert_eq!(end(vec![error(400, "access_denied")]).await.0, Error::Denied);
    assert_eq!(end(vec![error(400, "expired_token")]).await.0, Error::Expired);
    let (refused, script) = end(vec![error(400, "invalid_grant")]).await;
    assert!(matches!(refused, Error::Refused(_)));
    assert_eq!(script.polls().len(), 1, "DF-3.5-10");

    let (expired, script) = end(vec![error(400, "authorization_pending")]).await;
    assert_eq!(expired, Error::Expired);
    assert_eq!(script.clock.elapsed(), Duration::from_secs(600), "DF-3.5-21");
    assert!(script.polls().last().unwrap().at > Duration::from_secs(599), "a last poll right before expiry");

    let (unreachable, script) = end(vec![Move::Fail(Failure::Timeout)]).await;
    assert!(matches!(unreachable, Error::Unreachable(_)));
    assert!(script.polls().len() < 20, "DF-3.5-12: {}", script.polls().len());
}

#[tokio::test]
async fn cf_16_refusals_at_the_start_are_told() {
    let start = async |reply: Move| {
        let script = Script::sign_in(reply, vec![error(400, "access_denied")]);
        let result = run(&script).await.unwrap_err();
        assert_eq!(script.polls().len(), 0);
        result
    };
    let Error::Refused(refusal) = start(error(401, "invalid_client")).await else { panic!() };
    assert_eq!((refusal.status, refusal.error.as_str()), (401, "invalid_client"));
    assert!(matches!(start(reply(404, "text/html", "<html>not found")).await, Error::NoDeviceFlow(404)));
    assert!(matches!(start(reply(502, "text/html", "<html>")).await, Error::Unreachable(_)));
    assert!(matches!(start(reply(429, "text/html", "")).await, Error::Unreachable(_)));
    assert!(matches!(start(Move::Fail(Failure::Connect)).await, Error::Unreachable(_)));

    // CF-16: a throttled request is not repeated by itself; a person decides when.
    let Error::Refused(refusal) = start(error(429, "temporarily_unavailable")).await else { panic!() };
    assert_eq!((refusal.status, refusal.code), (429, Some(ErrorCode::TemporarilyUnavailable)));
}

#[tokio::test]
async fn df_3_5_16_a_wake_up_shortens_a_long_wait_but_not_the_interval() {
    let polls = vec![
        Move::Fail(Failure::Connect),
        Move::Fail(Failure::Connect),
        Move::Fail(Failure::Connect),
        json_reply(200, tokens()),
    ];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let client = client(&script).await;
    let login = client.start(LoginRequest::default()).await.unwrap();
    let waker = login.waker();
    login
        .finish(move |event| {
            if matches!(event, Event::Retry { .. }) {
                waker.notify_one();
            }
        })
        .await
        .unwrap();
    let polls = script.polls();
    for pair in polls.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_secs(5));
    }
}

#[tokio::test]
async fn at_6_1_an_access_token_is_passed_on_as_it_came() {
    for opaque in ["eyJhbGciOiJub25lIn0.e30.", "{\"a\":1}", "x y|z~"] {
        let body = json!({"access_token": opaque, "token_type": "Bearer"});
        let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, body)]);
        assert_eq!(run(&script).await.unwrap().session.access_token.reveal(), opaque);
    }
}
