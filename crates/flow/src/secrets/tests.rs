//! Two nodes over one store: what one makes the other knows, through every change of keys and of the key file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use proto::change::{Change, Commit, Row};
use proto::entropy::Seeded;
use proto::model::{CommitId, KeyPurpose, KeyState, SealedKey, SigningAlg};
use proto::secret::MacKeys;
use proto::{Timestamp, entropy};
use store::{FaultSettings, Outcome, SqliteSettings, Store};

use super::*;
use crate::env::Env;

fn world() -> (Env, Store) {
    (Env::simulated(Timestamp::from_seconds(1_800_000_000), 7), Store::memory())
}

async fn commit(store: &Store, env: &Env, changes: Vec<Change>) -> Outcome {
    let id = CommitId::draw(env.now(), &mut env.entropy());
    store.commit(&Commit { id, requires: Vec::new(), changes }).await.unwrap()
}

/// Another node begins to rotate: the key is in the store.
async fn add(ring: &KeyRing, store: &Store, env: &Env, purpose: KeyPurpose) -> Outcome {
    let (deployment, _) = snapshot(store).await.unwrap().unwrap();
    let secret = Secret::draw(purpose, &mut env.entropy()).unwrap();
    match ring.addition(deployment, &secret, KeyState::Next, env) {
        Ok((key, moved)) => commit(store, env, vec![Change::Put(Row::SealedKey(Box::new(key))), moved]).await,
        Err(error) => {
            assert!(matches!(error, KeyRingError::ForeignKeyFile { .. }), "{error}");
            Outcome::Conflict
        }
    }
}

async fn turn_keys(store: &Store, env: &Env) {
    let changes = turn(&store.sealed_keys().await.unwrap(), env.now());
    assert_eq!(commit(store, env, changes).await, Outcome::Done);
}

/// Something that a node makes with the active key of this purpose, whatever that is.
fn make(keys: &Keys, purpose: KeyPurpose, entropy: &mut Seeded) -> Vec<u8> {
    match kind(keys, purpose) {
        Kind::Mac(keys) => keys.active().tag(&[b"text"]).into_bytes().to_vec(),
        Kind::Seal(keys) => keys.first().unwrap().seal(b"place", b"text", entropy).unwrap(),
        Kind::Sign(alg) => keys.signing_key(alg).sign("at+jwt", b"{}").unwrap().into_bytes(),
    }
}

/// Whether another node accepts it.
fn knows(keys: &Keys, purpose: KeyPurpose, made: &[u8]) -> bool {
    match kind(keys, purpose) {
        Kind::Mac(keys) => keys.iter().any(|key| key.tag(&[b"text"]).starts_with(made)),
        Kind::Seal(keys) => keys.iter().any(|key| key.open(b"place", made).is_ok()),
        Kind::Sign(alg) => {
            let algorithm = keys.signing_key(alg).algorithm();
            let expected = jose::Expectation::new(
                jose::TypPolicy::Required("at+jwt"),
                std::slice::from_ref(&algorithm),
                jose::Keys::from(&keys.jwks),
            );
            jose::verify(std::str::from_utf8(made).unwrap(), &expected).is_ok()
        }
    }
}

enum Kind<'a> {
    Mac(&'a MacKeys),
    Seal(&'a [SealKey]),
    Sign(SigningAlg),
}

fn kind(keys: &Keys, purpose: KeyPurpose) -> Kind<'_> {
    match purpose {
        KeyPurpose::AccessToken => Kind::Seal(&keys.access_token),
        KeyPurpose::Cookie => Kind::Seal(&keys.cookies),
        KeyPurpose::Csrf => Kind::Mac(&keys.csrf),
        KeyPurpose::DeviceCode => Kind::Mac(&keys.device_code),
        KeyPurpose::DpopNonce => Kind::Mac(&keys.dpop_nonce),
        KeyPurpose::Password => Kind::Mac(&keys.password),
        KeyPurpose::RefreshToken => Kind::Mac(&keys.refresh_token),
        KeyPurpose::SignEdDsa => Kind::Sign(SigningAlg::EdDsa),
        KeyPurpose::SignEs256 => Kind::Sign(SigningAlg::Es256),
        KeyPurpose::SignRs256 => Kind::Sign(SigningAlg::Rs256),
        KeyPurpose::Subject => Kind::Mac(&keys.subject),
        KeyPurpose::UserCode => Kind::Mac(&keys.user_code),
    }
}

