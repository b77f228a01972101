//! Proofs and assertions are used once, whoever asks; they have no versions and are not told of.

use std::time::Duration;

use proto::change::{Change, Key, Require, Row, Spent, Unique};

use super::fixtures::NOW;
use super::{Maker, Subject};
use crate::{FeedEvent, Outcome, Swept};

const MINUTE: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(1);

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    a_proof_is_used_once(open).await;
    a_used_proof_voids_all_that_came_with_it(open).await;
    whether_a_proof_was_used_can_be_required(open).await;
    a_used_proof_is_never_replaced_or_deleted(open).await;
    a_proof_is_forgotten_when_it_is_no_good_any_more(open).await;
    used_proofs_are_swept_last_and_within_the_limit(open).await;
}

async fn a_proof_is_used_once(open: &impl AsyncFn() -> Subject) {
    let Subject { store, other, .. } = &open().await;
    let mut maker = Maker::new(80);
    let (spent, fresh) = (maker.spent(NOW + MINUTE), maker.spent(NOW + MINUTE));
    let key = Key::Spent(spent.id);
    assert_eq!(store.stamp(&key).await, Ok(None));
    let first = maker.puts([Row::Spent(spent)]);
    assert_eq!(store.commit(&first).await, Ok(Outcome::Done));
    // A clock or a setting that moved does not make it another proof.
    for until in [spent.until, NOW - MINUTE, NOW + MINUTE * 9] {
        let again = Row::Spent(Spent { until, ..spent });
        for handle in [store, other] {
            assert_eq!(handle.commit(&maker.puts([again.clone()])).await, Ok(Outcome::Taken(Unique::Spent)));
            assert_eq!(handle.stamp(&key).await, Ok(Some(first.id)), "its author finds out");
        }
    }
    assert_eq!(other.commit(&maker.puts([Row::Spent(fresh)])).await, Ok(Outcome::Done));
    let mut alike = spent;
    alike.id.0[31] ^= 1;
    assert_eq!(store.commit(&maker.puts([Row::Spent(alike)])).await, Ok(Outcome::Done), "another proof");
}

async fn a_used_proof_voids_all_that_came_with_it(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(81);
    let (spent, late, client) = (maker.spent(NOW + MINUTE), maker.spent(NOW + MINUTE), maker.client());
    let put = |row: &Row| Change::Put(row.clone());
    let rows = [Row::Spent(spent), Row::Client(client.clone().into()), Row::Spent(late)];
    let twice = maker.commit([], [put(&rows[0]), put(&rows[1]), put(&rows[0])]);
    assert_eq!(store.commit(&twice).await, Ok(Outcome::Taken(Unique::Spent)), "also twice in one commit");
    assert_eq!(store.commit(&maker.puts(rows[2..].to_vec())).await, Ok(Outcome::Done));
    assert_eq!(store.commit(&maker.puts(rows.clone())).await, Ok(Outcome::Taken(Unique::Spent)));
    assert_eq!(store.client(&client.id).await, Ok(None));
    assert_eq!(store.commit(&maker.puts(rows[..2].to_vec())).await, Ok(Outcome::Done), "it was not used up");
}

async fn whether_a_proof_was_used_can_be_required(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(82);
    let spent = maker.spent(NOW + MINUTE);
    let mut require = async |version| {
        let require = Require { key: Key::Spent(spent.id), version };
        store.commit(&maker.commit([require], [])).await
    };
    assert_eq!(require(0).await, Ok(Outcome::Done));
    assert_eq!(require(1).await, Ok(Outcome::Conflict));
    assert_eq!(store.commit(&Maker::new(83).puts([Row::Spent(spent)])).await, Ok(Outcome::Done));
    assert_eq!(require(0).await, Ok(Outcome::Conflict));
    assert_eq!(require(1).await, Ok(Outcome::Done));
}

async fn a_used_proof_is_never_replaced_or_deleted(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(84);
    let spent = maker.spent(NOW + MINUTE);
    assert_eq!(store.commit(&maker.puts([Row::Spent(spent)])).await, Ok(Outcome::Done));
    for version in [0, 1, 2] {
        let replaced = maker.puts([Row::Spent(spent).with_version(version)]);
        assert_eq!(store.commit(&replaced).await, Ok(Outcome::Taken(Unique::Spent)));
        let deleted = maker.commit([], [Change::Delete(Key::Spent(spent.id), version)]);
        assert_eq!(store.commit(&deleted).await, Ok(Outcome::Conflict));
    }
    assert_eq!(store.commit(&maker.puts([Row::Spent(spent)])).await, Ok(Outcome::Taken(Unique::Spent)));
}

/// Only of a feed that keeps order can it be said when nothing more will come.
pub(super) async fn used_proofs_are_not_told_of(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(85);
    let mut feed = store.feed();
    let (first, last) = (maker.client(), maker.client());
    let rows = [Row::Spent(maker.spent(NOW)), Row::Client(first.clone().into()), Row::Spent(maker.spent(NOW))];
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
    let lone = Row::Spent(maker.spent(NOW));
    assert_eq!(store.commit(&maker.puts([lone])).await, Ok(Outcome::Done));
    assert_eq!(store.sweep(NOW, 100).await, Ok(Swept { spent: 3, ..Swept::default() }));
    assert_eq!(store.commit(&maker.puts([Row::Client(last.clone().into())])).await, Ok(Outcome::Done));
    assert_eq!(feed.next().await, FeedEvent::Changed(Key::Client(first.id), 1));
    assert_eq!(feed.next().await, FeedEvent::Changed(Key::Client(last.id), 1));
}

async fn a_proof_is_forgotten_when_it_is_no_good_any_more(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(86);
    let (early, late) = (maker.spent(NOW + MINUTE), maker.spent(NOW + MINUTE * 2));
    assert_eq!(store.commit(&maker.puts([late, early].map(Row::Spent))).await, Ok(Outcome::Done));
    assert_eq!(store.sweep(early.until - MOMENT, 100).await, Ok(Swept::default()));
    assert_eq!(store.commit(&maker.puts([Row::Spent(early)])).await, Ok(Outcome::Taken(Unique::Spent)));
    assert_eq!(store.sweep(early.until, 100).await, Ok(Swept { spent: 1, ..Swept::default() }));
    assert_eq!(store.stamp(&Key::Spent(early.id)).await, Ok(None));
    assert_eq!(store.commit(&maker.puts([Row::Spent(late)])).await, Ok(Outcome::Taken(Unique::Spent)));
    assert_eq!(store.commit(&maker.puts([Row::Spent(early)])).await, Ok(Outcome::Done), "its name is free");
}

async fn used_proofs_are_swept_last_and_within_the_limit(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(87);
    let mut client = maker.rich_client();
    let until = NOW + MINUTE;
    client.registration.as_mut().unwrap().unused_until = Some(until);
    let mut rows: Vec<Row> = (0..10).map(|_| Row::Spent(maker.spent(until))).collect();
    rows.push(Row::Client(client.into()));
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
    let mut rounds = Vec::new();
    for _ in 0..4 {
        rounds.push(store.sweep(until, 5).await.unwrap());
    }
    let round = |clients, spent, more| Swept { clients, spent, more, ..Swept::default() };
    assert_eq!(rounds, [round(1, 4, true), round(0, 5, true), round(0, 1, false), round(0, 0, false)]);
}
