//! Clients' keys against an address that answers as it is told, in the time it is told.

mod sets;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use jose::{Algorithm, SigningKey};
use serde_json::json;
use tokio::sync::Semaphore;

use super::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// The address of all clients. Answers in the order given, the last again and again.
#[derive(Default)]
struct Host {
    answers: Mutex<VecDeque<Answer>>,
    calls: AtomicUsize,
    /// Whether answers wait until they are let go, one by one.
    gate: Option<Semaphore>,
}

#[derive(Clone)]
enum Answer {
    Busy,
    Down,
    Keys(String, Option<u64>),
    Panic,
}

struct Calls(Arc<Host>);

impl FetchJwks for Calls {
    fn fetch<'a>(&'a self, _: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            self.0.calls.fetch_add(1, Ordering::Relaxed);
            if let Some(gate) = &self.0.gate {
                gate.acquire().await.unwrap().forget();
            }
            let answer = {
                let mut answers = self.0.answers.lock().unwrap();
                if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
            };
            match answer.unwrap() {
                Answer::Busy => Err(FetchFailure::Busy),
                Answer::Down => Err(FetchFailure::Failed("down".into())),
                Answer::Keys(body, seconds) => {
                    Ok(Fetched { body: body.into_bytes(), max_age: seconds.map(Duration::from_secs) })
                }
                Answer::Panic => panic!("a fault of the fetcher"),
            }
        })
    }
}

/// A node, one client and its address.
struct World {
    cache: Arc<ClientKeyCache>,
    host: Arc<Host>,
}

impl World {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::of(Host { answers: Mutex::new(answers.into_iter().collect()), ..Host::default() })
    }

    /// Answers wait until they are let go.
    fn gated(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        Self::of(Host { answers, gate: Some(Semaphore::new(0)), ..Host::default() })
    }

    fn of(host: Host) -> Self {
        let host = Arc::new(host);
        Self { cache: Arc::new(ClientKeyCache::new(Calls(Arc::clone(&host)))), host }
    }

    /// The keys of the client, `seconds` after the beginning.
    async fn at(&self, seconds: u64, kid: Option<&str>) -> Result<Arc<JwkSet>, KeysUnavailable> {
        self.cache.get(&client("tv"), &at("https://tv.example/jwks"), kid, time(seconds)).await
    }

    fn calls(&self) -> usize {
        self.host.calls.load(Ordering::Relaxed)
    }

    fn let_go(&self) {
        self.host.gate.as_ref().unwrap().add_permits(1);
    }
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000) + Duration::from_secs(seconds)
}

