//! Rows of `families`.

use proto::change::{Key, Unique};
use proto::model::{CommitId, Family, Version};
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for Family {
    const NAME: &'static str = "families";
    const SELECT: &'static str = "SELECT id, grant_id, client_id, user_id, session_id, scope, issued_at, expires_at, \
         refreshed_at, revoked_at, version FROM families";
    const INSERT: &'static str = "INSERT INTO families \
         (id, grant_id, client_id, user_id, session_id, scope, issued_at, expires_at, refreshed_at, revoked_at, \
         commit_id, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 + 1)";
    const UPDATE: &'static str = "UPDATE families SET \
         grant_id = ?2, client_id = ?3, user_id = ?4, session_id = ?5, scope = ?6, issued_at = ?7, expires_at = ?8, \
         refreshed_at = ?9, revoked_at = ?10, commit_id = ?11, version = ?12 + 1 WHERE id = ?1 AND version = ?12";
    const UNIQUE: Option<Unique> = None;

    fn key(&self) -> Key {
        Key::Family(self.id)
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            grant_id: columns.next()?,
            client_id: columns.next()?,
            user_id: columns.next()?,
            session_id: columns.next()?,
            scope: columns.next()?,
            issued_at: columns.next()?,
            expires_at: columns.next()?,
            refreshed_at: columns.next()?,
            revoked_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        statement.execute(params![
            As(&self.id),
            As(&self.grant_id),
            As(&self.client_id),
            As(&self.user_id),
            As(&self.session_id),
            As(&self.scope),
            As(&self.issued_at),
            As(&self.expires_at),
            As(&self.refreshed_at),
            As(&self.revoked_at),
            As(&commit),
            As(&self.version),
        ])
    }
}
