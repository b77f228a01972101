//! Groups, full disks, full queues.

use proto::change::{Change, Row};
use proto::model::User;
use tokio::task::JoinSet;

use super::*;
use crate::conformance::LATER;
use crate::{Operation, StoreError};

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_share_a_transaction() {
    const COMMITS: u64 = 2000;
    let (place, mut maker) = (Place::new(), Maker::new(17));
    let store = place.open().await;
    let before = store.write_figures();
    let mut tasks = JoinSet::new();
    for _ in 0..COMMITS {
        let (store, user) = (store.clone(), maker.user());
        let commit = maker.puts([Row::User(user.into())]);
        tasks.spawn(async move { store.commit(&commit).await });
    }
    assert!(tasks.join_all().await.into_iter().all(|outcome| outcome == Ok(Outcome::Done)));
    let after = store.write_figures();
    assert_eq!(after.writes - before.writes, COMMITS);
    let transactions = after.transactions - before.transactions;
    assert!(transactions < COMMITS / 4, "{transactions} transactions");
    assert_eq!(store.users().await.unwrap().len(), usize::try_from(COMMITS).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_commit_does_not_void_the_others_of_its_group() {
    let (place, mut maker) = (Place::new(), Maker::new(18));
    let store = place.open().await;
    let first = maker.user();
    write(&store, &mut maker, vec![Row::User(first.clone().into())]).await;
    let mut tasks = JoinSet::new();
    for index in 0..300 {
        let store = store.clone();
        let (commit, expected) = match index % 3 {
            0 => (maker.puts([Row::User(maker.clone().user().into())]), Outcome::Done),
            1 => {
                let user = maker.user();
                let stale = User { version: 7, ..first.clone() };
                (maker.puts([Row::User(user.into()), Row::User(stale.into())]), Outcome::Conflict)
            }
            _ => {
                let user = maker.user();
                let namesake = User { name: first.name.clone(), ..maker.user() };
                let taken = Outcome::Taken(proto::change::Unique::UserName);
                (maker.puts([Row::User(user.into()), Row::User(namesake.into())]), taken)
            }
        };
        tasks.spawn(async move { (store.commit(&commit).await, expected) });
    }
    for (outcome, expected) in tasks.join_all().await {
        assert_eq!(outcome, Ok(expected));
    }
    assert_eq!(store.users().await.unwrap().len(), 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_passes() {
    let (place, mut maker) = (Place::new(), Maker::new(19));
    let store = Store::sqlite(SqliteSettings { max_pages: Some(120), ..place.settings() }).await.unwrap();
    let client = maker.client();
    let mut kept = Vec::new();
    let refused = loop {
        let grants: Vec<_> = (0..8).map(|_| maker.grant(&client)).collect();
        let mut tasks = JoinSet::new();
        for grant in grants {
            let (store, commit) = (store.clone(), maker.puts([Row::Grant(grant.clone().into())]));
            tasks.spawn(async move { (grant, store.commit(&commit).await) });
        }
        let mut refused = Vec::new();
        for (grant, outcome) in tasks.join_all().await {
            match outcome {
                Ok(Outcome::Done) => kept.push(grant),
                Err(StoreError::Full) => refused.push(grant),
                other => panic!("{other:?}"),
            }
        }
        if !refused.is_empty() {
            break refused;
        }
    };
    assert!(kept.len() > 100, "{}", kept.len());
    for grant in &kept {
        assert!(store.grant(grant.id).await.unwrap().is_some(), "what was acknowledged is there");
    }
    for grant in &refused {
        assert_eq!(store.grant(grant.id).await, Ok(None), "what was refused is not");
    }
    // Once there is room again, the same store writes again.
    let mut swept = 0;
    while swept < kept.len() {
        swept += store.sweep(LATER, 20).await.unwrap().total();
    }
    for grant in refused {
        write(&store, &mut maker, vec![Row::Grant(grant.into())]).await;
    }
    let check: String = place.raw().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn more_writes_than_may_wait_are_turned_away() {
    let (place, mut maker) = (Place::new(), Maker::new(20));
    let store = Store::sqlite(SqliteSettings { queue: 4, ..place.settings() }).await.unwrap();
    let other = place.raw();
    // While another process writes, the writer waits with one group, and the queue fills up behind it.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let (store, commit) = (store.clone(), maker.puts([Row::User(maker.clone().user().into())]));
        maker.user();
        tasks.spawn(async move { store.commit(&commit).await });
    }
    let first = tasks.join_next().await.unwrap().unwrap();
    assert_eq!(first, Err(StoreError::Busy));
    other.execute_batch("COMMIT").unwrap();
    let outcomes = tasks.join_all().await;
    let done = outcomes.iter().filter(|outcome| **outcome == Ok(Outcome::Done)).count();
    assert!((4..=40).contains(&done), "{done}");
    assert_eq!(store.users().await.unwrap().len(), done);
}

#[tokio::test]
async fn accesses_are_counted_by_operation() {
    let (place, mut maker) = (Place::new(), Maker::new(21));
    let store = place.open().await;
    let before = store.accesses();
    assert_eq!(before.total(), 0);
    let user = maker.user();
    write(&store, &mut maker, vec![Row::User(user.clone().into())]).await;
    store.user(user.id).await.unwrap();
    store.user_by_name(&user.name).await.unwrap();
    store.clone().take(&[], LATER).await.unwrap();
    drop(store.feed());
    let after = store.accesses();
    assert_eq!(after.of(Operation::Commit), 1);
    assert_eq!(after.of(Operation::User), 2);
    assert_eq!(after.total(), 4);
    let gone = maker.commit([], [Change::Delete(Row::User(user.into()).key(), 1)]);
    assert_eq!(store.commit(&gone).await, Ok(Outcome::Done));
    assert_eq!(after.iter().map(|(_, count)| count).sum::<u64>() + 1, store.accesses().total());
}
