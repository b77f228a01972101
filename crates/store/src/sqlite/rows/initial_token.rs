//! Rows of `initial_tokens`.

use proto::change::{Key, Unique};
use proto::model::{Ceiling, CommitId, InitialToken, Version};
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for InitialToken {
    const NAME: &'static str = "initial_tokens";
    const SELECT: &'static str = "SELECT id, token, note, ceiling_grants, ceiling_scopes, uses_left, expires_at, \
         revoked_at, created_at, version FROM initial_tokens";
    const INSERT: &'static str = "INSERT INTO initial_tokens \
         (id, token, note, ceiling_grants, ceiling_scopes, uses_left, expires_at, revoked_at, created_at, commit_id, \
         version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 + 1)";
    const UPDATE: &'static str = "UPDATE initial_tokens SET \
         token = ?2, note = ?3, ceiling_grants = ?4, ceiling_scopes = ?5, uses_left = ?6, expires_at = ?7, \
         revoked_at = ?8, created_at = ?9, commit_id = ?10, version = ?11 + 1 WHERE id = ?1 AND version = ?11";
    const UNIQUE: Option<Unique> = None;

    fn key(&self) -> Key {
        Key::InitialToken(self.id)
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            token: columns.next()?,
            note: columns.next()?,
            ceiling: Ceiling { grants: columns.next()?, scopes: columns.next()? },
            uses_left: columns.next()?,
            expires_at: columns.next()?,
            revoked_at: columns.next()?,
            created_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        statement.execute(params![
            As(&self.id),
            As(&self.token),
            As(&self.note),
            As(&self.ceiling.grants),
            As(&self.ceiling.scopes),
            As(&self.uses_left),
            As(&self.expires_at),
            As(&self.revoked_at),
            As(&self.created_at),
            As(&commit),
            As(&self.version),
        ])
    }
}
