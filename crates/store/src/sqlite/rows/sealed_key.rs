//! Rows of `sealed_keys`.

use proto::change::{Key, Unique};
use proto::model::{CommitId, SealedKey, Version};
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for SealedKey {
    const NAME: &'static str = "sealed_keys";
    const SELECT: &'static str = "SELECT id, purpose, state, sealed, created_at, changed_at, version FROM sealed_keys";
    const INSERT: &'static str = "INSERT INTO sealed_keys \
         (id, purpose, state, sealed, created_at, changed_at, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 + 1)";
    const UPDATE: &'static str = "UPDATE sealed_keys SET \
         purpose = ?2, state = ?3, sealed = ?4, created_at = ?5, changed_at = ?6, commit_id = ?7, version = ?8 + 1 \
         WHERE id = ?1 AND version = ?8";
    const UNIQUE: Option<Unique> = None;

    fn key(&self) -> Key {
        Key::SealedKey(self.id)
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            purpose: columns.next()?,
            state: columns.next()?,
            sealed: columns.next()?,
            created_at: columns.next()?,
            changed_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        statement.execute(params![
            As(&self.id),
            As(&self.purpose),
            As(&self.state),
            As(&self.sealed),
            As(&self.created_at),
            As(&self.changed_at),
            As(&commit),
            As(&self.version),
        ])
    }
}
