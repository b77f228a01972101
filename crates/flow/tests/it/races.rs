//! What happens at the same moment: decisions that overtake look-ups, registrations that change under a cache, requests
//! that are dropped while they write.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use flow::account::Everywhere;
use flow::admin::Declared;
use flow::secrets::KeyRing;
use flow::settings::Rate;
use flow::waiting_room::{Caps, Meets, Quota, WaitingRoom};
use flow::{Browser, Flow, Password, Settings, SignInFailure, StartRequest};
use proto::Timestamp;
use proto::grant::Refusal;
use proto::grant::authenticate::{Endpoint, authenticate};
use proto::grant::decide::Verdict;
use proto::grant::start::Parameters;
use proto::model::{AuthMethod, Client, Grant, GrantState, UserId};
use store::load::GrantFilter;
use store::{FaultSettings, Operation, SqliteSettings, Store};

use crate::support::{Nowhere, PASSWORD, World, by, client, home, over, public, world, world_on};

/// A grant that nobody decided, and a room that does not know it.
async fn unknown_grant() -> (WaitingRoom, Grant) {
    let world = world().await;
    let request = StartRequest { caller: by(&world.tv), parameters: Parameters::default(), requester: home() };
    let grant = world.flow.start(request).await.unwrap().grant;
    (WaitingRoom::new(Quota::new(Caps { grants: 10, per_network: 10, per_site: 10, slots: 10 })), grant)
}

/// What a poll meets; the first word of it.
fn meets(room: &WaitingRoom, grant: &Grant, now: Timestamp) -> String {
    let tv: Client = client("tv", AuthMethod::None);
    let caller = authenticate(Some(&tv), &public("tv"), Endpoint::Token).unwrap();
    match room.poll(&grant.device_code, caller, None, Some(Duration::ZERO), now) {
        Meets::Answer(refusal) => format!("{refusal:?}"),
        Meets::Hold(_) => "Hold".into(),
        Meets::Store => "Store".into(),
    }
}

fn denied(grant: &Grant) -> Grant {
    let state = GrantState::Denied { at: grant.created_at, by: UserId::from_bytes([1; 16]), reported: false };
    Grant { state, ..grant.clone() }
}

#[tokio::test]
async fn what_a_slow_look_up_read_before_the_decision_counts_for_nothing() {
    let (room, grant) = unknown_grant().await;
    let now = grant.created_at;
    let slow = room.expect(&grant.device_code, now);
    room.settle(grant.id);
    let second = room.expect(&grant.device_code, now);
    room.found(second, &grant.device_code, Some(&denied(&grant)), now);
    let third = room.expect(&grant.device_code, now);
    room.found(slow, &grant.device_code, Some(&grant), now);
    assert_eq!(meets(&room, &grant, now), "Store");
    room.found(third, &grant.device_code, Some(&denied(&grant)), now);
    assert_eq!((meets(&room, &grant, now).as_str(), room.quota().grants()), ("Store", 0));
}

#[tokio::test]
async fn df_3_5_6_a_decision_in_the_last_instant_is_heard_after_expiry() {
    let (room, grant) = unknown_grant().await;
    let over = grant.expires_at;
    let look_up = room.expect(&grant.device_code, grant.created_at);
    room.found(look_up, &grant.device_code, Some(&grant), over);
    assert_eq!(meets(&room, &grant, over), "Expired");
    room.settle(grant.id);
    assert_eq!(meets(&room, &grant, over), "Store", "the news came after the look-up");

    let look_up = room.expect(&grant.device_code, over);
    room.settle(grant.id);
    room.found(look_up, &grant.device_code, Some(&grant), over);
    assert_eq!(meets(&room, &grant, over), "Store", "the news came during the look-up");
}

#[tokio::test]
async fn one_look_up_that_finds_a_decision_ends_the_waiting_of_all() {
    let (room, grant) = unknown_grant().await;
    let now = grant.created_at;
    let slow = room.expect(&grant.device_code, now);
    let quick = room.expect(&grant.device_code, now);
    room.found(slow, &grant.device_code, Some(&grant), now);
    assert_eq!((meets(&room, &grant, now).as_str(), room.quota().grants()), ("AuthorizationPending", 1));
    room.found(quick, &grant.device_code, Some(&denied(&grant)), now);
    assert_eq!((meets(&room, &grant, now).as_str(), room.quota().grants()), ("Store", 0));
}

