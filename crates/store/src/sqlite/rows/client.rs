//! Rows of `clients`.

use proto::change::{Key, Unique};
use proto::model::{Client, CommitId, DevicePolicy, Version};
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for Client {
    const NAME: &'static str = "clients";
    const SELECT: &'static str = "SELECT id, name, auth, secrets, grants, scopes, origins, link, device_auth, \
         id_token_alg, alphabet, hold_ms, interval_ms, lifetime_ms, introspects, verified, enabled, declaration, \
         created_at, version FROM clients";
    const INSERT: &'static str = "INSERT INTO clients \
         (id, name, auth, secrets, grants, scopes, origins, link, device_auth, id_token_alg, alphabet, hold_ms, \
         interval_ms, lifetime_ms, introspects, verified, enabled, declaration, created_at, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21 + 1)";
    const UPDATE: &'static str = "UPDATE clients SET \
         name = ?2, auth = ?3, secrets = ?4, grants = ?5, scopes = ?6, origins = ?7, link = ?8, device_auth = ?9, \
         id_token_alg = ?10, alphabet = ?11, hold_ms = ?12, interval_ms = ?13, lifetime_ms = ?14, introspects = ?15, \
         verified = ?16, enabled = ?17, declaration = ?18, created_at = ?19, commit_id = ?20, version = ?21 + 1 \
         WHERE id = ?1 AND version = ?21";
    const UNIQUE: Option<Unique> = None;

    fn key(&self) -> Key {
        Key::Client(self.id.clone())
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            name: columns.next()?,
            auth: columns.next()?,
            secrets: columns.next()?,
            grants: columns.next()?,
            scopes: columns.next()?,
            origins: columns.next()?,
            link: columns.next()?,
            device_auth: columns.next()?,
            id_token_alg: columns.next()?,
            device: DevicePolicy {
                alphabet: columns.next()?,
                hold: columns.next()?,
                interval: columns.next()?,
                lifetime: columns.next()?,
            },
            introspects: columns.next()?,
            verified: columns.next()?,
            enabled: columns.next()?,
            declaration: columns.next()?,
            created_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        statement.execute(params![
            As(&self.id),
            As(&self.name),
            As(&self.auth),
            As(&self.secrets),
            As(&self.grants),
            As(&self.scopes),
            As(&self.origins),
            As(&self.link),
            As(&self.device_auth),
            As(&self.id_token_alg),
            As(&self.device.alphabet),
            As(&self.device.hold),
            As(&self.device.interval),
            As(&self.device.lifetime),
            As(&self.introspects),
            As(&self.verified),
            As(&self.enabled),
            As(&self.declaration),
            As(&self.created_at),
            As(&commit),
            As(&self.version),
        ])
    }
}
