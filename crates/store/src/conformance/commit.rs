//! Requirements, versions, and all or nothing.

use proto::change::{Change, Key, Require, Row};
use proto::model::{GrantState, UserState};

use super::fixtures::NOW;
use super::settle::load;
use super::{Maker, Subject};
use crate::Outcome;

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    a_stale_version_of_what_was_read_is_a_conflict(open).await;
    a_stale_version_of_what_is_written_is_a_conflict(open).await;
    a_row_that_must_not_exist_is_required_by_version_zero(open).await;
    one_bad_change_voids_all(open).await;
    changes_are_carried_out_in_their_order(open).await;
    nothing_is_a_commit_too(open).await;
}

async fn a_stale_version_of_what_was_read_is_a_conflict(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(10);
    let rows = maker.every_row();
    assert_eq!(store.commit(&maker.puts(rows.clone())).await, Ok(Outcome::Done));
    for row in rows {
        let key = row.key();
        for (version, expected) in
            [(0, Outcome::Conflict), (1, Outcome::Done), (2, Outcome::Conflict), (u64::MAX, Outcome::Conflict)]
        {
            let user = maker.user();
            let require = Require { key: key.clone(), version };
            let commit = maker.commit([require], [Change::Put(Row::User(user.clone().into()))]);
            assert_eq!(store.commit(&commit).await, Ok(expected), "{key:?} at {version}");
            assert_eq!(store.user(user.id).await.unwrap().is_some(), expected == Outcome::Done);
        }
    }
}

async fn a_stale_version_of_what_is_written_is_a_conflict(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(11);
    let rows = maker.every_row();
    for row in &rows {
        assert_eq!(store.commit(&maker.puts([row.clone().with_version(1)])).await, Ok(Outcome::Conflict), "missing");
        let missing = maker.commit([], [Change::Delete(row.key(), 1)]);
        assert_eq!(store.commit(&missing).await, Ok(Outcome::Conflict), "missing");
    }
    assert_eq!(store.commit(&maker.puts(rows.clone())).await, Ok(Outcome::Done));
    let second = rows.iter().map(|row| row.clone().with_version(1));
    assert_eq!(store.commit(&maker.puts(second)).await, Ok(Outcome::Done));
    for row in &rows {
        for version in [1, 3, u64::MAX - 1] {
            let stale = maker.puts([row.clone().with_version(version)]);
            assert_eq!(store.commit(&stale).await, Ok(Outcome::Conflict), "{:?} at {version}", row.key());
        }
        for version in [0, 1, 3] {
            let stale = maker.commit([], [Change::Delete(row.key(), version)]);
            assert_eq!(store.commit(&stale).await, Ok(Outcome::Conflict), "{:?} at {version}", row.key());
        }
        assert_eq!(load(store, &row.key()).await, Some(row.clone().with_version(2)));
    }
}

async fn a_row_that_must_not_exist_is_required_by_version_zero(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(12);
    let absent = Require { key: Key::Deployment, version: 0 };
    let key = Row::SealedKey(maker.sealed_key().into());
    let founding =
        maker.commit([absent.clone()], [Change::Put(Row::Deployment(maker.clone().deployment())), Change::Put(key)]);
    assert_eq!(store.commit(&founding).await, Ok(Outcome::Done));
    let again = maker.commit([absent], [Change::Put(Row::User(maker.clone().user().into()))]);
    assert_eq!(store.commit(&again).await, Ok(Outcome::Conflict));
}

async fn one_bad_change_voids_all(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(13);
    let (client, user) = (maker.client(), maker.user());
    let (pending, session) = (maker.grant(&client), maker.session(&user));
    let rows: Vec<Row> = vec![Row::User(user.clone().into()), Row::Grant(pending.clone().into())];
    assert_eq!(store.commit(&maker.puts(rows.clone())).await, Ok(Outcome::Done));

    let mut approved = pending.clone();
    (approved.state, approved.version) = (GrantState::Approved(Maker::approval(&session)), 1);
    let mut twin = maker.grant(&client);
    twin.user_code = pending.user_code;
    let mut stale = user.clone();
    (stale.state, stale.version) = (UserState::Locked, 7);
    let good = [
        Change::Put(Row::Client(client.clone().into())),
        Change::Put(Row::Session(session.clone().into())),
        Change::Put(Row::Grant(approved.into())),
        Change::Delete(Key::User(user.id), 1),
    ];
    for (bad, expected) in [
        (Change::Put(Row::User(stale.into())), Outcome::Conflict),
        (Change::Delete(Key::Grant(twin.id), 1), Outcome::Conflict),
        (Change::Put(Row::Grant(twin.into())), Outcome::Taken(proto::change::Unique::UserCode)),
    ] {
        for at in 0..=good.len() {
            let mut changes = good.to_vec();
            changes.insert(at, bad.clone());
            let commit = maker.commit([], changes);
            assert_eq!(store.commit(&commit).await, Ok(expected), "{bad:?} at {at}");
            for row in &rows {
                assert_eq!(load(store, &row.key()).await, Some(row.clone().with_version(1)));
                assert_ne!(store.stamp(&row.key()).await, Ok(Some(commit.id)));
            }
            assert_eq!(store.client(&client.id).await, Ok(None));
            assert_eq!(store.session_view(&session.token).await, Ok(None));
        }
    }
    assert_eq!(store.commit(&maker.commit([], good)).await, Ok(Outcome::Done));
}

async fn changes_are_carried_out_in_their_order(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(14);
    let client = maker.client();
    let (first, mut second) = (maker.grant(&client), maker.grant(&client));
    second.user_code = first.user_code;
    let put = |row: &proto::model::Grant, version| Change::Put(Row::Grant(row.clone().into()).with_version(version));
    let commit =
        maker.commit([], [put(&first, 0), put(&first, 1), Change::Delete(Key::Grant(first.id), 2), put(&second, 0)]);
    assert_eq!(store.commit(&commit).await, Ok(Outcome::Done));
    assert_eq!(store.grant(first.id).await, Ok(None));
    assert_eq!(store.grant(second.id).await.unwrap().map(|grant| grant.version), Some(1));
    assert_eq!(store.pending_count(NOW).await, Ok(1));
}

async fn nothing_is_a_commit_too(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(15);
    assert_eq!(store.commit(&maker.commit([], [])).await, Ok(Outcome::Done));
    let stale = Require { key: Key::Deployment, version: 1 };
    assert_eq!(store.commit(&maker.commit([stale], [])).await, Ok(Outcome::Conflict));
}
