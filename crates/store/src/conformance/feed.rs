//! The feed: every change is heard on every handle, at least once, never before it can be read.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::change::{Change, Key, Row};
use proto::model::Version;

use super::settle::{Settled, establish, load, settle};
use super::{Maker, Subject};
use crate::{Feed, FeedEvent, Outcome, Store};

/// How long a change may take to be heard through another handle.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    a_change_is_heard_on_every_handle(open).await;
    many_changes_are_all_heard(open).await;
}

/// Listens until the row is known to have this version: by an event, or by looking when in doubt.
pub(super) async fn hear(store: &Store, feed: &mut Feed, key: &Key, version: Version) {
    let heard = async {
        loop {
            match feed.next().await {
                FeedEvent::Changed(own, heard) if own == *key && heard == version => return,
                FeedEvent::Changed(..) => {}
                FeedEvent::Doubt => {
                    if load(store, key).await.map_or(0, |row| row.version()) == version {
                        return;
                    }
                }
            }
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, heard).await;
    assert!(in_time.is_ok(), "{key:?} at {version} was not heard");
    let read = load(store, key).await.map_or(0, |row| row.version());
    assert!(read >= version || read == 0, "{key:?} was heard before it could be read");
}

async fn a_change_is_heard_on_every_handle(open: &impl AsyncFn() -> Subject) {
    let Subject { store, other, .. } = &open().await;
    let mut maker = Maker::new(60);
    let (mut near, mut far) = (store.feed(), other.feed());
    for row in maker.every_row().into_iter().step_by(3) {
        let key = row.key();
        establish(store, &mut maker, vec![row.clone()]).await;
        hear(store, &mut near, &key, 1).await;
        hear(other, &mut far, &key, 1).await;
        put_until_mine(other, &mut maker, row.with_version(1)).await;
        hear(store, &mut near, &key, 2).await;
        hear(other, &mut far, &key, 2).await;
        delete_until_gone(store, &mut maker, &key, 2).await;
        hear(store, &mut near, &key, 0).await;
        hear(other, &mut far, &key, 0).await;
    }
}

async fn put_until_mine(store: &Store, maker: &mut Maker, row: Row) {
    let key = row.key();
    while settle(store, &maker.puts([row.clone()]), &key).await != Settled::Mine {}
}

async fn delete_until_gone(store: &Store, maker: &mut Maker, key: &Key, version: Version) {
    while load(store, key).await.is_some() {
        drop(store.commit(&maker.commit([], [Change::Delete(key.clone(), version)])).await);
    }
}

async fn many_changes_are_all_heard(open: &impl AsyncFn() -> Subject) {
    const ROWS: usize = 40;
    const WRITES: u64 = 5;
    let Subject { store, other, .. } = &open().await;
    let mut maker = Maker::new(61);
    let (mut near, mut far) = (store.feed(), other.feed());
    let users: Vec<Row> = (0..ROWS).map(|_| Row::User(maker.user().into())).collect();
    for (at, user) in users.iter().enumerate() {
        let handle = if at % 2 == 0 { store } else { other };
        establish(handle, &mut maker, vec![user.clone()]).await;
        for version in 1..WRITES {
            put_until_mine(handle, &mut maker, user.clone().with_version(version)).await;
        }
    }
    let ends = async {
        tokio::join!(all_at(store, &mut near, &users, WRITES), all_at(other, &mut far, &users, WRITES));
    };
    assert!(tokio::time::timeout(PATIENCE, ends).await.is_ok(), "something was not heard");
}

/// Listens until every row was heard of at this version.
async fn all_at(store: &Store, feed: &mut Feed, rows: &[Row], version: Version) {
    let mut known: BTreeMap<Key, Version> = rows.iter().map(|row| (row.key(), 0)).collect();
    while known.values().any(|own| *own < version) {
        match feed.next().await {
            FeedEvent::Changed(key, heard) => {
                if let Some(own) = known.get_mut(&key) {
                    *own = heard.max(*own);
                }
            }
            FeedEvent::Doubt => {
                for (key, own) in &mut known {
                    *own = load(store, key).await.map_or(0, |row| row.version()).max(*own);
                }
            }
        }
    }
    assert!(known.values().all(|own| *own == version));
}

/// What was not carried out is not told. Only of a feed that keeps order can it be said when nothing more will come.
pub(super) async fn refusals_are_silent(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(62);
    let mut feed = store.feed();
    let (user, client, last) = (maker.user(), maker.client(), maker.client());
    let stale = maker.puts([Row::User(user.clone().into()), Row::Client(client.into()).with_version(1)]);
    assert_eq!(store.commit(&stale).await, Ok(Outcome::Conflict));
    let clash = maker.puts([Row::User(user.clone().into()), Row::User(user.into())]);
    assert!(matches!(store.commit(&clash).await, Ok(Outcome::Taken(_))));
    assert_eq!(store.commit(&maker.puts([Row::Client(last.clone().into())])).await, Ok(Outcome::Done));
    assert_eq!(feed.next().await, FeedEvent::Changed(Key::Client(last.id), 1));
}
