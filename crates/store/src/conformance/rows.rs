//! Every kind of row, in every state, comes back as it was written.

use proto::change::{Change, Row};

use super::settle::load;
use super::{Maker, Subject};
use crate::Outcome;

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    every_row_comes_back_as_it_was_written(open).await;
    a_row_is_replaced_by_any_other_of_its_kind(open).await;
    a_deleted_row_is_gone_and_its_key_free(open).await;
}

async fn every_row_comes_back_as_it_was_written(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(1);
    let rows = maker.every_row();
    assert_eq!(subject.store.commit(&maker.puts(rows.clone())).await, Ok(Outcome::Done));
    for row in rows {
        let expected = Some(row.clone().with_version(1));
        assert_eq!(load(&subject.store, &row.key()).await, expected);
        assert_eq!(load(&subject.other, &row.key()).await, expected, "through another handle");
    }
}

async fn a_row_is_replaced_by_any_other_of_its_kind(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(2);
    let rows = maker.every_row();
    assert_eq!(subject.store.commit(&maker.puts(rows.clone())).await, Ok(Outcome::Done));
    for (before, after) in rows.iter().zip(rows.iter().cycle().skip(1)) {
        let Some(replacement) = in_place_of(before, after) else { continue };
        let commit = maker.puts([replacement.clone().with_version(1)]);
        assert_eq!(subject.store.commit(&commit).await, Ok(Outcome::Done), "{replacement:?}");
        assert_eq!(load(&subject.store, &before.key()).await, Some(replacement.with_version(2)));
    }
}

/// `after` under the key of `before`, with its unique values, if they are of one kind.
fn in_place_of(before: &Row, after: &Row) -> Option<Row> {
    match (before, after) {
        (Row::Client(b), Row::Client(a)) => {
            let mut row = a.clone();
            row.id = b.id.clone();
            Some(Row::Client(row))
        }
        (Row::Deployment(_), Row::Deployment(a)) => Some(Row::Deployment(a.clone())),
        (Row::Family(b), Row::Family(a)) => {
            let mut row = a.clone();
            row.id = b.id;
            Some(Row::Family(row))
        }
        (Row::Grant(b), Row::Grant(a)) => {
            let mut row = a.clone();
            (row.id, row.device_code, row.user_code) = (b.id, b.device_code, b.user_code);
            Some(Row::Grant(row))
        }
        (Row::InitialToken(b), Row::InitialToken(a)) => {
            let mut row = a.clone();
            row.id = b.id;
            Some(Row::InitialToken(row))
        }
        (Row::SealedKey(b), Row::SealedKey(a)) => {
            let mut row = a.clone();
            row.id = b.id;
            Some(Row::SealedKey(row))
        }
        (Row::Session(b), Row::Session(a)) => {
            let mut row = a.clone();
            (row.id, row.token) = (b.id, b.token);
            Some(Row::Session(row))
        }
        (Row::User(b), Row::User(a)) => {
            let mut row = a.clone();
            (row.id, row.name) = (b.id, b.name.clone());
            Some(Row::User(row))
        }
        _ => None,
    }
}

async fn a_deleted_row_is_gone_and_its_key_free(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(3);
    let rows = maker.every_row();
    assert_eq!(subject.store.commit(&maker.puts(rows.clone())).await, Ok(Outcome::Done));
    let deletions: Vec<Change> = rows.iter().map(|row| Change::Delete(row.key(), 1)).collect();
    assert_eq!(subject.store.commit(&maker.commit([], deletions)).await, Ok(Outcome::Done));
    for row in &rows {
        assert_eq!(load(&subject.store, &row.key()).await, None);
        assert_eq!(subject.store.stamp(&row.key()).await, Ok(None));
    }
    assert_eq!(subject.store.commit(&maker.puts(rows)).await, Ok(Outcome::Done), "keys and unique values are free");
}
