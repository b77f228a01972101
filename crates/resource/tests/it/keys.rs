//! Keys of the issuer: fetched when needed, kept meanwhile, renewed at a bounded rate (RFC 7517, RFC 8725 §3.10).

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, Uri};
use jose::{Algorithm, JwkSet, SigningKey, TokenError, VerifyError};
use resource::{Access, Cause, KeySource, Refusal, SourceError, Timestamp, Validator};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::world::{API, ISSUER, KEY, NOW, bearer, set, token_by};

/// Gives what is planned, in order, then fails; counts; waits for a permit where there is a gate.
#[derive(Default)]
struct Planned {
    sets: Mutex<VecDeque<JwkSet>>,
    fetches: Mutex<usize>,
    gate: Option<Semaphore>,
}

impl Planned {
    fn sets(sets: impl IntoIterator<Item = JwkSet>) -> Arc<Self> {
        Arc::new(Self { sets: Mutex::new(sets.into_iter().collect()), ..Self::default() })
    }

    fn fetches(&self) -> usize {
        *self.fetches.lock().unwrap()
    }
}

impl KeySource for Planned {
    async fn fetch(&self) -> Result<JwkSet, SourceError> {
        *self.fetches.lock().unwrap() += 1;
        if let Some(gate) = &self.gate {
            gate.acquire().await?.forget();
        }
        self.sets.lock().unwrap().pop_front().ok_or_else(|| "no route to host".into())
    }
}

type Api = Validator<Arc<Planned>>;

fn api(source: &Arc<Planned>) -> Api {
    Validator::new(ISSUER, API, Arc::clone(source))
}

/// A token made to be valid whenever it is shown.
fn headers_by(key: &SigningKey) -> HeaderMap {
    bearer(&token_by(key, "at+jwt", &json!({"exp": 1_900_000_000})))
}

