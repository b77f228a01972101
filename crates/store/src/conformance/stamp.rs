//! The stamp by which the author of a commit finds out whether it was carried out.

use proto::change::{Change, Require, Row};

use super::{Maker, Subject};
use crate::Outcome;

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    every_row_carries_the_commit_that_wrote_it_last(open).await;
}

async fn every_row_carries_the_commit_that_wrote_it_last(open: &impl AsyncFn() -> Subject) {
    let Subject { store, other, .. } = &open().await;
    let mut maker = Maker::new(30);
    for row in maker.every_row() {
        let key = row.key();
        assert_eq!(store.stamp(&key).await, Ok(None));
        let first = maker.puts([row.clone()]);
        assert_eq!(store.commit(&first).await, Ok(Outcome::Done));
        assert_eq!(store.stamp(&key).await, Ok(Some(first.id)));
        let stale = maker.puts([row.clone().with_version(9)]);
        assert_eq!(store.commit(&stale).await, Ok(Outcome::Conflict));
        let reader = maker.commit([Require { key: key.clone(), version: 1 }], []);
        assert_eq!(store.commit(&reader).await, Ok(Outcome::Done));
        assert_eq!(store.stamp(&key).await, Ok(Some(first.id)), "reading leaves no stamp");
        let second = maker.commit([], [Change::Put(row.clone().with_version(1))]);
        assert_eq!(other.commit(&second).await, Ok(Outcome::Done));
        assert_eq!(store.stamp(&key).await, Ok(Some(second.id)));
    }
    // Rows of one commit share its stamp.
    let (client, user) = (maker.client(), maker.user());
    let commit = maker.puts([Row::Client(client.clone().into()), Row::User(user.clone().into())]);
    assert_eq!(store.commit(&commit).await, Ok(Outcome::Done));
    for key in [Row::Client(client.into()).key(), Row::User(user.into()).key()] {
        assert_eq!(other.stamp(&key).await, Ok(Some(commit.id)));
    }
}
