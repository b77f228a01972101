//! Rows of `sessions`.

use proto::Timestamp;
use proto::change::{Key, Unique};
use proto::model::{CommitId, Revocation, RevocationCause, Session, Version};
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for Session {
    const NAME: &'static str = "sessions";
    const SELECT: &'static str = "SELECT id, token, user_id, auth_time, amr, ip, ip_origin, user_agent, last_seen, \
         expires_at, ended_at, revoked_at, revoked_cause, version FROM sessions";
    const INSERT: &'static str = "INSERT INTO sessions \
         (id, token, user_id, auth_time, amr, ip, ip_origin, user_agent, last_seen, expires_at, ended_at, revoked_at, \
         revoked_cause, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15 + 1)";
    const UPDATE: &'static str = "UPDATE sessions SET \
         token = ?2, user_id = ?3, auth_time = ?4, amr = ?5, ip = ?6, ip_origin = ?7, user_agent = ?8, last_seen = ?9, \
         expires_at = ?10, ended_at = ?11, revoked_at = ?12, revoked_cause = ?13, commit_id = ?14, version = ?15 + 1 \
         WHERE id = ?1 AND version = ?15";
    const UPDATE_FEW: Option<&'static str> = Some(
        "UPDATE sessions SET \
         auth_time = ?4, amr = ?5, ip = ?6, ip_origin = ?7, user_agent = ?8, last_seen = ?9, ended_at = ?11, \
         revoked_at = ?12, revoked_cause = ?13, commit_id = ?14, version = ?15 + 1 \
         WHERE id = ?1 AND version = ?15 AND token = ?2 AND user_id = ?3 AND expires_at = ?10",
    );
    const UNIQUE: Option<Unique> = Some(Unique::SessionToken);

    fn key(&self) -> Key {
        Key::Session(self.id)
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            token: columns.next()?,
            user_id: columns.next()?,
            auth_time: columns.next()?,
            amr: columns.next()?,
            address: columns.address()?,
            user_agent: columns.next()?,
            last_seen: columns.next()?,
            expires_at: columns.next()?,
            ended_at: columns.next()?,
            revoked: revoked(columns)?,
            version: columns.next()?,
        })
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        statement.execute(params![
            As(&self.id),
            As(&self.token),
            As(&self.user_id),
            As(&self.auth_time),
            As(&self.amr),
            As(&self.address.ip),
            As(&self.address.origin),
            As(&self.user_agent),
            As(&self.last_seen),
            As(&self.expires_at),
            As(&self.ended_at),
            As(&self.revoked.map(|revocation| revocation.at)),
            As(&self.revoked.map(|revocation| revocation.cause)),
            As(&commit),
            As(&self.version),
        ])
    }
}

fn revoked(columns: &mut Columns<'_>) -> Load<Option<Revocation>> {
    let at: Option<Timestamp> = columns.next()?;
    let cause: Option<RevocationCause> = columns.next()?;
    match (at, cause) {
        (None, None) => Ok(None),
        (Some(at), Some(cause)) => Ok(Some(Revocation { at, cause })),
        (Some(_), None) => Err(columns.corrupt("revoked_at without revoked_cause")),
        (None, Some(_)) => Err(columns.corrupt("revoked_cause without revoked_at")),
    }
}