async fn show(api: &Api, headers: &HeaderMap, at: Timestamp) -> Result<Access, Refusal> {
    api.authorize(&Method::GET, &Uri::from_static("/things"), headers, at).await
}

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn is_unknown_key(refusal: &Refusal) -> bool {
    matches!(refusal.cause, Cause::Token(TokenError::Verify(VerifyError::KeyNotFound)))
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept_for_an_hour() {
    let source = Planned::sets([set(&[&KEY]), set(&[&KEY])]);
    let (api, known) = (api(&source), headers_by(&KEY));
    for at in [0, 1, 3599] {
        assert!(show(&api, &known, after(at)).await.is_ok());
    }
    assert_eq!(source.fetches(), 1);
    assert!(show(&api, &known, after(3600)).await.is_ok());
    assert_eq!(source.fetches(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_at_most_once_a_minute() {
    let (new, stranger) =
        (SigningKey::generate(Algorithm::Es256).unwrap(), SigningKey::generate(Algorithm::Es256).unwrap());
    let source = Planned::sets([set(&[&KEY]), set(&[&KEY, &new]), set(&[&KEY, &new])]);
    let api = api(&source);
    assert!(show(&api, &headers_by(&KEY), after(0)).await.is_ok());
    assert!(is_unknown_key(&show(&api, &headers_by(&new), after(59)).await.unwrap_err()));
    assert_eq!(source.fetches(), 1, "within a minute of the first");
    assert!(show(&api, &headers_by(&new), after(60)).await.is_ok());
    assert_eq!(source.fetches(), 2);
    for at in [60, 61, 90, 119] {
        assert!(is_unknown_key(&show(&api, &headers_by(&stranger), after(at)).await.unwrap_err()));
    }
    assert_eq!(source.fetches(), 2);
    assert!(is_unknown_key(&show(&api, &headers_by(&stranger), after(120)).await.unwrap_err()));
    assert!(is_unknown_key(&show(&api, &headers_by(&stranger), after(121)).await.unwrap_err()));
    assert_eq!(source.fetches(), 3);
    assert!(show(&api, &headers_by(&KEY), after(122)).await.is_ok());
}

#[tokio::test]
async fn a_key_that_is_gone_from_the_set_is_gone() {
    let new = SigningKey::generate(Algorithm::Es256).unwrap();
    let source = Planned::sets([set(&[&KEY]), set(&[&new])]);
    let api = api(&source);
    assert!(show(&api, &headers_by(&KEY), after(0)).await.is_ok());
    assert!(is_unknown_key(&show(&api, &headers_by(&KEY), after(3600)).await.unwrap_err()));
    assert!(show(&api, &headers_by(&new), after(3600)).await.is_ok());
}

#[tokio::test]
async fn without_keys_the_answer_is_503_and_the_source_is_spared() {
    let source = Planned::sets([]);
    let (api, known) = (api(&source), headers_by(&KEY));
    let refusal = show(&api, &known, after(0)).await.unwrap_err();
    assert!(refusal.to_string().contains("no route to host"));
    let answer = api.answer(&refusal, after(0));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after") && !answer.headers.contains_key("www-authenticate"));
    assert!(matches!(show(&api, &known, after(4)).await.unwrap_err().cause, Cause::Keys(_)));
    assert_eq!(source.fetches(), 1);
    source.sets.lock().unwrap().push_back(set(&[&KEY]));
    assert!(show(&api, &known, after(5)).await.is_ok());
}

#[tokio::test]
async fn while_the_source_fails_the_old_keys_go_on_for_a_day() {
    let source = Planned::sets([set(&[&KEY])]);
    let (api, known) = (api(&source), headers_by(&KEY));
    let day = 24 * 3600;
    for at in [0, 3600, 3601, 3659, 3660, day - 1] {
        assert!(show(&api, &known, after(at)).await.is_ok(), "{at}");
    }
    assert_eq!(source.fetches(), 4, "0, 3600, 3660 and the last");
    assert!(matches!(show(&api, &known, after(day + 5)).await.unwrap_err().cause, Cause::Keys(_)));
}

/// Polls once; everything here that can go on without waiting does.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn one_fetch_runs_at_a_time_and_only_those_wait_that_must() {
    let gate = Some(Semaphore::new(0));
    let sets = Mutex::new([set(&[&KEY]), set(&[&KEY])].into());
    let source = Arc::new(Planned { sets, gate, ..Planned::default() });
    let (api, known) = (api(&source), headers_by(&KEY));
    let gate = source.gate.as_ref().unwrap();

    let mut first = pin!(show(&api, &known, after(0)));
    let mut second = pin!(show(&api, &known, after(0)));
    assert!(poll_once(&mut first).is_pending() && poll_once(&mut second).is_pending());
    gate.add_permits(1);
    assert!(matches!(poll_once(&mut first), Poll::Ready(Ok(_))));
    assert!(matches!(poll_once(&mut second), Poll::Ready(Ok(_))));
    assert_eq!(source.fetches(), 1);

    let mut renewing = pin!(show(&api, &known, after(3600)));
    assert!(poll_once(&mut renewing).is_pending());
    let mut meanwhile = pin!(show(&api, &known, after(3600)));
    assert!(matches!(poll_once(&mut meanwhile), Poll::Ready(Ok(_))), "the old keys are good enough");
    gate.add_permits(1);
    assert!(matches!(poll_once(&mut renewing), Poll::Ready(Ok(_))));
    assert_eq!(source.fetches(), 2);
}

#[test]
fn a_request_given_up_in_a_fetch_blocks_nobody() {
    let sets = Mutex::new([set(&[&KEY])].into());
    let source = Arc::new(Planned { sets, gate: Some(Semaphore::new(0)), ..Planned::default() });
    let (api, known) = (api(&source), headers_by(&KEY));
    {
        let mut given_up = pin!(show(&api, &known, after(0)));
        assert!(poll_once(&mut given_up).is_pending());
    }
    source.gate.as_ref().unwrap().add_permits(1);
    assert!(
        matches!(poll_once(&mut pin!(show(&api, &known, after(0)))), Poll::Ready(Err(_))),
        "not with every request"
    );
    let mut next = pin!(show(&api, &known, after(1)));
    assert!(matches!(poll_once(&mut next), Poll::Ready(Ok(_))));
    assert_eq!(source.fetches(), 2);
}

#[test]
fn who_hangs_up_keeps_no_new_key_from_others() {
    let next = SigningKey::generate(Algorithm::Es256).unwrap();
    let sets = Mutex::new([set(&[&KEY]), set(&[&KEY, &next])].into());
    let source = Arc::new(Planned { sets, gate: Some(Semaphore::new(1)), ..Planned::default() });
    let (api, known, new) = (api(&source), headers_by(&KEY), headers_by(&next));
    assert!(matches!(poll_once(&mut pin!(show(&api, &known, after(0)))), Poll::Ready(Ok(_))));
    for at in [60, 61, 62] {
        assert!(poll_once(&mut pin!(show(&api, &new, after(at)))).is_pending(), "{at}");
    }
    source.gate.as_ref().unwrap().add_permits(1);
    assert!(matches!(poll_once(&mut pin!(show(&api, &new, after(63)))), Poll::Ready(Ok(_))));
}
