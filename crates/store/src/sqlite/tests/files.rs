//! The file: made privately, kept, closed, copied, and refused when it cannot be what it should.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use proto::change::{Key, Row};

use super::*;
use crate::StoreError;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_was_committed_is_there_after_the_store_was_dropped() {
    let (place, mut maker) = (Place::new(), Maker::new(1));
    let rows = maker.every_row();
    let store = place.open().await;
    write(&store, &mut maker, rows.clone()).await;
    drop(store);
    let store = place.open().await;
    for row in rows {
        let stored = store.stamp(&row.key()).await.unwrap();
        assert!(stored.is_some(), "{:?}", row.key());
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let (place, crashed, mut maker) = (Place::new(), Place::new(), Maker::new(22));
    let store = place.open().await;
    let mut acknowledged = Vec::new();
    for _ in 0..20 {
        let user = maker.user();
        write(&store, &mut maker, vec![Row::User(user.clone().into())]).await;
        acknowledged.push(user.id);
        // The files as they are in this moment: the shared memory is lost, nothing is finished or closed.
        fs::copy(place.path(), crashed.path()).unwrap();
        fs::copy(place.path().with_extension("db-wal"), crashed.path().with_extension("db-wal")).unwrap();
        let restarted = crashed.open().await;
        for id in &acknowledged {
            assert!(restarted.user(*id).await.unwrap().is_some());
        }
        restarted.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_closed_store_leaves_one_file_and_answers_nothing() {
    let (place, mut maker) = (Place::new(), Maker::new(2));
    let store = place.open().await;
    let waiting: Vec<_> = (0..20).map(|_| maker.puts([Row::User(maker.clone().user().into())])).collect();
    let (first, rest) = waiting.split_first().unwrap();
    assert_eq!(store.commit(first).await, Ok(Outcome::Done));
    // What is queued when the store is closed is carried out.
    let mut queued: Vec<_> = rest.iter().map(|commit| Box::pin(store.commit(commit))).collect();
    for commit in &mut queued {
        assert!(futures_poll(commit.as_mut()).await.is_none_or(|outcome| outcome == Ok(Outcome::Done)));
    }
    assert_eq!(store.close().await, Ok(()));
    assert_eq!(store.close().await, Ok(()), "twice is as good as once");
    let names: Vec<_> = fs::read_dir(place.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["test.db"]);
    let closed = Err(StoreError::Unavailable("the store is closed".to_owned()));
    assert_eq!(store.commit(first).await, closed);
    assert_eq!(store.stamp(&Key::Deployment).await.map(|_| Outcome::Done), closed);
    assert_eq!(place.open().await.users().await.unwrap().len(), waiting.len());
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|context| match std::pin::Pin::new(&mut future).poll(context) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn its_files_are_private() {
    let (place, mut maker) = (Place::new(), Maker::new(3));
    let store = place.open().await;
    let deployment = maker.deployment();
    write(&store, &mut maker, vec![Row::Deployment(deployment)]).await;
    for entry in fs::read_dir(place.0.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    store.close().await.unwrap();
    // An unpacked archive may be open to everyone; the group's rights are the operator's business.
    fs::set_permissions(place.path(), Permissions::from_mode(0o644)).unwrap();
    let store = place.open().await;
    assert_eq!(mode(&place.path()), 0o640);
    assert!(store.deployment().await.unwrap().is_some());
}

#[tokio::test]
async fn a_place_that_cannot_hold_a_database_is_named() {
    let place = Place::new();
    let folder = place.0.path();
    fs::write(folder.join("file"), "").unwrap();
    fs::create_dir(folder.join("folder")).unwrap();
    for (path, named) in
        [("missing/test.db", "missing: "), ("file/test.db", "file: is not a folder"), ("folder", "folder: ")]
    {
        let error = Store::sqlite(SqliteSettings::at(folder.join(path))).await.unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_of_ours_is_refused_and_kept() {
    let place = Place::new();
    fs::write(place.path(), "This is a letter, and a long one, with more than a hundred bytes in it. ".repeat(9))
        .unwrap();
    let error = Store::sqlite(place.settings()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(what) if what.contains("test.db")), "{error}");
    assert!(fs::read_to_string(place.path()).unwrap().starts_with("This is a letter"));

    fs::remove_file(place.path()).unwrap();
    place.raw().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let error = Store::sqlite(place.settings()).await.unwrap_err();
    assert!(error.to_string().contains("database of another program"), "{error}");
    let tables: i64 = place.raw().query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_damaged_file_is_named_when_it_is_opened() {
    let (place, mut maker) = (Place::new(), Maker::new(4));
    let store = place.open().await;
    let rows = maker.every_row();
    write(&store, &mut maker, rows).await;
    store.close().await.unwrap();
    let mut bytes = fs::read(place.path()).unwrap();
    bytes.chunks_mut(4096).skip(1).for_each(|page| page[..64].fill(0xa5));
    fs::write(place.path(), bytes).unwrap();
    let error = Store::sqlite(place.settings()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(what) if what.contains("test.db")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_a_whole_store_of_one_moment() {
    let (place, mut maker) = (Place::new(), Maker::new(5));
    let store = place.open().await;
    let rows = maker.every_row();
    write(&store, &mut maker, rows.clone()).await;
    let copy = place.0.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
    let later = maker.user();
    write(&store, &mut maker, vec![Row::User(later.clone().into())]).await;
    let error = store.backup(&copy).await.unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");

    let restored = Store::sqlite(SqliteSettings::at(&copy)).await.unwrap();
    for row in &rows {
        assert_eq!(restored.stamp(&row.key()).await, store.stamp(&row.key()).await);
    }
    assert_eq!(restored.user(later.id).await, Ok(None));
    assert!(store.backup(&place.0.path().join("missing/copy.db")).await.is_err());
}