#[tokio::test]
async fn oi_15_whatever_a_node_makes_every_other_knows_through_a_whole_rotation() {
    let (env, store) = world();
    let file = KeyFile::ephemeral(&mut Seeded::new(1));
    let here = KeyRing::open(&store, &file, &env).await.unwrap();
    let there = KeyRing::open(&store, &file, &env).await.unwrap();
    let mut entropy = Seeded::new(2);
    let mut agree = |purpose: KeyPurpose| {
        for (maker, checker) in [(&here, &there), (&there, &here)] {
            let made = make(&maker.keys(), purpose, &mut entropy);
            assert!(knows(&checker.keys(), purpose, &made), "{purpose:?}");
        }
    };
    for purpose in KeyPurpose::ALL.into_iter().filter(|purpose| life(*purpose).is_some()) {
        let before = make(&here.keys(), purpose, &mut Seeded::new(3));
        agree(purpose);
        add(&here, &store, &env, purpose).await;
        turn_keys(&store, &env).await;
        here.reload(&store).await.unwrap();
        // The other node has not heard yet: the new key is not used.
        agree(purpose);
        there.reload(&store).await.unwrap();
        agree(purpose);
        env.advance(life(purpose).unwrap().published);
        turn_keys(&store, &env).await;
        // One node uses it, the other does not know that yet: both know both keys.
        here.reload(&store).await.unwrap();
        agree(purpose);
        there.reload(&store).await.unwrap();
        agree(purpose);
        assert!(knows(&there.keys(), purpose, &before), "{purpose:?}: what was made before is still known");
        if let Some(checked) = life(purpose).unwrap().checked {
            env.advance(checked);
            turn_keys(&store, &env).await;
            there.reload(&store).await.unwrap();
            assert!(!knows(&there.keys(), purpose, &before), "{purpose:?}: and not for ever");
            here.reload(&store).await.unwrap();
        }
    }
}

#[tokio::test]
async fn jw_1_every_key_is_for_one_purpose() {
    let (env, store) = world();
    let ring = KeyRing::open(&store, &KeyFile::ephemeral(&mut Seeded::new(1)), &env).await.unwrap();
    let keys = ring.keys();
    for made_for in KeyPurpose::ALL {
        let made = make(&keys, made_for, &mut Seeded::new(2));
        for shown_for in KeyPurpose::ALL.into_iter().filter(|purpose| *purpose != made_for) {
            let signs = |purpose| matches!(kind(&keys, purpose), Kind::Sign(_));
            if signs(made_for) == signs(shown_for) {
                assert!(!knows(&keys, shown_for, &made), "{made_for:?} as {shown_for:?}");
            }
        }
    }
}

#[tokio::test]
async fn jw_11_all_three_algorithms_are_published_with_a_kid_each() {
    let (env, store) = world();
    let ring = KeyRing::open(&store, &KeyFile::ephemeral(&mut Seeded::new(1)), &env).await.unwrap();
    let keys = ring.keys();
    let mut published: Vec<_> = keys.jwks.keys().iter().map(|key| key.algorithm().name()).collect();
    published.sort_unstable();
    assert_eq!(published, ["ES256", "EdDSA", "RS256"]);
    for row in store.sealed_keys().await.unwrap() {
        let signs = matches!(kind(&keys, row.purpose), Kind::Sign(_));
        assert_eq!(keys.kid(row.id).is_some_and(|kid| keys.jwks.find(kid).is_some()), signs, "{row:?}");
        assert!(!keys.jwks_json.contains("\"d\""));
    }
}

#[tokio::test]
async fn a_deployment_of_a_program_before_gets_the_keys_it_lacks_and_keeps_the_others() {
    let (env, store) = world();
    let file = KeyFile::ephemeral(&mut Seeded::new(1));
    let ring = KeyRing::open(&store, &file, &env).await.unwrap();
    let subject = ring.keys().subject.active().tag(&[b"x"]);
    let new = [KeyPurpose::SignEdDsa, KeyPurpose::AccessToken, KeyPurpose::DpopNonce];
    let rows = store.sealed_keys().await.unwrap();
    let gone = rows.iter().filter(|row| new.contains(&row.purpose));
    let changes = gone.map(|row| Change::Delete(proto::change::Key::SealedKey(row.id), row.version)).collect();
    assert_eq!(commit(&store, &env, changes).await, Outcome::Done);
    assert!(matches!(ring.reload(&store).await, Err(KeyRingError::NoActiveKey(_))));

    let again = KeyRing::open(&store, &file, &env).await.unwrap();
    ring.reload(&store).await.unwrap();
    for purpose in KeyPurpose::ALL {
        let made = make(&ring.keys(), purpose, &mut Seeded::new(2));
        assert!(knows(&again.keys(), purpose, &made), "{purpose:?}");
    }
    assert!(again.keys().subject.active().tag(&[b"x"]) == subject);
    let now = store.sealed_keys().await.unwrap();
    assert!(rows.iter().filter(|row| !new.contains(&row.purpose)).all(|row| now.contains(row)));
    assert_eq!(now.len(), KeyPurpose::ALL.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_make_every_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteSettings::at(folder.path().join("countersign.db"));
    let file = Arc::new(KeyFile::ephemeral(&mut Seeded::new(1)));
    let store = Store::sqlite(database).await.unwrap();
    let env = Env::system();
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let (file, store, env) = (Arc::clone(&file), store.clone(), env.clone());
            tokio::spawn(async move { KeyRing::open(&store, &file, &env).await.unwrap() })
        })
        .collect();
    for node in nodes {
        node.await.unwrap();
    }
    let mut purposes: Vec<_> = store.sealed_keys().await.unwrap().into_iter().map(|key| key.purpose).collect();
    purposes.sort_unstable();
    let mut all = KeyPurpose::ALL;
    all.sort_unstable();
    assert_eq!(purposes, all, "one subject key above all");
    store.close().await.unwrap();
}

