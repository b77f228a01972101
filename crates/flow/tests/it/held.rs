//! Held polls: answered when the person decides, and never with a look at the store while they are pending.

use std::sync::Arc;
use std::time::Duration;

use flow::waiting_room::MAX_WAIT;
use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use store::Store;

use crate::support::{world, world_on};

const WAIT: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn lp_2_a_held_poll_is_answered_when_the_person_decides() {
    let world = Arc::new(world().await);
    let device = world.start(&world.tv).await;
    let person = world.sign_in().await;
    let code = device.device_code.reveal().to_owned();
    let waiting = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.poll_for(&world.tv, &code, WAIT).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(world.flow.waiting_room().quota().held_now(), 1);
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    let polled = waiting.await.unwrap();
    assert_eq!(polled.applied, Some(WAIT));
    polled.outcome.unwrap();
}

#[tokio::test(start_paused = true)]
async fn lp_2_a_hold_ends_by_itself_and_is_capped() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let polled = world.poll_for(&world.tv, device.device_code.reveal(), Duration::from_secs(3_600)).await;
    assert_eq!((polled.applied, polled.outcome.unwrap_err()), (Some(MAX_WAIT), Refusal::AuthorizationPending));
}

#[tokio::test(start_paused = true)]
async fn lp_5_one_poll_is_held_for_a_grant_and_the_newest_wins() {
    let world = Arc::new(world().await);
    let device = world.start(&world.tv).await;
    let code = device.device_code.reveal().to_owned();
    let poll = |wait| {
        let (world, code) = (Arc::clone(&world), code.clone());
        tokio::spawn(async move { world.poll_for(&world.tv, &code, wait).await.outcome })
    };
    let older = poll(WAIT);
    tokio::task::yield_now().await;
    let newer = poll(WAIT);
    assert_eq!(older.await.unwrap().unwrap_err(), Refusal::AuthorizationPending);
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    newer.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn lp_8_a_dropped_poll_leaves_the_grant_redeemable() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let gone =
        tokio::time::timeout(Duration::from_millis(10), world.poll_for(&world.tv, device.device_code.reveal(), WAIT));
    assert!(gone.await.is_err());
    assert_eq!(world.flow.waiting_room().quota().held_now(), 0);
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    world.poll(&world.tv, &device).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn lp_6_shutdown_answers_every_held_poll_and_holds_no_more() {
    let world = Arc::new(world().await);
    let device = world.start(&world.tv).await;
    let code = device.device_code.reveal().to_owned();
    let held = tokio::spawn({
        let (world, code) = (Arc::clone(&world), code.clone());
        async move { world.poll_for(&world.tv, &code, WAIT).await.outcome }
    });
    tokio::task::yield_now().await;
    world.flow.close();
    assert_eq!(held.await.unwrap().unwrap_err(), Refusal::AuthorizationPending);
    let before = tokio::time::Instant::now();
    assert_eq!(world.poll_for(&world.tv, &code, WAIT).await.outcome.unwrap_err(), Refusal::AuthorizationPending);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn lp_6_without_a_slot_nothing_is_held_and_the_interval_is_longer() {
    let world = world_on(Store::memory(), |settings| settings.limits.held_polls = 1).await;
    let first = world.start(&world.tv).await;
    let second = world.start(&world.tv).await;
    assert_eq!((first.interval, second.interval), (1, 5));
    let before = tokio::time::Instant::now();
    let polled = world.poll_for(&world.tv, second.device_code.reveal(), WAIT).await;
    assert_eq!((polled.applied, before.elapsed()), (None, Duration::ZERO));
    let person = world.sign_in().await;
    world.decide(&person, &first.user_code, Verdict::Deny).await;
    assert_eq!(world.start(&world.tv).await.interval, 1, "the slot is free again");
}

#[tokio::test(start_paused = true)]
async fn a_pending_poll_never_touches_the_store() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    assert_eq!(world.poll(&world.tv, &device).await.unwrap_err(), Refusal::AuthorizationPending);
    let before = world.flow.store_accesses();
    for _ in 0..200 {
        world.env.advance(Duration::from_secs(1));
        assert_eq!(world.poll(&world.tv, &device).await.unwrap_err(), Refusal::AuthorizationPending);
    }
    assert_eq!(world.flow.store_accesses(), before);
}

#[tokio::test(start_paused = true)]
async fn df_3_5_4_slow_down_is_only_for_the_undecided() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let mut last = Refusal::AuthorizationPending;
    for _ in 0..5 {
        last = world.poll(&world.tv, &device).await.unwrap_err();
    }
    assert_eq!(last, Refusal::SlowDown { interval: Duration::from_secs(1) });
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    world.poll(&world.tv, &device).await.unwrap();
}

#[tokio::test]
async fn quotas_refuse_new_grants_and_drop_none() {
    let world = world_on(Store::memory(), |settings| settings.limits.pending_grants_per_network = 2).await;
    let first = world.start(&world.tv).await;
    world.start(&world.tv).await;
    assert_eq!(world.try_start(&world.tv).await.unwrap_err(), Refusal::TooManyGrants);
    assert_eq!(world.poll(&world.tv, &first).await.unwrap_err(), Refusal::AuthorizationPending);
    let person = world.sign_in().await;
    world.decide(&person, &first.user_code, Verdict::Deny).await;
    world.start(&world.tv).await;
}

#[tokio::test]
async fn a_site_with_many_networks_is_capped_as_one() {
    let world = world_on(Store::memory(), |settings| settings.limits.pending_grants_per_site = 3).await;
    for network in 0..3 {
        world.start_from(&format!("2001:db8:7:{network}::1")).await.unwrap();
    }
    assert_eq!(world.start_from("2001:db8:7:9::1").await.unwrap_err(), Refusal::TooManyGrants);
    world.start_from("2001:db8:8::1").await.unwrap();
    world.start(&world.tv).await;
}
