//! Budgets: all or none, in windows that begin with an attempt, shared by all handles.

use std::time::Duration;

use proto::Timestamp;

use super::Subject;
use super::fixtures::NOW;
use crate::{Bucket, Budget, Store, Taking};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    a_budget_lasts_for_its_limit_and_its_window(open).await;
    all_budgets_are_taken_or_none(open).await;
    the_refusal_that_lasts_longest_is_named(open).await;
    giving_back_lowers_what_stands_in_a_live_window(open).await;
    a_bucket_named_twice_pays_twice(open).await;
    no_budget_is_no_obstacle(open).await;
}

pub(super) fn budget(bucket: &str, limit: u32, window: Duration) -> Budget {
    Budget { bucket: Bucket(bucket.into()), limit, window }
}

fn refused(bucket: &str, until: Timestamp) -> Taking {
    Taking::Refused { bucket: Bucket(bucket.into()), until }
}

async fn take(store: &Store, budgets: &[Budget], now: Timestamp) -> Taking {
    store.take(budgets, now).await.unwrap()
}

async fn a_budget_lasts_for_its_limit_and_its_window(open: &impl AsyncFn() -> Subject) {
    let Subject { store, other, .. } = &open().await;
    let guess = [budget("guess/session/ä'\"%", 3, MINUTE)];
    let name = &guess[0].bucket.0;
    let late = NOW + MINUTE - Duration::from_millis(1);
    assert_eq!(take(store, &guess, NOW).await, Taking::Taken);
    assert_eq!(take(other, &guess, NOW + Duration::from_secs(30)).await, Taking::Taken);
    assert_eq!(take(store, &guess, late).await, Taking::Taken);
    assert_eq!(take(store, &guess, late).await, refused(name, NOW + MINUTE));
    assert_eq!(take(other, &guess, late).await, refused(name, NOW + MINUTE), "refusals cost nothing and last");
    // A smaller limit is in force at once, a larger one as well.
    assert_eq!(take(store, &[budget(name, 2, MINUTE)], late).await, refused(name, NOW + MINUTE));
    assert_eq!(take(store, &[budget(name, 4, MINUTE)], late).await, Taking::Taken);
    // The window ends at its end, and the next begins with the next attempt.
    let next = NOW + MINUTE;
    for _ in 0..3 {
        assert_eq!(take(store, &guess, next).await, Taking::Taken);
    }
    assert_eq!(take(store, &guess, next).await, refused(name, next + MINUTE));
    assert_eq!(take(store, &[budget("never", 0, MINUTE)], NOW).await, refused("never", NOW + MINUTE));
}

async fn all_budgets_are_taken_or_none(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let (wide, narrow) = (budget("wide", 5, MINUTE), budget("narrow", 1, MINUTE));
    assert_eq!(take(store, &[wide.clone(), narrow.clone()], NOW).await, Taking::Taken);
    for _ in 0..9 {
        assert_eq!(take(store, &[wide.clone(), narrow.clone()], NOW).await, refused("narrow", NOW + MINUTE));
        assert_eq!(take(store, &[narrow.clone(), wide.clone()], NOW).await, refused("narrow", NOW + MINUTE));
    }
    for _ in 0..4 {
        assert_eq!(take(store, std::slice::from_ref(&wide), NOW).await, Taking::Taken, "the refused ones took nothing");
    }
    assert_eq!(take(store, &[wide], NOW).await, refused("wide", NOW + MINUTE));
}

async fn the_refusal_that_lasts_longest_is_named(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let (short, long) = (budget("short", 1, MINUTE), budget("long", 1, MINUTE * 5));
    assert_eq!(take(store, &[short.clone(), long.clone()], NOW).await, Taking::Taken);
    assert_eq!(take(store, &[short, long], NOW).await, refused("long", NOW + MINUTE * 5));
}

async fn giving_back_lowers_what_stands_in_a_live_window(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let pair = [budget("one", 2, MINUTE), budget("two", 2, MINUTE)];
    assert_eq!(store.give_back(&pair, NOW).await, Ok(()), "nothing was taken");
    for _ in 0..2 {
        assert_eq!(take(store, &pair, NOW).await, Taking::Taken);
    }
    assert_eq!(store.give_back(&pair[..1], NOW).await, Ok(()));
    assert_eq!(take(store, &pair, NOW).await, refused("two", NOW + MINUTE));
    assert_eq!(take(store, &pair[..1], NOW).await, Taking::Taken);
    // Never below zero, and the window stays.
    for _ in 0..5 {
        assert_eq!(store.give_back(&pair, NOW).await, Ok(()));
    }
    let later = NOW + Duration::from_secs(40);
    for _ in 0..2 {
        assert_eq!(take(store, &pair, later).await, Taking::Taken);
    }
    assert_eq!(take(store, &pair, later).await, refused("one", NOW + MINUTE));
    // What ended is not touched, and neither is a window that began after the attempt.
    assert_eq!(store.give_back(&pair, NOW + MINUTE).await, Ok(()));
    assert_eq!(take(store, &pair, later).await, refused("one", NOW + MINUTE));
    let next = NOW + MINUTE;
    for _ in 0..2 {
        assert_eq!(take(store, &pair, next).await, Taking::Taken);
    }
    assert_eq!(store.give_back(&pair, later).await, Ok(()));
    assert_eq!(take(store, &pair, next).await, refused("one", next + MINUTE));
    assert_eq!(store.give_back(&pair, next).await, Ok(()));
    assert_eq!(take(store, &pair, next).await, Taking::Taken);
}

async fn a_bucket_named_twice_pays_twice(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let twice = [budget("twice", 3, MINUTE), budget("twice", 3, MINUTE)];
    assert_eq!(take(store, &twice, NOW).await, Taking::Taken);
    assert_eq!(take(store, &twice, NOW).await, refused("twice", NOW + MINUTE));
    assert_eq!(take(store, &twice[..1], NOW).await, Taking::Taken);
    assert_eq!(take(store, &twice[..1], NOW).await, refused("twice", NOW + MINUTE));
}

async fn no_budget_is_no_obstacle(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    assert_eq!(take(store, &[], NOW).await, Taking::Taken);
    assert_eq!(store.give_back(&[], NOW).await, Ok(()));
}
