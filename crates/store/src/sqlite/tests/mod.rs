//! What only this backend has: files, processes, groups, disks that are full.

mod conforms;
mod corrupt;
mod files;
mod model;
mod processes;
mod rolling;
mod schema;
mod writing;

use std::path::PathBuf;

use proto::change::Row;
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteSettings;
use crate::conformance::{Maker, Subject};
use crate::{FaultSettings, Outcome, Store};

/// A folder for a database.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("test.db")
    }

    fn settings(&self) -> SqliteSettings {
        SqliteSettings::at(self.path())
    }

    async fn open(&self) -> Store {
        Store::sqlite(self.settings()).await.unwrap()
    }

    /// The file as an operator's tool sees it.
    fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

/// A database of its own, with a second handle as another process has it.
async fn subject() -> Subject {
    let place = Place::new();
    Subject::new(place.open().await, place.open().await).keeping(place)
}

/// Writes rows that must not exist yet.
async fn write(store: &Store, maker: &mut Maker, rows: Vec<Row>) {
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
}
