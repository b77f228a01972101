//! The history of the schema: what is pending, too new, or not ours.

use super::*;
use crate::StoreError;

#[tokio::test]
async fn pending_migrations_are_told_and_nothing_is_written() {
    let place = Place::new();
    let pending = Store::pending_migrations(place.settings()).await.unwrap();
    assert_eq!(pending.iter().map(|step| (step.number, step.name)).collect::<Vec<_>>(), [(1, "base")]);
    assert!(!place.path().exists());
    place.open().await.close().await.unwrap();
    assert_eq!(Store::pending_migrations(place.settings()).await, Ok(vec![]));
}

#[tokio::test]
async fn a_schema_that_needs_a_newer_program_is_refused_and_one_that_does_not_is_served() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    let newer = |version: &str| {
        let sql = format!("INSERT OR REPLACE INTO migrations VALUES (99, 'later', x'00', '{version}', 0)");
        place.raw().execute_batch(&sql).unwrap();
    };
    let own = env!("CARGO_PKG_VERSION");
    for needed in ["99.0.0", "0.99.0", "0.1.99", "99.0.0-beta"] {
        newer(needed);
        let refused = StoreError::TooNew { needed: needed.to_owned(), own: own.to_owned() };
        assert_eq!(Store::sqlite(place.settings()).await.err(), Some(refused.clone()));
        assert_eq!(Store::pending_migrations(place.settings()).await, Err(refused));
    }
    for needed in ["0.0.9", "0.1.0", own] {
        newer(needed);
        place.open().await.close().await.unwrap();
    }
    newer("soon");
    let error = Store::sqlite(place.settings()).await.unwrap_err();
    assert_eq!(error.to_string(), "corrupt migrations row 99: column min_version holds no version");
}

#[tokio::test]
async fn another_history_is_refused() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    place.raw().execute_batch("UPDATE migrations SET checksum = x'00' WHERE number = 1").unwrap();
    let error = Store::sqlite(place.settings()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { table: "migrations", row, .. } if row == "1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_migrate_once() {
    let place = Place::new();
    let opened = tokio::join!(place.open(), place.open(), place.open(), place.open());
    for store in [&opened.0, &opened.1, &opened.2, &opened.3] {
        assert_eq!(store.deployment().await, Ok(None));
    }
    let applied: i64 = place.raw().query_row("SELECT count(*) FROM migrations", [], |row| row.get(0)).unwrap();
    assert_eq!(applied, 1);
}
