//! How long answers about tokens are used, how many of them, and how many questions run at once (RFC 7662 §4).

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Method, Uri};
use resource::{Access, Cause, JwkSet, Refusal, ServerError, Timestamp, Validator};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::asked::{Asked, after, api};
use crate::world::{NOW, bearer};

async fn show(api: &Validator<JwkSet>, token: &str, now: Timestamp) -> Result<Access, Refusal> {
    api.authorize(&Method::GET, &Uri::from_static("/things"), &bearer(token), now).await
}

#[tokio::test]
async fn in_4_1_answers_are_kept_for_ten_seconds_and_for_thirty_at_most() {
    let long = Duration::from_secs(3600);
    for (wanted, kept) in [(None, 10), (Some(Duration::from_secs(2)), 2), (Some(Duration::ZERO), 0), (Some(long), 30)] {
        let asked = Asked::about(&json!({}));
        let introspection = asked.introspection();
        let api = api(match wanted {
            Some(wanted) => introspection.keep_for(wanted),
            None => introspection,
        });
        for at in 0..=kept {
            assert!(show(&api, "one", after(at)).await.is_ok());
            assert_eq!(asked.questions(), if at < kept || kept == 0 { 1 } else { 2 }, "{wanted:?} at {at}");
        }
        assert!(show(&api, "two", after(kept)).await.is_ok());
        assert_eq!(asked.questions(), if kept == 0 { 2 } else { 3 }, "each token for itself");
    }
}

#[tokio::test]
async fn in_4_1_no_answer_is_kept_beyond_the_end_of_the_token() {
    let asked = Asked::about(&json!({"exp": NOW.as_seconds() + 4}));
    let api = asked.api();
    for at in 0..4 {
        assert!(show(&api, "one", after(at)).await.is_ok());
        assert_eq!(asked.questions(), 1);
    }
    asked.say(&json!({"active": false}));
    assert!(matches!(show(&api, "one", after(4)).await.unwrap_err().cause, Cause::Inactive));
    assert_eq!(asked.questions(), 2, "nor for the leeway that clocks get");
}

#[tokio::test]
async fn in_4_1_what_is_not_active_is_kept_for_five_seconds_at_most() {
    for (wanted, kept) in [(Duration::from_secs(30), 5), (Duration::from_secs(2), 2), (Duration::ZERO, 0)] {
        let asked = Asked::about(&json!({"active": false}));
        let api = api(asked.introspection().keep_for(wanted));
        for at in 0..kept {
            assert!(matches!(show(&api, "one", after(at)).await.unwrap_err().cause, Cause::Inactive));
            assert_eq!(asked.questions(), 1, "{wanted:?} at {at}");
        }
        asked.say(&json!({}));
        assert!(show(&api, "one", after(kept)).await.is_ok());
    }
}

#[tokio::test]
async fn in_4_1_a_revoked_token_is_refused_when_its_answer_is_too_old_or_at_once() {
    let asked = Asked::about(&json!({}));
    let (usual, strict) = (asked.api(), api(asked.introspection().keep_for(Duration::ZERO)));
    for api in [&usual, &strict] {
        assert!(show(api, "one", NOW).await.is_ok());
    }
    asked.say(&json!({"active": false}));
    assert!(show(&usual, "one", after(9)).await.is_ok());
    assert!(show(&strict, "one", NOW).await.is_err());
    assert!(show(&usual, "one", after(10)).await.is_err());
}

#[tokio::test]
async fn a_failed_question_is_not_kept() {
    let asked = Asked::about(&json!({}));
    let api = asked.api();
    *asked.unreachable.lock().unwrap() = true;
    assert!(show(&api, "one", NOW).await.is_err());
    *asked.unreachable.lock().unwrap() = false;
    assert!(show(&api, "one", NOW).await.is_ok());
}

#[tokio::test]
async fn the_oldest_goes_when_there_is_no_room_and_noise_pushes_no_good_token_out() {
    let asked = Asked::about(&json!({}));
    let api = api(asked.introspection().keep_at_most(2));
    for token in ["one", "two", "three"] {
        assert!(show(&api, token, NOW).await.is_ok());
    }
    assert_eq!(asked.questions(), 3);
    for token in ["two", "three"] {
        assert!(show(&api, token, NOW).await.is_ok());
    }
    assert_eq!(asked.questions(), 3);
    assert!(show(&api, "one", NOW).await.is_ok());
    assert_eq!(asked.questions(), 4);

    asked.say(&json!({"active": false}));
    for noise in 0..100 {
        assert!(show(&api, &format!("noise-{noise}"), NOW).await.is_err());
    }
    assert_eq!(asked.questions(), 104);
    for token in ["three", "one"] {
        assert!(show(&api, token, NOW).await.is_ok());
    }
    assert_eq!(asked.questions(), 104);
    assert!(show(&api, "noise-99", NOW).await.is_err());
    assert_eq!(asked.questions(), 104);
    assert!(show(&api, "noise-0", NOW).await.is_err());
    assert_eq!(asked.questions(), 105);
}