/// Which of the files the deployment belongs to: each of its keys opens with that one alone.
async fn belongs_to(store: &Store, files: &[&KeyFile], env: &Env) -> usize {
    let mut fitting = Vec::new();
    for (index, file) in files.iter().enumerate() {
        match KeyRing::open(store, file, env).await {
            Ok(_) => fitting.push(index),
            Err(error) => assert!(matches!(error, KeyRingError::ForeignKeyFile { .. }), "{error}"),
        }
    }
    assert_eq!(fitting.len(), 1);
    fitting[0]
}

fn file_at(path: &Path, seed: u64) -> KeyFile {
    KeyFile::create(path, &mut Seeded::new(seed)).unwrap()
}

#[tokio::test]
async fn a_running_node_keeps_its_keys_until_the_new_key_file_is_in_place() {
    let (env, store) = world();
    let folder = tempfile::tempdir().unwrap();
    let [path, new_path] = ["key", "key.new"].map(|name| folder.path().join(name));
    let (old, new) = (file_at(&path, 1), file_at(&new_path, 2));
    let node = KeyRing::open(&store, &old, &env).await.unwrap();
    add(&node, &store, &env, KeyPurpose::Csrf).await;
    let before = store.sealed_keys().await.unwrap();
    let made: Vec<_> = KeyPurpose::ALL
        .into_iter()
        .map(|purpose| (purpose, make(&node.keys(), purpose, &mut Seeded::new(3))))
        .collect();
    assert_eq!(reseal(&store, &old, &new, &env).await.unwrap(), Resealed::Keys(before.len()));
    assert_eq!(reseal(&store, &old, &new, &env).await.unwrap(), Resealed::Already, "it may be run again");

    // Nothing but the seals has changed.
    let after = store.sealed_keys().await.unwrap();
    assert!(before.iter().zip(&after).all(|(before, after)| before.sealed != after.sealed));
    let unsealed = |row: &SealedKey| SealedKey { sealed: Vec::new(), version: 0, ..row.clone() };
    assert!(before.iter().map(unsealed).eq(after.iter().map(unsealed)));

    let error = node.reload(&store).await.unwrap_err().to_string();
    for part in [path.to_str().unwrap(), &old.short_fingerprint(), &new.short_fingerprint(), "key reseal"] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    for (purpose, made) in &made {
        assert!(knows(&node.keys(), *purpose, made), "{purpose:?}: it serves on");
    }
    assert_eq!(add(&node, &store, &env, KeyPurpose::Cookie).await, Outcome::Conflict, "nothing is sealed for nobody");
    turn_keys(&store, &env).await;
    assert_eq!(belongs_to(&store, &[&old, &new], &env).await, 1);

    fs::remove_file(&path).unwrap();
    assert!(matches!(node.reload(&store).await, Err(KeyRingError::File(KeyFileError::Missing(_)))));
    fs::rename(&new_path, &path).unwrap();
    node.reload(&store).await.unwrap();
    assert_eq!(add(&node, &store, &env, KeyPurpose::Cookie).await, Outcome::Done);
    node.reload(&store).await.unwrap();
    for (purpose, made) in &made {
        assert!(knows(&node.keys(), *purpose, made), "{purpose:?}: and knows what was made before");
    }
}