#[tokio::test]
async fn a_look_up_that_began_before_a_gap_in_the_feed_counts_for_nothing() {
    let (room, grant) = unknown_grant().await;
    let now = grant.created_at;
    let slow = room.expect(&grant.device_code, now);
    for shard in 0..room.shards() {
        assert!(room.pending_in(shard).is_empty());
    }
    room.found(slow, &grant.device_code, Some(&grant), now);
    assert_eq!(meets(&room, &grant, now), "Store");
}

/// Two nodes of one deployment. The second hears nothing of the first: its feed is late.
async fn two_nodes() -> (World, World) {
    let first = world().await;
    let second = over(&first, first.store.clone()).await;
    (first, second)
}

#[tokio::test]
async fn oa_3_2_1_1_a_secret_that_was_withdrawn_redeems_nothing_on_a_node_that_has_not_heard() {
    let (first, second) = two_nodes().await;
    let device = second.start(&second.server).await;
    let person = first.sign_in().await;
    first.decide(&person, &device.user_code, Verdict::Approve).await;
    let admin = first.flow.admin();
    admin.rotate_secret(&first.server.client_id).await.unwrap();
    admin.rotate_secret(&first.server.client_id).await.unwrap();
    let grants = first.store.grants(GrantFilter::default()).await.unwrap();
    second.flow.waiting_room().settle(grants.first().unwrap().id);
    assert_eq!(second.poll(&second.server, &device).await.unwrap_err(), Refusal::SecretWrong);
    let grants = first.store.grants(GrantFilter::default()).await.unwrap();
    assert!(matches!(grants.first().unwrap().state, GrantState::Approved(_)), "nothing was burnt");
}

#[tokio::test]
async fn a_request_dropped_while_its_grant_is_written_keeps_its_place_in_the_quota() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(SqliteSettings::at(folder.path().join("test.db"))).await.unwrap();
    let world = world_on(store, |_| {}).await;
    world.start(&world.tv).await;
    let commits = |world: &World| world.flow.store_accesses().of(Operation::Commit);
    let before = commits(&world);
    {
        let mut starting = Box::pin(world.try_start(&world.tv));
        while commits(&world) == before {
            let polled = starting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending(), "it is dropped before its reply");
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(world.flow.waiting_room().quota().grants(), 2);
    while world.store.pending_count(world.env.now()).await.unwrap() < 2 {
        tokio::task::yield_now().await;
    }
    world.env.advance(Duration::from_secs(600));
    for shard in 0..world.flow.waiting_room().shards() {
        world.flow.waiting_room().sweep(shard, world.env.now());
    }
    assert_eq!(world.flow.waiting_room().quota().grants(), 0, "and gives it back when the codes end");
}

