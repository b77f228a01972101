//! What only this backend has: files, processes, groups, disks that are full.

mod conforms;

use tempfile::TempDir;

use super::SqliteSettings;
use crate::conformance::Subject;
use crate::{FaultSettings, Store};

/// A database of its own, with a second handle as another process has it.
async fn subject() -> Subject {
    let folder = TempDir::new().unwrap();
    let settings = SqliteSettings::at(folder.path().join("test.db"));
    let store = Store::sqlite(settings.clone()).await.unwrap();
    Subject::new(store, Store::sqlite(settings).await.unwrap()).keeping(folder)
}