#[tokio::test]
async fn an_answer_that_is_renewed_takes_one_place() {
    let asked = Asked::about(&json!({}));
    let api = api(asked.introspection().keep_at_most(2));
    for at in [0, 10, 20] {
        assert!(show(&api, "one", after(at)).await.is_ok());
    }
    assert!(show(&api, "two", after(20)).await.is_ok());
    assert_eq!(asked.questions(), 4);
    for token in ["one", "two"] {
        assert!(show(&api, token, after(21)).await.is_ok());
    }
    assert_eq!(asked.questions(), 4);
}

/// Polls once; everything here that can go on without waiting does.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn gated() -> Arc<Asked> {
    Asked::with(&json!({}), Some(Semaphore::new(0)))
}

#[test]
fn one_question_at_a_time_is_asked_about_one_token() {
    let asked = gated();
    let api = asked.api();
    let mut waiting: Vec<_> = (0..20).map(|_| Box::pin(show(&api, "one", NOW))).collect();
    let mut other = pin!(show(&api, "two", NOW));
    for request in &mut waiting {
        assert!(poll_once(request).is_pending());
    }
    assert!(poll_once(&mut other).is_pending());
    assert_eq!(asked.questions(), 2, "another token waits for nobody");
    asked.gate.as_ref().unwrap().add_permits(2);
    for request in &mut waiting {
        assert!(matches!(poll_once(request), Poll::Ready(Ok(_))));
    }
    assert!(matches!(poll_once(&mut other), Poll::Ready(Ok(_))));
    assert_eq!(asked.questions(), 2);
}

#[test]
fn in_4_1_an_answer_that_is_not_kept_counts_for_those_alone_who_came_before_its_question() {
    let asked = gated();
    let api = api(asked.introspection().keep_for(Duration::ZERO));
    let gate = asked.gate.as_ref().unwrap();
    let mut first = pin!(show(&api, "one", NOW));
    assert!(poll_once(&mut first).is_pending());
    let mut later: Vec<_> = (0..20).map(|_| Box::pin(show(&api, "one", NOW))).collect();
    for request in &mut later {
        assert!(poll_once(request).is_pending());
    }
    gate.add_permits(1);
    assert!(matches!(poll_once(&mut first), Poll::Ready(Ok(_))));
    asked.say(&json!({"active": false}));
    for request in &mut later {
        assert!(poll_once(request).is_pending() || asked.questions() == 2);
    }
    gate.add_permits(1);
    for request in &mut later {
        assert!(matches!(poll_once(request), Poll::Ready(Err(_))), "it was revoked before their question");
    }
    assert_eq!(asked.questions(), 2, "all of them share the second");
}

#[test]
fn a_failure_is_shared_by_all_who_waited() {
    let asked = gated();
    let api = asked.api();
    let mut waiting: Vec<_> = (0..20).map(|_| Box::pin(show(&api, "one", NOW))).collect();
    for request in &mut waiting {
        assert!(poll_once(request).is_pending());
    }
    *asked.answer.lock().unwrap() = (http::StatusCode::BAD_GATEWAY, Vec::new());
    asked.gate.as_ref().unwrap().add_permits(2);
    for request in &mut waiting {
        let Poll::Ready(Err(refusal)) = poll_once(request) else { panic!("it goes on") };
        assert!(matches!(refusal.cause, Cause::Introspection(ServerError::Status(_))));
    }
    assert_eq!(asked.questions(), 2, "the first, and one for all who came after it had begun");
}

#[test]
fn a_request_given_up_in_a_question_blocks_nobody() {
    let asked = gated();
    let api = api(asked.introspection().at_once(1));
    {
        let mut given_up = pin!(show(&api, "one", NOW));
        assert!(poll_once(&mut given_up).is_pending());
    }
    asked.gate.as_ref().unwrap().add_permits(1);
    let mut next = pin!(show(&api, "one", NOW));
    assert!(matches!(poll_once(&mut next), Poll::Ready(Ok(_))));
}

#[test]
fn more_questions_at_once_than_allowed_are_put_off() {
    let asked = gated();
    let api = api(asked.introspection().at_once(2));
    let mut waiting: Vec<_> = ["one", "two"].map(|token| Box::pin(show(&api, token, NOW))).into();
    for request in &mut waiting {
        assert!(poll_once(request).is_pending());
    }
    let mut beyond = pin!(show(&api, "three", NOW));
    let Poll::Ready(Err(refusal)) = poll_once(&mut beyond) else { panic!("it waits") };
    assert!(matches!(refusal.cause, Cause::Introspection(ServerError::Busy)));
    assert_eq!(api.answer(&refusal, NOW).status, http::StatusCode::SERVICE_UNAVAILABLE);
    asked.gate.as_ref().unwrap().add_permits(3);
    for request in &mut waiting {
        assert!(matches!(poll_once(request), Poll::Ready(Ok(_))));
    }
    let mut next = pin!(show(&api, "three", NOW));
    assert!(matches!(poll_once(&mut next), Poll::Ready(Ok(_))));
}
