//! Keys of a running deployment: turned by time and by commands, taken back in an emergency, moved to another key file.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use flow::admin::{AdminError, Successor};
use flow::secrets::{KeyFile, KeyRing, Resealed, life, reseal};
use flow::{Env, Flow, Settings};
use proto::Timestamp;
use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use proto::model::{KeyId, KeyPurpose, KeyState};
use store::Store;

use crate::support::{Nowhere, World, over, world};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

async fn states(flow: &Flow, purpose: KeyPurpose) -> Vec<KeyState> {
    let mut keys = flow.admin().keys().await.unwrap();
    keys.retain(|key| key.purpose == purpose);
    keys.sort_by_key(|key| (key.created_at, key.state as u8));
    keys.into_iter().map(|key| key.state).collect()
}

async fn key(flow: &Flow, purpose: KeyPurpose, state: KeyState) -> KeyId {
    let keys = flow.admin().keys().await.unwrap();
    keys.iter().find(|key| key.purpose == purpose && key.state == state).unwrap().id
}

/// A token of an approved device, read back by userinfo.
async fn token(world: &World) -> String {
    let device = world.start_for(&world.tv, "openid profile").await;
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    world.poll(&world.tv, &device).await.unwrap().response.access_token.reveal().to_owned()
}

#[tokio::test]
async fn oi_15_md_4_2_signing_keys_rotate_on_schedule_without_a_gap() {
    use KeyState::{Active, Next, Retired};
    let world = world().await;
    let flow = &world.flow;
    for purpose in [KeyPurpose::SignEs256, KeyPurpose::SignRs256, KeyPurpose::SignEdDsa] {
        assert_eq!(states(flow, purpose).await, [Active]);
    }
    world.env.advance(DAY * 90 - HOUR);
    flow.advance_keys().await.unwrap();
    assert_eq!(states(flow, KeyPurpose::SignEs256).await, [Active]);
    world.env.advance(HOUR);
    flow.advance_keys().await.unwrap();
    assert_eq!(states(flow, KeyPurpose::SignEs256).await, [Active, Next], "published before it is used");
    flow.advance_keys().await.unwrap();
    assert_eq!(states(flow, KeyPurpose::SignEs256).await, [Active, Next], "one is enough");
    flow.read_keys().await.unwrap();
    let published = flow.jwks_json();
    assert_eq!(published.matches("\"kid\"").count(), 6, "two of each: {published}");

    world.env.advance(HOUR);
    flow.advance_keys().await.unwrap();
    assert_eq!(states(flow, KeyPurpose::SignEs256).await, [Active, Next], "a cache may be an hour old, behind another");
    world.env.advance(HOUR - MINUTE);
    flow.read_keys().await.unwrap();
    let token = token(&world).await;
    world.env.advance(MINUTE);
    flow.advance_keys().await.unwrap();
    assert_eq!(states(flow, KeyPurpose::SignEs256).await, [Retired, Active]);
    flow.read_keys().await.unwrap();
    assert_eq!(flow.jwks_json(), published, "the old one is still published, longer than any cache");
    flow.userinfo(&token, None).await.unwrap();
    world.env.advance(DAY * 2);
    flow.advance_keys().await.unwrap();
    assert_eq!(states(flow, KeyPurpose::SignEs256).await, [Active]);
}

#[tokio::test]
async fn nonces_have_a_new_key_every_hour_and_subjects_the_same_for_good() {
    let world = world().await;
    let flow = &world.flow;
    let next = flow.advance_keys().await.unwrap();
    assert_eq!(next, Some(world.env.now() + HOUR));
    let subject = key(flow, KeyPurpose::Subject, KeyState::Active).await;
    for _ in 0..24 * 100 {
        // As a server does: it sleeps until the time it was told.
        let next = flow.advance_keys().await.unwrap().unwrap();
        assert!(next >= world.env.now());
        world.env.advance(next.since(world.env.now()));
    }
    assert!(world.env.now().since(Timestamp::from_millis(1_800_000_000_000)) > DAY * 30);
    assert!(states(flow, KeyPurpose::DpopNonce).await.len() <= 3);
    for purpose in KeyPurpose::ALL {
        let active = states(flow, purpose).await.into_iter().filter(|state| *state == KeyState::Active).count();
        assert_eq!(active, 1, "{purpose:?}");
    }
    assert_eq!(states(flow, KeyPurpose::Subject).await, [KeyState::Active]);
    assert_eq!(key(flow, KeyPurpose::Subject, KeyState::Active).await, subject);
    let refused = flow.admin().rotate_key(KeyPurpose::Subject).await;
    assert!(matches!(refused, Err(AdminError::LastingKey)));
    for successor in [Successor::Ready, Successor::MadeNow] {
        assert!(matches!(flow.admin().retire_key(subject, successor).await, Err(AdminError::LastingKey)));
    }
}

#[tokio::test]
async fn df_3_2_1_a_device_is_signed_in_across_two_nodes_through_every_rotation() {
    let world = world().await;
    let other = over(&world, world.store.clone()).await;
    let purposes = KeyPurpose::ALL.into_iter().filter(|purpose| life(*purpose).is_some());
    for purpose in purposes {
        world.flow.admin().rotate_key(purpose).await.unwrap();
        let refused = world.flow.admin().rotate_key(purpose).await;
        assert!(matches!(refused, Err(AdminError::NextKey(_))), "one at a time: {refused:?}");
    }
    for step in 0..3 {
        for (here, there) in [(&world, &other), (&other, &world)] {
            let device = here.start(&here.tv).await;
            let person = there.sign_in().await;
            there.decide(&person, &device.user_code, Verdict::Approve).await;
            let code = device.device_code.reveal();
            let issued = there.poll_for(&there.tv, code, Duration::ZERO).await.outcome.unwrap();
            here.flow.userinfo(issued.response.access_token.reveal(), None).await.unwrap();
        }
        match step {
            // One node has heard of the next keys and uses them as soon as it may; the other has heard of neither.
            0 => {
                world.flow.read_keys().await.unwrap();
                other.flow.read_keys().await.unwrap();
                world.env.advance(HOUR * 2);
                world.flow.advance_keys().await.unwrap();
                world.flow.read_keys().await.unwrap();
            }
            _ => other.flow.read_keys().await.unwrap(),
        }
    }
}

