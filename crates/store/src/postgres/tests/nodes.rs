//! Nodes: what they hear of each other, and when there is nobody to tell them.

use std::time::Duration;

use proto::change::{Change, Key, Row};
use proto::model::Version;
use tokio::time::{Instant, timeout};

use super::*;
use crate::conformance::load;
use crate::{Feed, FeedEvent, Outcome};

/// How long until this was heard.
async fn heard(feed: &mut Feed, key: &Key, version: Version) -> Duration {
    let began = Instant::now();
    let event = FeedEvent::Changed(key.clone(), version);
    let listening = async { while feed.next().await != event {} };
    timeout(Duration::from_secs(5), listening).await.unwrap();
    began.elapsed()
}

async fn add(store: &Store, maker: &mut Maker) -> Key {
    let user = maker.user();
    write(store, maker, vec![Row::User(user.clone().into())]).await;
    Key::User(user.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notifications_a_change_is_heard_at_the_next_look() {
    let address = Cluster::shared().empty().await;
    let deaf = PostgresSettings { notify: false, ..settings(&address) };
    let (one, other) = (node(&address).await, Store::postgres(deaf).await.unwrap());
    let mut feed = other.feed();
    let key = add(&one, &mut Maker::new(1)).await;
    assert!(heard(&mut feed, &key, 1).await < Duration::from_millis(1200));
    assert!(load(&other, &key).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_heard_at_once_also_after_the_connections_that_tell_it_ended() {
    // One of its own: what ends here is nobody else's.
    let cluster = Cluster::start(&[]);
    let address = cluster.empty().await;
    let (one, other) = (node(&address).await, node(&address).await);
    let (mut maker, mut feed) = (Maker::new(2), other.feed());
    for _ in 0..3 {
        let key = add(&one, &mut maker).await;
        assert!(heard(&mut feed, &key, 1).await < Duration::from_millis(900), "by a notification");
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
             AND (query LIKE 'SELECT pg_notify%' OR query LIKE 'SELECT clock_timestamp()%' \
                 OR query LIKE 'SELECT commit_id, told%')";
        assert!(!Cluster::connect(&address).await.query(end, &[]).await.unwrap().is_empty());
        // Whatever is written until they are back is in the table.
        let key = add(&one, &mut maker).await;
        assert!(heard(&mut feed, &key, 1).await < Duration::from_secs(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_becomes_visible_late_is_heard() {
    let address = Cluster::shared().empty().await;
    let other = node(&address).await;
    let mut feed = other.feed();
    let slow = Cluster::connect(&address).await;
    let late = "BEGIN; INSERT INTO changes (at, commit_id, told) \
         VALUES (clock_timestamp(), decode(repeat('07', 16), 'hex'), 'deployment//7')";
    slow.batch_execute(late).await.unwrap();
    // What was written after it is heard before it.
    let key = add(&other, &mut Maker::new(3)).await;
    heard(&mut feed, &key, 1).await;
    let looked = PostgresSettings::parse(&address).unwrap().tick * 2;
    timeout(looked, feed.next()).await.unwrap_err();
    slow.batch_execute("COMMIT").await.unwrap();
    heard(&mut feed, &Key::Deployment, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_can_be_told_one_by_one_is_a_doubt() {
    let address = Cluster::shared().empty().await;
    let other = node(&address).await;
    let mut feed = other.feed();
    let many = "INSERT INTO changes (at, commit_id, told) SELECT clock_timestamp(), decode(md5(n::text), 'hex'), \
         'deployment//' || n FROM generate_series(1, 10000) AS n";
    Cluster::execute_at(&address, many).await;
    let doubted = async { while feed.next().await != FeedEvent::Doubt {} };
    timeout(Duration::from_secs(5), doubted).await.unwrap();
    // And it goes on.
    let key = add(&other, &mut Maker::new(4)).await;
    heard(&mut feed, &key, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_changes_are_pruned() {
    let address = Cluster::shared().empty().await;
    let store = node(&address).await;
    let key = add(&store, &mut Maker::new(5)).await;
    let client = Cluster::connect(&address).await;
    client.batch_execute("UPDATE changes SET at = at - INTERVAL '9 minutes 50 seconds'").await.unwrap();
    let count = async || client.query_one("SELECT count(*) FROM changes", &[]).await.unwrap().get::<_, i64>(0);
    store.sweep(proto::Timestamp::EPOCH, 1).await.unwrap();
    assert_eq!(count().await, 1);
    client.batch_execute("UPDATE changes SET at = at - INTERVAL '10 seconds'").await.unwrap();
    store.sweep(proto::Timestamp::EPOCH, 1).await.unwrap();
    assert_eq!(count().await, 0);
    assert!(load(&store, &key).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_sweeps_at_a_time_and_one_that_died_stops_nobody_for_long() {
    let address = Cluster::shared().empty().await;
    let (store, mut maker) = (node(&address).await, Maker::new(6));
    let client = maker.client();
    let grant = maker.grant(&client);
    let end = grant.tombstone_until();
    write(&store, &mut maker, vec![Row::Grant(grant.into())]).await;
    let held = "INSERT INTO leases (name, until) VALUES ('sweep', clock_timestamp() + INTERVAL '30 seconds') \
         ON CONFLICT (name) DO UPDATE SET until = excluded.until";
    Cluster::execute_at(&address, held).await;
    assert_eq!(store.sweep(end, 10).await, Ok(crate::Swept::default()), "another node is at it");
    Cluster::execute_at(&address, "UPDATE leases SET until = clock_timestamp()").await;
    assert_eq!(store.sweep(end, 10).await.unwrap().grants, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_leaves_what_is_being_written() {
    let address = Cluster::shared().empty().await;
    let (store, mut maker) = (node(&address).await, Maker::new(7));
    let client = maker.client();
    let grants = [maker.grant(&client), maker.grant(&client)];
    let end = grants[0].tombstone_until().max(grants[1].tombstone_until());
    write(&store, &mut maker, grants.iter().map(|grant| Row::Grant(grant.clone().into())).collect()).await;
    let writer = Cluster::connect(&address).await;
    let id = grants[0].id.as_bytes().as_slice();
    writer.batch_execute("BEGIN").await.unwrap();
    writer.query("SELECT 1 FROM grants WHERE id = $1 FOR UPDATE", &[&id]).await.unwrap();
    assert_eq!(store.sweep(end, 10).await.unwrap().grants, 1);
    writer.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.sweep(end, 10).await.unwrap().grants, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_agree_on_the_time_of_the_database() {
    let address = Cluster::shared().empty().await;
    let (one, other) = (node(&address).await, node(&address).await);
    let client = Cluster::connect(&address).await;
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let there: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    for store in [one, other] {
        let own = store.clock().unwrap().now().unwrap().as_millis();
        assert!((own - there).abs() < 250, "{own} is not {there}");
    }
    assert!(Store::memory().clock().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_waits_for_is_carried_out_and_told() {
    let address = Cluster::shared().empty().await;
    let (one, other) = (node(&address).await, node(&address).await);
    let (mut maker, mut feed) = (Maker::new(8), other.feed());
    let user = maker.user();
    let commit = maker.puts([Row::User(user.clone().into())]);
    drop(timeout(Duration::ZERO, one.commit(&commit)).await);
    heard(&mut feed, &Key::User(user.id), 1).await;
    let gone = maker.commit([], [Change::Delete(Key::User(user.id), 1)]);
    assert_eq!(other.commit(&gone).await, Ok(Outcome::Done));
}
