//! A copy of the database while it is in use: one consistent moment, in one private file.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tokio::sync::oneshot;

use super::error::store_error;
use super::{Sqlite, SqliteSettings, connection, spawn, stopped};
use crate::StoreError;
use crate::view::Load;

impl Sqlite {
    /// Copies the database to `to`, which must not exist. It appears there complete or not at all.
    pub(crate) async fn backup(&self, to: PathBuf) -> Load<()> {
        Self::copy(self.settings.clone(), to).await
    }

    /// Copies the database of `settings`, which need not be open here, to `to`.
    pub(crate) async fn copy(settings: SqliteSettings, to: PathBuf) -> Load<()> {
        let (reply, answer) = oneshot::channel();
        spawn("store-backup", move || {
            let copied = connection::reader(&settings).and_then(|source| {
                connection::check_owner(&source)?;
                copy(&source, &to)
            });
            // Nobody may be waiting any more.
            drop(reply.send(copied));
        })?;
        answer.await.map_err(|_| stopped())?
    }
}

fn copy(source: &Connection, to: &Path) -> Load<()> {
    let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", to.display()));
    if to.exists() {
        return Err(StoreError::Unavailable(format!("{} exists already", to.display())));
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(failed)?;
    let copied = fill(source, &part).and_then(|()| fs::rename(&part, to).map_err(failed));
    if copied.is_err() {
        // The cause is what counts; what is left of the copy is named by it.
        drop(fs::remove_file(&part));
    }
    copied
}

/// All pages in one step: readers and the writer go on beside it.
fn fill(source: &Connection, part: &Path) -> Load<()> {
    let mut target = Connection::open(part).map_err(store_error)?;
    let step = {
        let backup = Backup::new(source, &mut target).map_err(store_error)?;
        backup.step(-1).map_err(store_error)?
    };
    match step {
        StepResult::Done => target.close().map_err(|(_, error)| store_error(error)),
        StepResult::Busy | StepResult::Locked => Err(StoreError::Busy),
        _ => Err(StoreError::Unavailable("the copy ended early".to_owned())),
    }
}