#[tokio::test]
async fn an_emergency_takes_a_key_back_in_one_commit_and_leaves_the_others_their_time() {
    let world = world().await;
    let admin = world.flow.admin();
    let token = token(&world).await;
    world.flow.userinfo(&token, None).await.unwrap();
    let stolen = key(&world.flow, KeyPurpose::SignEs256, KeyState::Active).await;
    assert!(matches!(admin.retire_key(stolen, Successor::Ready).await, Err(AdminError::NoNextKey)));
    assert_eq!(states(&world.flow, KeyPurpose::SignEs256).await, [KeyState::Active], "nothing was done");

    admin.rotate_key(KeyPurpose::SignEs256).await.unwrap();
    admin.rotate_key(KeyPurpose::SignRs256).await.unwrap();
    let next = key(&world.flow, KeyPurpose::SignEs256, KeyState::Next).await;
    assert_eq!(admin.retire_key(stolen, Successor::Ready).await.unwrap(), Some(next));
    assert_eq!(key(&world.flow, KeyPurpose::SignEs256, KeyState::Active).await, next);
    assert_eq!(states(&world.flow, KeyPurpose::SignEs256).await, [KeyState::Active], "gone, not only retired");
    assert_eq!(states(&world.flow, KeyPurpose::SignRs256).await, [KeyState::Active, KeyState::Next]);
    world.flow.read_keys().await.unwrap();
    assert!(world.flow.userinfo(&token, None).await.is_err(), "what it signed is good nowhere");
    let unused = key(&world.flow, KeyPurpose::SignRs256, KeyState::Next).await;
    assert_eq!(admin.retire_key(unused, Successor::Ready).await.unwrap(), None, "one that was never used");
    assert!(matches!(admin.retire_key(stolen, Successor::Ready).await, Err(AdminError::Unknown(_))));
}

#[tokio::test]
async fn an_emergency_without_a_next_key_has_one_made_for_every_purpose() {
    let world = world().await;
    for purpose in KeyPurpose::ALL.into_iter().filter(|purpose| life(*purpose).is_some()) {
        let stolen = key(&world.flow, purpose, KeyState::Active).await;
        let made = world.flow.admin().retire_key(stolen, Successor::MadeNow).await.unwrap();
        assert_eq!(made, Some(key(&world.flow, purpose, KeyState::Active).await), "{purpose:?}");
        assert_eq!(states(&world.flow, purpose).await, [KeyState::Active], "{purpose:?}");
    }
    world.flow.read_keys().await.unwrap();
    let device = world.start(&world.tv).await;
    assert_eq!(world.poll(&world.tv, &device).await.unwrap_err(), Refusal::AuthorizationPending);
}

#[tokio::test(start_paused = true)]
async fn a_running_node_hears_of_a_reseal_serves_on_and_takes_the_file_up_when_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let [path, new_path] = ["key", "key.new"].map(|name| folder.path().join(name));
    let env = Env::simulated(Timestamp::from_millis(1_800_000_000_000), 42);
    let [old, new] = [&path, &new_path].map(|path| KeyFile::create(path, &mut env.entropy()).unwrap());
    let store = Store::memory();
    let ring = KeyRing::open(&store, &old, &env).await.unwrap();
    let settings = Settings::new("https://id.example.com");
    let flow = Arc::new(Flow::new(settings, env.clone(), store.clone(), ring, Nowhere).await.unwrap());
    let house = tokio::spawn({
        let flow = Arc::clone(&flow);
        async move { flow.keep_house().await }
    });
    let csrf = flow.csrf_token("/device", "browser");
    let cookie = flow.seal("cookie", &7, env.now() + HOUR);
    let published = flow.jwks_json();
    assert_eq!(reseal(&store, &old, &new, &env).await.unwrap(), Resealed::Keys(KeyPurpose::ALL.len()));
    let serves = || {
        flow.csrf_fits("/device", "browser", &csrf)
            && flow.unseal("cookie", &cookie) == Some(7)
            && flow.jwks_json() == published
    };
    // Time for what it hears, and for its next tries.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(serves());
    assert!(matches!(flow.admin().rotate_key(KeyPurpose::Csrf).await, Err(AdminError::Keys(_))));
    fs::rename(&new_path, &path).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(serves());
    flow.admin().rotate_key(KeyPurpose::SignEdDsa).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_ne!(flow.jwks_json(), published, "it opens what is sealed under the new file");
    house.abort();
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_command_makes_is_used_as_soon_as_every_node_knows_it() {
    let world = world().await;
    // The command runs in another process: all that the node has is the feed.
    let command = over(&world, world.store.clone()).await;
    let house = tokio::spawn({
        let flow = Arc::clone(&world.flow);
        async move { flow.keep_house().await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = tokio::time::Instant::now();
    command.flow.admin().rotate_key(KeyPurpose::Csrf).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(states(&world.flow, KeyPurpose::Csrf).await, [KeyState::Active, KeyState::Next]);
    world.env.advance(life(KeyPurpose::Csrf).unwrap().published);
    while states(&world.flow, KeyPurpose::Csrf).await.contains(&KeyState::Next) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(before.elapsed() < Duration::from_secs(10), "{:?}", before.elapsed());
    house.abort();
}