fn client(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

fn at(url: &str) -> ClientKeys {
    ClientKeys::At(url.into())
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn set(keys: &[&SigningKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys }).to_string()
}

fn keys(keys: &[&SigningKey]) -> Answer {
    Answer::Keys(set(keys), None)
}

fn has(set: &JwkSet, key: &SigningKey) -> bool {
    set.find(key.kid()).is_some()
}

#[tokio::test]
async fn pk_10_a_copy_is_fresh_for_as_long_as_its_address_says_within_bounds() {
    let key = key();
    for (max_age, fresh) in [
        (None, HOUR),
        (Some(0), 5 * MINUTE),
        (Some(299), 5 * MINUTE),
        (Some(301), 301),
        (Some(2 * HOUR), 2 * HOUR),
        (Some(DAY + 1), DAY),
        (Some(u64::MAX / 4), DAY),
    ] {
        let world = World::new([Answer::Keys(set(&[&key]), max_age)]);
        for (seconds, calls) in [(0, 1), (1, 1), (fresh - 1, 1), (fresh, 2), (fresh + 1, 2)] {
            assert!(has(&world.at(seconds, Some(key.kid())).await.unwrap(), &key));
            assert_eq!(world.calls(), calls, "{max_age:?} after {seconds} s");
        }
    }
}

#[tokio::test]
async fn pk_10_an_unknown_kid_causes_one_fetch_a_minute_at_most() {
    let key = key();
    let world = World::new([keys(&[&key])]);
    world.at(0, Some(key.kid())).await.unwrap();
    for second in 0..10 * MINUTE {
        for number in 0..3 {
            let unknown = format!("{second}-{number}");
            assert!(has(&world.at(second, Some(&unknown)).await.unwrap(), &key));
        }
        let most = 1 + usize::try_from(second / MINUTE).unwrap();
        assert_eq!(world.calls(), most, "after {second} s");
    }
}

#[tokio::test]
async fn pk_10_a_client_that_rotates_is_known_by_its_new_key_within_a_minute() {
    let (old, new) = (key(), key());
    let world = World::new([keys(&[&old]), keys(&[&new, &old])]);
    assert!(has(&world.at(0, Some(old.kid())).await.unwrap(), &old));
    assert!(!has(&world.at(59, Some(new.kid())).await.unwrap(), &new));
    assert!(has(&world.at(60, Some(new.kid())).await.unwrap(), &new));
    assert!(has(&world.at(61, Some(old.kid())).await.unwrap(), &old));
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn an_assertion_that_names_no_key_causes_no_fetch() {
    let world = World::new([keys(&[&key()])]);
    for seconds in [0, 61, HOUR - 1] {
        world.at(seconds, None).await.unwrap();
    }
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn pk_10_all_who_need_the_keys_wait_for_one_fetch() {
    let key = key();
    let world = Arc::new(World::gated([keys(&[&key])]));
    let waiting: Vec<_> = (0..64)
        .map(|_| {
            let (world, kid) = (Arc::clone(&world), key.kid().to_owned());
            tokio::spawn(async move { world.at(0, Some(&kid)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    world.let_go();
    for waiting in waiting {
        assert!(has(&waiting.await.unwrap().unwrap(), &key));
    }
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn pk_10_hanging_up_neither_ends_a_fetch_nor_lets_another_begin() {
    let key = key();
    let world = World::gated([keys(&[&key])]);
    for _ in 0..100 {
        tokio::select! {
            biased;
            _ = world.at(0, None) => panic!("nothing was let go"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(world.calls(), 1);
    world.let_go();
    assert!(has(&world.at(1, None).await.unwrap(), &key));
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn while_a_copy_is_renewed_only_those_wait_that_it_does_not_serve() {
    let (old, new) = (key(), key());
    let world = World::gated([keys(&[&old]), keys(&[&old, &new])]);
    world.let_go();
    world.at(0, None).await.unwrap();
    let mut renewal = Box::pin(world.at(HOUR, None));
    let mut rotated = Box::pin(world.at(HOUR, Some(new.kid())));
    for _ in 0..3 {
        tokio::select! {
            biased;
            _ = &mut renewal => panic!("nothing was let go"),
            _ = &mut rotated => panic!("the copy lacks this key"),
            () = tokio::task::yield_now() => {}
        }
        assert!(has(&world.at(HOUR, Some(old.kid())).await.unwrap(), &old));
    }
    world.let_go();
    assert!(has(&renewal.await.unwrap(), &new));
    assert!(has(&rotated.await.unwrap(), &new));
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn pk_10_an_address_that_fails_is_asked_less_and_less_often() {
    let world = World::new([Answer::Down]);
    let mut asked = Vec::new();
    for second in 0..2 * HOUR {
        let before = world.calls();
        assert_eq!(world.at(second, None).await.unwrap_err(), KeysUnavailable::Unreachable);
        if world.calls() > before {
            asked.push(second / MINUTE);
        }
    }
    assert_eq!(asked, [0, 1, 3, 7, 15, 31, 47, 63, 79, 95, 111]);
}

#[tokio::test]
async fn a_success_makes_an_address_as_good_as_new() {
    let key = key();
    let down = || Answer::Down;
    let world = World::new([down(), down(), down(), keys(&[&key]), down(), keys(&[&key])]);
    for seconds in [0, MINUTE, 3 * MINUTE] {
        world.at(seconds, None).await.unwrap_err();
    }
    world.at(7 * MINUTE, None).await.unwrap();
    let expired = 7 * MINUTE + HOUR;
    world.at(expired, None).await.unwrap();
    world.at(expired + 59, None).await.unwrap();
    assert_eq!(world.calls(), 5);
    world.at(expired + 60, None).await.unwrap();
    assert_eq!(world.calls(), 6);
}

#[tokio::test]
async fn a_copy_that_cannot_be_renewed_goes_on_for_four_hours() {
    let key = key();
    let world = World::new([keys(&[&key]), Answer::Down]);
    world.at(0, None).await.unwrap();
    for seconds in [HOUR, HOUR + 1, 5 * HOUR - 1] {
        assert!(has(&world.at(seconds, Some(key.kid())).await.unwrap(), &key), "{seconds}");
    }
    assert_eq!(world.at(5 * HOUR, Some(key.kid())).await.unwrap_err(), KeysUnavailable::Unreachable);
    assert_eq!(world.at(9 * HOUR, Some(key.kid())).await.unwrap_err(), KeysUnavailable::Unreachable);
}

#[tokio::test]
async fn an_answer_without_keys_takes_the_old_ones_away() {
    let key = key();
    let world = World::new([keys(&[&key]), keys(&[])]);
    world.at(0, None).await.unwrap();
    assert!(world.at(HOUR, None).await.unwrap().keys().is_empty());
}

#[tokio::test]
async fn a_node_without_a_place_to_fetch_does_not_blame_the_address() {
    let key = key();
    let world = World::new([Answer::Busy, Answer::Busy, keys(&[&key]), Answer::Busy, keys(&[&key])]);
    assert_eq!(world.at(0, None).await.unwrap_err(), KeysUnavailable::Busy);
    assert_eq!(world.at(0, None).await.unwrap_err(), KeysUnavailable::Busy);
    assert_eq!(world.calls(), 1);
    assert_eq!(world.at(1, None).await.unwrap_err(), KeysUnavailable::Busy);
    assert!(has(&world.at(2, None).await.unwrap(), &key));
    assert!(has(&world.at(HOUR + 2, None).await.unwrap(), &key), "the stale copy");
    assert_eq!(world.calls(), 4);
    world.at(HOUR + 3, None).await.unwrap();
    assert_eq!(world.calls(), 5);
}

#[tokio::test]
async fn a_changed_registration_begins_anew_and_what_was_under_way_for_the_old_is_forgotten() {
    let (old, new) = (key(), key());
    let world = World::gated([keys(&[&old]), keys(&[&new])]);
    let mut late = Box::pin(world.at(0, None));
    tokio::select! { biased; _ = &mut late => panic!("nothing was let go"), () = tokio::task::yield_now() => {} }
    let registered = ClientKeys::Set(set(&[&new]).into());
    let changed = world.cache.get(&client("tv"), &registered, None, time(1)).await.unwrap();
    assert!(has(&changed, &new));
    world.let_go();
    assert_eq!(late.await.map(|_| ()), Err(KeysUnavailable::Busy));
    let still = world.cache.get(&client("tv"), &registered, None, time(2)).await.unwrap();
    assert!(has(&still, &new) && !has(&still, &old));
}

#[tokio::test]
async fn a_fetch_that_panics_is_one_that_failed() {
    let key = key();
    let world = World::new([Answer::Panic, keys(&[&key])]);
    assert_eq!(world.at(0, None).await.unwrap_err(), KeysUnavailable::Unreachable);
    assert_eq!(world.at(59, None).await.unwrap_err(), KeysUnavailable::Unreachable);
    assert_eq!(world.calls(), 1);
    assert!(has(&world.at(60, None).await.unwrap(), &key));
}

#[tokio::test]
async fn a_clock_that_was_ahead_does_not_keep_a_copy_or_put_a_fetch_off() {
    let (old, new) = (key(), key());
    let world = World::new([keys(&[&old]), keys(&[&new])]);
    world.at(400 * DAY, None).await.unwrap();
    assert!(has(&world.at(0, None).await.unwrap(), &new));
    let world = World::new([Answer::Down, keys(&[&new])]);
    world.at(400 * DAY, None).await.unwrap_err();
    assert!(has(&world.at(0, None).await.unwrap(), &new));
}

#[tokio::test]
async fn a_node_without_a_fetcher_reaches_no_address() {
    let refused = ClientKeyCache::new(Nowhere).get(&client("tv"), &at("https://tv.example/jwks"), None, time(0)).await;
    assert_eq!(refused.map(|_| ()), Err(KeysUnavailable::Unreachable));
}
