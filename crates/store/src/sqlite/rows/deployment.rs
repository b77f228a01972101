//! The one row of `deployment`.

use proto::change::{Deployment, Key, Unique};
use proto::model::{CommitId, Version};
use rusqlite::CachedStatement;

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for Deployment {
    const NAME: &'static str = "deployment";
    const SELECT: &'static str = "SELECT id, key_fingerprint, version FROM deployment";
    const INSERT: &'static str =
        "INSERT INTO deployment (id, key_fingerprint, commit_id, version) VALUES (1, ?1, ?2, ?3 + 1)";
    const UPDATE: &'static str =
        "UPDATE deployment SET key_fingerprint = ?1, commit_id = ?2, version = ?3 + 1 WHERE id = 1 AND version = ?3";
    const UNIQUE: Option<Unique> = None;

    fn key(&self) -> Key {
        Key::Deployment
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        let _: u32 = columns.next()?;
        Ok(Self { key_fingerprint: columns.next()?, version: columns.next()? })
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        statement.execute((As(&self.key_fingerprint), As(&commit), As(&self.version)))
    }
}
