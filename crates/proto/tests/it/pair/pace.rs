//! Who polls how fast, and that nobody is locked out by it.

use std::time::Duration;

use proto::device::{Event, Outcome};
use proto::grant::decide::Verdict;
use proto::grant::lookup::Ended;
use proto::model::AuthMethod;
use proto::wire::error::ErrorCode;

use super::{Pair, ms, secs};
use crate::rows::LIFETIME;

const PENDING: Result<(), ErrorCode> = Err(ErrorCode::AuthorizationPending);
const SLOW_DOWN: Result<(), ErrorCode> = Err(ErrorCode::SlowDown);

/// What a client that polls at these moments is told while nobody decides.
fn told(moments: impl IntoIterator<Item = Duration>) -> Vec<Result<(), ErrorCode>> {
    let mut pair = Pair::new(AuthMethod::None);
    moments.into_iter().map(|moment| pair.code_at(moment)).collect()
}

#[test]
fn df_3_5_17_df_3_5_7_our_own_device_never_slows_down() {
    let mut pair = Pair::new(AuthMethod::None);
    assert_eq!(pair.drive(), Outcome::Expired);
    assert!(pair.polls.len() > 100 && pair.polls.iter().all(|(_, got)| *got == PENDING));
    assert!(pair.polls.windows(2).all(|pair| pair[1].0 - pair[0].0 >= secs(5)));
}

#[test]
fn df_3_5_17_cf_22_early_clients_and_twins_never_slow_down() {
    let early = told((0..140).map(|n| ms(20 + n * 4_000)));
    let twins = told((0..110).flat_map(|n| [ms(20 + n * 5_000), ms(21 + n * 5_000)]));
    let early_twins = told((0..140).flat_map(|n| [ms(20 + n * 4_000), ms(21 + n * 4_000)]));
    for got in [early, twins, early_twins] {
        assert!(got.iter().all(|got| *got == PENDING), "{got:?}");
    }
}

#[test]
fn df_3_5_3_four_polls_at_once_and_then_one_for_every_two_seconds() {
    let got = told([0, 1, 2, 3, 4, 1_000, 1_999, 2_000, 2_001, 3_999, 4_000].map(ms));
    let (yes, no) = (PENDING, SLOW_DOWN);
    assert_eq!(got, [yes, yes, yes, yes, no, no, no, yes, no, no, yes]);
}

#[test]
fn df_3_5_3_slow_down_names_the_interval_in_force() {
    let mut pair = Pair::new(AuthMethod::None);
    let last = (0..5).map(|n| pair.poll_at(ms(n))).last().unwrap();
    let body = serde_json::to_string(&last.unwrap_err().body()).unwrap();
    assert_eq!(body, r#"{"error":"slow_down","interval":5}"#);
}

#[test]
fn cf_22_cf_10_a_client_that_never_learns_is_slowed_down_and_still_served() {
    let got = told((0..500).map(|n| secs(n) + ms(20)));
    assert!(got.iter().filter(|got| **got == SLOW_DOWN).count() > 200);
    for window in got.windows(3) {
        assert!(window.contains(&PENDING), "the bar does not grow: one of three gets through");
    }
}

#[test]
fn df_3_5_9_df_3_5_18_cf_10_another_process_with_the_same_code_slows_the_device_and_cannot_starve_it() {
    let mut pair = Pair::new(AuthMethod::None);
    let mut intervals = vec![pair.machine.interval()];
    for moment in (0..1_200).map(|n| ms(100 + n * 100)) {
        pair.drive_until(moment);
        drop(pair.poll_at(moment));
        intervals.push(pair.machine.interval());
    }
    let slowed: Vec<Event> =
        pair.shown.iter().filter(|event| matches!(event, Event::SlowDown { .. })).copied().collect();
    assert!(!slowed.is_empty(), "{:?}", pair.shown);
    assert!(intervals.is_sorted(), "the interval never shrinks");
    let expected: Vec<_> =
        (1..).map(|n| Event::SlowDown { interval: secs(5 + 5 * n).min(secs(60)) }).take(slowed.len()).collect();
    assert_eq!(slowed, expected, "five seconds more each time");

    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    assert!(matches!(pair.drive(), Outcome::Tokens(_)));
    assert!(pair.now < LIFETIME);
}

#[test]
fn df_3_5_4_cf_21_an_early_poll_of_a_decided_grant_gets_its_outcome() {
    for (verdict, expected) in [(Verdict::Approve, Ok(())), (Verdict::Deny, Err(ErrorCode::AccessDenied))] {
        let mut pair = Pair::new(AuthMethod::None);
        let before = pair.grant();
        while pair.code_at(secs(1)) == PENDING {}
        assert_eq!(pair.grant(), before, "pace is written nowhere");
        pair.now = secs(1);
        assert!(pair.decide(1, verdict).is_ok());
        assert_eq!(pair.code_at(ms(1_001)), expected);
    }
}

#[test]
fn df_3_5_4_slow_down_never_hides_expiry() {
    let mut pair = Pair::new(AuthMethod::None);
    while pair.code_at(LIFETIME) == PENDING {}
    assert_eq!(pair.code_at(LIFETIME), SLOW_DOWN);
    assert_eq!(pair.code_at(LIFETIME + ms(10)), Err(ErrorCode::ExpiredToken));
}