#[tokio::test]
async fn only_the_file_that_opens_the_database_reseals_it() {
    let (env, store) = world();
    let [right, wrong, new] = [1, 2, 3].map(|seed| KeyFile::ephemeral(&mut Seeded::new(seed)));
    assert!(matches!(reseal(&store, &right, &new, &env).await, Err(ResealError::Empty)));
    drop(KeyRing::open(&store, &right, &env).await.unwrap());
    let before = store.sealed_keys().await.unwrap();
    let error = reseal(&store, &wrong, &new, &env).await.unwrap_err();
    assert!(matches!(error, ResealError::Keys(KeyRingError::ForeignKeyFile { .. })), "{error}");
    assert!(matches!(reseal(&store, &right, &right, &env).await, Err(ResealError::SameKey)));
    // A key that was moved to another row opens nowhere, and then nothing is resealed.
    let moved = SealedKey { sealed: before[1].sealed.clone(), ..before[0].clone() };
    commit(&store, &env, vec![Change::Put(Row::SealedKey(Box::new(moved)))]).await;
    let error = reseal(&store, &right, &new, &env).await.unwrap_err();
    assert!(matches!(error, ResealError::Keys(KeyRingError::Unsealable(_))), "{error}");
    assert_eq!(store.sealed_keys().await.unwrap()[1], before[1]);
}

#[tokio::test]
async fn a_reseal_whose_reply_is_lost_leaves_all_or_nothing() {
    let files = [1, 2].map(|seed| KeyFile::ephemeral(&mut Seeded::new(seed)));
    let [old, new] = files.each_ref();
    let mut ends = [0, 0];
    for seed in 0..60 {
        let (env, inner) = world();
        drop(KeyRing::open(&inner, old, &env).await.unwrap());
        let faults = FaultSettings { seed, lose_reply: 300, conflict: 400, unavailable: 60, disturb_feed: false };
        let resealed = reseal(&Store::faulty(inner.clone(), faults), old, new, &env).await;
        let owner = belongs_to(&inner, &[old, new], &env).await;
        ends[owner] += 1;
        if resealed.is_ok() {
            assert_eq!(owner, 1, "seed {seed}: {resealed:?}");
        }
        // The command says nothing about a reply that was lost for good; it may be run again.
        let again = reseal(&inner, old, new, &env).await.unwrap();
        assert_eq!(again == Resealed::Already, owner == 1, "seed {seed}");
    }
    assert!(ends[0] > 0 && ends[1] > 0, "both ends were seen: {ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reseal_forgets_no_key_that_is_made_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(SqliteSettings::at(folder.path().join("countersign.db"))).await.unwrap();
    let env = Env::system();
    let mut present = KeyFile::ephemeral(&mut Seeded::new(0));
    drop(KeyRing::open(&store, &present, &env).await.unwrap());
    for round in 1..12 {
        let ring = Arc::new(KeyRing::open(&store, &present, &env).await.unwrap());
        let makers: Vec<_> = (0..4)
            .map(|_| {
                let (ring, store, env) = (Arc::clone(&ring), store.clone(), env.clone());
                tokio::spawn(async move {
                    for _ in 0..10 {
                        add(&ring, &store, &env, KeyPurpose::Csrf).await;
                    }
                })
            })
            .collect();
        let new = KeyFile::ephemeral(&mut Seeded::new(round));
        // Against so many writers it may give up, which changes nothing; then it is run again.
        while reseal(&store, &present, &new, &env).await.is_err() {}
        for maker in makers {
            maker.await.unwrap();
        }
        assert_eq!(belongs_to(&store, &[&present, &new], &env).await, 1, "round {round}");
        present = new;
    }
    let made = store.sealed_keys().await.unwrap().into_iter().filter(|key| key.state == KeyState::Next).count();
    assert!(made > 0, "keys were made in between");
    store.close().await.unwrap();
}

#[test]
fn what_a_key_is_bound_to_stays_as_it_is() {
    let file = KeyFile::ephemeral(&mut Seeded::new(1));
    let sealer = sealer::Sealer::new(&file).unwrap();
    let plain_sealer = SealKey::new(file.bytes()).unwrap();
    for purpose in KeyPurpose::ALL {
        let id = proto::model::KeyId::from_bytes(entropy::bytes(&mut Seeded::new(2)));
        let place = format!("sealed_key/{id}/{purpose:?}");
        let sealed = plain_sealer.seal(place.as_bytes(), &[7; 32], &mut Seeded::new(3)).unwrap();
        let at = Timestamp::EPOCH;
        let row =
            SealedKey { id, purpose, state: KeyState::Active, sealed, created_at: at, changed_at: at, version: 1 };
        assert_eq!(**sealer.open(&row).unwrap(), [7; 32], "{purpose:?}");
    }
}
