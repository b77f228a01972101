//! Several processes on one file: each hears the others, waits for them, and never hears itself twice.

use std::time::Duration;

use proto::change::{Key, Row};
use proto::model::{User, UserState};
use tokio::time::timeout;

use super::*;
use crate::{Feed, FeedEvent, StoreError};

const SECOND: Duration = Duration::from_secs(1);

async fn next(feed: &mut Feed) -> FeedEvent {
    timeout(SECOND, feed.next()).await.expect("nothing was heard within a second")
}

#[tokio::test]
async fn a_change_by_another_process_is_heard_within_a_second() {
    let (place, mut maker) = (Place::new(), Maker::new(11));
    let (server, command) = (place.open().await, place.open().await);
    let user = maker.user();
    write(&server, &mut maker, vec![Row::User(user.clone().into())]).await;
    let mut feed = server.feed();
    let locked = User { state: UserState::Locked, version: 1, ..user.clone() };
    write(&command, &mut maker, vec![Row::User(locked.into())]).await;
    command.close().await.unwrap();
    assert_eq!(next(&mut feed).await, FeedEvent::Changed(Key::User(user.id), 2));
}

#[tokio::test]
async fn a_store_hears_itself_once_and_others_in_between() {
    let (place, mut maker) = (Place::new(), Maker::new(12));
    let (one, two) = (place.open().await, place.open().await);
    let (mut of_one, mut of_two) = (one.feed(), two.feed());
    let mut written = Vec::new();
    for turn in 0..20 {
        let user = maker.user();
        written.push(FeedEvent::Changed(Key::User(user.id), 1));
        write(if turn % 3 == 0 { &two } else { &one }, &mut maker, vec![Row::User(user.into())]).await;
    }
    for event in &written {
        assert_eq!(next(&mut of_one).await, *event);
        assert_eq!(next(&mut of_two).await, *event);
    }
    // Nothing more comes: the next thing heard is the next thing written.
    let last = maker.client();
    write(&one, &mut maker, vec![Row::Client(last.clone().into())]).await;
    let expected = FeedEvent::Changed(Key::Client(last.id), 1);
    assert_eq!(next(&mut of_one).await, expected);
    assert_eq!(next(&mut of_two).await, expected);
}

#[tokio::test]
async fn who_missed_too_much_is_in_doubt() {
    let (place, mut maker) = (Place::new(), Maker::new(13));
    let server = place.open().await;
    let mut feed = server.feed();
    let other = place.raw();
    for (sql, why) in [
        (
            "INSERT INTO changes SELECT seq + 1000, kind, id, version FROM changes; DELETE FROM changes WHERE seq < 1000",
            "rows were pruned",
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT max(seq) + 1 FROM changes UNION ALL SELECT i + 1 FROM n LIMIT 9000) \
             INSERT INTO changes SELECT i, 'deployment', x'', 1 FROM n",
            "more than a listener can take",
        ),
        ("INSERT INTO changes SELECT max(seq) + 1, 'teapot', x'', 1 FROM changes", "a kind of a later program"),
        ("DELETE FROM changes WHERE seq > 5", "the file was replaced by an older one"),
    ] {
        let user = maker.user();
        write(&server, &mut maker, vec![Row::User(user.clone().into())]).await;
        assert_eq!(next(&mut feed).await, FeedEvent::Changed(Key::User(user.id), 1), "{why}");
        other.execute_batch(sql).unwrap();
        assert_eq!(next(&mut feed).await, FeedEvent::Doubt, "{why}");
    }
}

#[tokio::test]
async fn a_slow_listener_is_in_doubt_and_goes_on() {
    let (place, mut maker) = (Place::new(), Maker::new(14));
    let store = place.open().await;
    let mut feed = store.feed();
    for _ in 0..10 {
        let rows = (0..1000).map(|_| Row::User(maker.user().into())).collect();
        write(&store, &mut maker, rows).await;
    }
    assert_eq!(next(&mut feed).await, FeedEvent::Doubt);
    assert!(matches!(next(&mut feed).await, FeedEvent::Changed(..)));
}

#[tokio::test]
async fn while_another_process_writes_the_store_waits_and_then_says_so() {
    let (place, mut maker) = (Place::new(), Maker::new(15));
    let store = place.open().await;
    let hasty = Store::sqlite(SqliteSettings { busy: Duration::from_millis(1), ..place.settings() }).await.unwrap();
    let other = place.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let commit = maker.puts([Row::User(maker.clone().user().into())]);
    assert_eq!(hasty.commit(&commit).await, Err(StoreError::Busy));
    assert_eq!(store.users().await, Ok(vec![]), "reading goes on");
    let patient = tokio::spawn({
        let store = store.clone();
        async move { store.commit(&commit).await }
    });
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(timeout(SECOND * 4, patient).await.unwrap().unwrap(), Ok(Outcome::Done));
}

#[tokio::test]
async fn the_oldest_changes_are_pruned() {
    let (place, mut maker) = (Place::new(), Maker::new(16));
    place.open().await.close().await.unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 110590) \
         INSERT INTO changes SELECT i, 'deployment', x'', 1 FROM n";
    place.raw().execute_batch(sql).unwrap();
    let store = place.open().await;
    for _ in 0..10 {
        let user = maker.user();
        write(&store, &mut maker, vec![Row::User(user.into())]).await;
    }
    let (rows, last): (i64, i64) = place
        .raw()
        .query_row("SELECT count(*), max(seq) FROM changes", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(last, 110_600);
    assert!((100_000..100_010).contains(&rows), "{rows}");
}