#[tokio::test]
async fn a_grant_that_could_not_be_written_takes_no_place() {
    let world = world().await;
    let faults = FaultSettings { seed: 3, conflict: 1000, ..FaultSettings::default() };
    let ill = over(&world, Store::faulty(world.store.clone(), faults)).await;
    assert_eq!(ill.try_start(&ill.tv).await.unwrap_err(), Refusal::Overloaded);
    assert_eq!(ill.flow.waiting_room().quota().grants(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_feed_is_checked_until_the_store_answers() {
    for seed in 0..10 {
        let world = world().await;
        let device = world.start(&world.tv).await;
        let faults = FaultSettings { seed, unavailable: 700, ..FaultSettings::default() };
        let ill = Arc::new(over_faulty(&world, faults).await);
        // The node learns that the grant is pending, then misses its decision.
        while ill.poll(&ill.tv, &device).await.unwrap_err() != Refusal::AuthorizationPending {}
        let person = world.sign_in().await;
        world.decide(&person, &device.user_code, Verdict::Approve).await;
        assert_eq!(ill.flow.waiting_room().quota().grants(), 1);
        let house = tokio::spawn({
            let ill = Arc::clone(&ill);
            async move { ill.flow.keep_house().await }
        });
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(ill.flow.waiting_room().quota().grants(), 0, "seed {seed}");
        house.abort();
    }
}

#[tokio::test]
async fn a_new_password_and_the_end_of_other_sessions_are_one_step() {
    let mut broken_off = 0;
    for seed in 0..12 {
        let world = world().await;
        let (other, own) = (world.sign_in().await, world.sign_in().await);
        let faults = FaultSettings { seed, unavailable: 250, ..FaultSettings::default() };
        let ill = over_faulty(&world, faults).await;
        let new = Password::typed("a new and long enough secret");
        let changed = ill.flow.change_password(&own, &Password::typed(PASSWORD), &new).await;
        let user = world.store.user(own.user.id).await.unwrap().unwrap();
        if user.password != own.user.password {
            let session = world.store.session(other.session.id).await.unwrap().unwrap();
            assert!(session.ended_at.is_some(), "seed {seed}: whoever knew the old password is still signed in");
            broken_off += u32::from(changed.is_err());
        }
    }
    assert!(broken_off > 0, "no seed breaks it off after the write");
}

#[tokio::test]
async fn all_sessions_end_or_none() {
    for seed in 0..12 {
        let world = world().await;
        let all = [world.sign_in().await, world.sign_in().await, world.sign_in().await];
        let faults = FaultSettings { seed, unavailable: 300, ..FaultSettings::default() };
        let ill = over_faulty(&world, faults).await;
        drop(ill.flow.sign_out_everywhere(&all[1], Everywhere::DevicesToo).await);
        let mut revoked = Vec::new();
        for person in &all {
            revoked.push(world.store.session(person.session.id).await.unwrap().unwrap().revoked.is_some());
        }
        assert!(revoked == [true; 3] || revoked == [false; 3], "seed {seed}: {revoked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_of_expired_rows_is_worked_off_before_it_grows() {
    let world =
        Arc::new(world_on(Store::memory(), |settings| settings.limits.pending_grants_per_network = 5_000).await);
    for _ in 0..2_500 {
        world.start(&world.tv).await;
    }
    world.env.advance(Duration::from_secs(1_200));
    let house = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.flow.keep_house().await }
    });
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(world.store.grants(GrantFilter::default()).await.unwrap().len(), 0);
    house.abort();
}

#[tokio::test]
async fn a_success_gives_nothing_back_to_a_window_that_began_after_it() {
    const WINDOW: Duration = Duration::from_secs(600);
    let one_network = |settings: &mut Settings| settings.limits.sign_ins_per_network = vec![Rate::new(2, WINDOW)];
    let world = world_on(Store::memory(), one_network).await;
    let browser = || Browser { address: home(), user_agent: "test" };
    let (right, wrong) = (Password::typed(PASSWORD), Password::typed("a guess at a stranger's"));
    let mut succeeding = Box::pin(world.flow.sign_in("maria", &right, browser()));
    // It has paid, and its password is being checked.
    assert!(succeeding.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    world.env.advance(WINDOW);
    for _ in 0..2 {
        assert!(matches!(world.flow.sign_in("nobody", &wrong, browser()).await, Err(SignInFailure::Wrong)));
    }
    succeeding.await.unwrap();
    let third = world.flow.sign_in("nobody", &wrong, browser()).await;
    assert!(matches!(third, Err(SignInFailure::Throttled(_))), "{third:?}");
}

#[tokio::test]
async fn two_nodes_that_start_at_once_declare_the_same_clients() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(SqliteSettings::at(folder.path().join("test.db"))).await.unwrap();
    let first = world_on(store, |_| {}).await;
    let second = over(&first, first.store.clone()).await;
    for round in 0..10 {
        let declared: Vec<Declared> = (0..3)
            .map(|number| Declared {
                client: client(&format!("box-{number}"), AuthMethod::None),
                text: format!("round {round}"),
            })
            .collect();
        let (one, other) = (first.flow.admin(), second.flow.admin());
        let (one, other) = tokio::join!(one.declare(&declared), other.declare(&declared));
        one.unwrap();
        other.unwrap();
    }
    let clients = first.store.clients().await.unwrap();
    assert_eq!(clients.iter().filter(|client| client.declaration.is_some()).count(), 3);
    assert!(clients.iter().all(|client| client.version <= 10), "each declaration moved an epoch once");
}

/// A second node whose store misbehaves from the start.
async fn over_faulty(world: &World, faults: FaultSettings) -> World {
    let store = Store::faulty(world.store.clone(), faults);
    loop {
        let keys = KeyRing::open(&world.store, &world.file, &world.env).await.unwrap();
        let settings = Settings::new("https://id.example.com");
        let Ok(flow) = Flow::new(settings, world.env.clone(), store.clone(), keys, Nowhere).await else { continue };
        let (tv, server, file) = (world.tv.clone(), world.server.clone(), Arc::clone(&world.file));
        return World { flow: Arc::new(flow), env: world.env.clone(), store, tv, server, file };
    }
}
