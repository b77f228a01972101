//! Databases that are slow, full, gone, back, or in the way.

use std::time::Duration;

use proto::change::{Change, Key, Require, Row};
use proto::model::{User, UserState};
use tokio::time::{Instant, timeout};

use super::*;
use crate::conformance::load;
use crate::{FeedEvent, Outcome, StoreError};

/// A person, and a connection that holds their row.
async fn held(address: &str, store: &Store, maker: &mut Maker) -> (User, tokio_postgres::Client) {
    let user = maker.user();
    write(store, maker, vec![Row::User(user.clone().into())]).await;
    let holder = Cluster::connect(address).await;
    hold(&holder, &user).await;
    (user, holder)
}

async fn hold(holder: &tokio_postgres::Client, user: &User) {
    holder.batch_execute("BEGIN").await.unwrap();
    let id = user.id.as_bytes().as_slice();
    holder.query("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", &[&id]).await.unwrap();
}

fn locked(user: &User, version: u64) -> Row {
    Row::User(User { state: UserState::Locked, version, ..user.clone() }.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_too_long_for_a_row_is_busy_and_wrote_nothing() {
    let address = Cluster::shared().empty().await;
    let quick = PostgresSettings { lock: Duration::from_millis(100), ..settings(&address) };
    let (store, mut maker) = (Store::postgres(quick).await.unwrap(), Maker::new(20));
    let (user, holder) = held(&address, &store, &mut maker).await;
    assert_eq!(store.commit(&maker.puts([locked(&user, 1)])).await, Err(StoreError::Busy));
    let requires = [Require { key: Key::User(user.id), version: 1 }];
    let client = maker.client();
    let reads = maker.commit(requires, [Change::Put(Row::Client(client.clone().into()))]);
    assert_eq!(store.commit(&reads).await, Err(StoreError::Busy), "what was read is locked too");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.client(&client.id).await, Ok(None));
    assert_eq!(store.commit(&reads).await, Ok(Outcome::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_may_wait_for_a_connection_is_turned_away_at_once() {
    let address = Cluster::shared().empty().await;
    let small = PostgresSettings { connections: 1, queue: 2, ..settings(&address) };
    let (store, mut maker) = (Store::postgres(small).await.unwrap(), Maker::new(21));
    let (user, holder) = held(&address, &store, &mut maker).await;
    let commit = maker.puts([locked(&user, 1)]);
    let mut waiting = tokio::task::JoinSet::new();
    let began = Instant::now();
    for _ in 0..20 {
        let (store, commit) = (store.clone(), commit.clone());
        waiting.spawn(async move { store.commit(&commit).await });
    }
    let first = waiting.join_next().await.unwrap().unwrap();
    assert_eq!(first, Err(StoreError::Busy));
    assert!(began.elapsed() < Duration::from_secs(1));
    holder.batch_execute("ROLLBACK").await.unwrap();
    let outcomes = waiting.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(Outcome::Done)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_connection_ends_is_unknown_and_the_stamp_tells() {
    let address = Cluster::shared().empty().await;
    let (store, mut maker) = (node(&address).await, Maker::new(22));
    let (user, holder) = held(&address, &store, &mut maker).await;
    let commit = maker.puts([locked(&user, 1)]);
    let waiting = tokio::spawn({
        let (store, commit) = (store.clone(), commit.clone());
        async move { store.commit(&commit).await }
    });
    // Whoever waits for this connection's lock is ended.
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))";
    while holder.query(end, &[]).await.unwrap().is_empty() {}
    assert_eq!(waiting.await.unwrap(), Ok(Outcome::Unknown));
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_ne!(store.stamp(&Key::User(user.id)).await, Ok(Some(commit.id)));
    assert_eq!(store.commit(&commit).await, Ok(Outcome::Done));
    assert_eq!(store.stamp(&Key::User(user.id)).await, Ok(Some(commit.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_for_each_other_are_a_conflict() {
    let address = Cluster::shared().empty().await;
    let patient = PostgresSettings { lock: Duration::from_secs(5), ..settings(&address) };
    let (store, mut maker) = (Store::postgres(patient).await.unwrap(), Maker::new(23));
    let (first, holder) = held(&address, &store, &mut maker).await;
    let session = maker.session(&first);
    write(&store, &mut maker, vec![Row::Session(session.clone().into())]).await;
    // The commit holds the session and waits for the person, whose holder then wants the session.
    let requires = [Require { key: Key::Session(session.id), version: 1 }];
    let commit = maker.commit(requires, [Change::Put(locked(&first, 1))]);
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.commit(&commit).await }
    });
    let blocked = "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))";
    while holder.query(blocked, &[]).await.unwrap().is_empty() {}
    let id = session.id.as_bytes().as_slice();
    let wanted = holder.query("SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE", &[&id]).await;
    // One of the two is the victim.
    match wanted {
        Ok(_) => {
            holder.batch_execute("ROLLBACK").await.unwrap();
            assert_eq!(waiting.await.unwrap(), Ok(Outcome::Conflict));
        }
        Err(_) => assert_eq!(waiting.await.unwrap(), Ok(Outcome::Done)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_gone_is_used_again_and_nothing_acknowledged_is_lost() {
    let cluster = Cluster::start(&[]);
    let address = cluster.empty().await;
    let (store, other, mut maker) = (node(&address).await, node(&address).await, Maker::new(24));
    let mut feed = other.feed();
    let kept = maker.user();
    write(&store, &mut maker, vec![Row::User(kept.clone().into())]).await;
    cluster.stop();
    let lost = maker.user();
    let commit = maker.puts([Row::User(lost.clone().into())]);
    assert!(matches!(store.commit(&commit).await, Ok(Outcome::Unknown) | Err(StoreError::Unavailable(_))));
    assert!(matches!(store.user(kept.id).await, Err(StoreError::Unavailable(_))));
    cluster.start_again();
    assert!(load(&store, &Key::User(kept.id)).await.is_some());
    assert_eq!(store.commit(&commit).await, Ok(Outcome::Done));
    let event = FeedEvent::Changed(Key::User(lost.id), 1);
    let hearing = async { while feed.next().await != event {} };
    timeout(Duration::from_secs(5), hearing).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_primary_is_gone_its_promoted_standby_takes_over() {
    let primary = Cluster::start(&[]);
    let standby = primary.standby();
    // Nothing is acknowledged that the standby has not.
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
    primary.execute("SELECT pg_reload_conf()").await;
    let address = primary.empty().await;
    let (_, options) = address.split_once("options=").unwrap();
    let host = |cluster: &Cluster| {
        format!("{}:{}", cluster.socket().display().to_string().replace('/', "%2F"), cluster.port())
    };
    let hosts = format!("postgres://countersign@{},{}/postgres?options={options}", host(&standby), host(&primary));
    let (store, mut maker) = (node(&hosts).await, Maker::new(25));
    let kept = maker.user();
    write(&store, &mut maker, vec![Row::User(kept.clone().into())]).await;
    primary.stop();
    standby.promote();
    let session = maker.session(&kept);
    let commit = maker.puts([Row::Session(session.clone().into())]);
    let committed = async {
        loop {
            match store.commit(&commit).await {
                Ok(Outcome::Done) => return,
                Ok(Outcome::Unknown) | Err(StoreError::Busy | StoreError::Unavailable(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    timeout(Duration::from_secs(10), committed).await.unwrap();
    assert!(load(&store, &Key::User(kept.id)).await.is_some(), "what was acknowledged is there");
}

#[tokio::test]
async fn where_no_database_is_that_is_said_at_once() {
    let nobody = settings("postgres://u@127.0.0.1:1/c");
    let StoreError::Unavailable(why) = Store::postgres(nobody).await.unwrap_err() else { panic!("it was found") };
    assert!(why.contains("refused"), "{why}");
}
