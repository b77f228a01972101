//! Rows of `users`.

use proto::change::{Key, Unique};
use proto::model::{CommitId, User, Version};
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for User {
    const NAME: &'static str = "users";
    const SELECT: &'static str =
        "SELECT id, name, display_name, email, password, state, created_at, version FROM users";
    const INSERT: &'static str = "INSERT INTO users \
         (id, name, display_name, email, password, state, created_at, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 + 1)";
    const UPDATE: &'static str = "UPDATE users SET \
         name = ?2, display_name = ?3, email = ?4, password = ?5, state = ?6, created_at = ?7, commit_id = ?8, \
         version = ?9 + 1 WHERE id = ?1 AND version = ?9";
    const UNIQUE: Option<Unique> = Some(Unique::UserName);

    fn key(&self) -> Key {
        Key::User(self.id)
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            name: columns.next()?,
            display_name: columns.next()?,
            email: columns.next()?,
            password: columns.next()?,
            state: columns.next()?,
            created_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        statement.execute(params![
            As(&self.id),
            As(&self.name),
            As(&self.display_name),
            As(&self.email),
            As(&self.password),
            As(&self.state),
            As(&self.created_at),
            As(&commit),
            As(&self.version),
        ])
    }
}
