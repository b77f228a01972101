//! The loads over one connection, inside one read transaction.

use proto::Timestamp;
use proto::change::{Deployment, Key};
use proto::model::{
    Client, ClientId, CommitId, Family, FamilyId, Grant, GrantId, InitialToken, InitialTokenId, SealedKey, Session,
    SessionId, User, UserId, UserName,
};
use proto::secret::{SecretHash, UserCodeHash};
use rusqlite::{Connection, params};

use super::column::As;
use super::error::store_error;
use super::rows::{self, Table, all, one};
use crate::load::{FamilyFilter, GrantFilter, GrantSelection};
use crate::view::{Load, View};

/// The database as it is for one read transaction.
pub(super) struct Snapshot<'c>(pub(super) &'c Connection);

/// `SELECT … FROM table`, narrowed down. The columns stand in the table's own file; the text is made once.
macro_rules! narrowed {
    ($row:ty, $rest:expr) => {{
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!("{} {}", <$row>::SELECT, $rest));
        SQL.as_str()
    }};
}

/// Which grants: shared by the texts below. Parameters: client, person, how many, and `now` where a text needs it.
macro_rules! grants {
    ($selection:literal) => {
        narrowed!(
            Grant,
            concat!(
                "WHERE ",
                $selection,
                " AND (?1 IS NULL OR client_id = ?1) AND (?2 IS NULL OR decided_by = ?2) \
                 ORDER BY created_at DESC, id DESC LIMIT ?3"
            )
        )
    };
}

impl View for Snapshot<'_> {
    fn client(&self, id: &ClientId) -> Load<Option<Client>> {
        one(self.0, narrowed!(Client, "WHERE id = ?1"), [As(id)])
    }

    fn clients(&self) -> Load<Vec<Client>> {
        all(self.0, narrowed!(Client, "ORDER BY id"), [])
    }

    fn deployment(&self) -> Load<Option<Deployment>> {
        one(self.0, Deployment::SELECT, [])
    }

    fn families(&self, filter: &FamilyFilter) -> Load<Vec<Family>> {
        // Of one person through their index, of all people through the table.
        let sql = if filter.user.is_some() {
            narrowed!(
                Family,
                "WHERE user_id = ?2 AND (?1 IS NULL OR client_id = ?1) \
                 AND (?4 IS NULL OR (revoked_at IS NULL AND expires_at > ?4)) ORDER BY id DESC LIMIT ?3"
            )
        } else {
            narrowed!(
                Family,
                "WHERE ?2 IS NULL AND (?1 IS NULL OR client_id = ?1) \
                 AND (?4 IS NULL OR (revoked_at IS NULL AND expires_at > ?4)) ORDER BY id DESC LIMIT ?3"
            )
        };
        all(self.0, sql, params![As(&filter.client), As(&filter.user), limit(filter.limit), As(&filter.live)])
    }

    fn family(&self, id: FamilyId) -> Load<Option<Family>> {
        one(self.0, narrowed!(Family, "WHERE id = ?1"), [As(&id)])
    }

    fn grant(&self, id: GrantId) -> Load<Option<Grant>> {
        one(self.0, narrowed!(Grant, "WHERE id = ?1"), [As(&id)])
    }

    fn grant_by_user_code(&self, hash: &UserCodeHash) -> Load<Option<Grant>> {
        one(self.0, narrowed!(Grant, "WHERE user_code = ?1"), [As(hash)])
    }

    fn grants(&self, filter: &GrantFilter) -> Load<Vec<Grant>> {
        let (client, user, limit) = (As(&filter.client), As(&filter.user), limit(filter.limit));
        match filter.selection {
            GrantSelection::All => all(self.0, grants!("true"), params![client, user, limit]),
            GrantSelection::Live(now) => all(
                self.0,
                grants!(
                    "row IN (SELECT row FROM grants WHERE state = 'pending' AND expires_at > ?4 \
                     UNION ALL SELECT row FROM grants WHERE state = 'approved')"
                ),
                params![client, user, limit, As(&now)],
            ),
            GrantSelection::Pending(now) => {
                all(self.0, grants!("state = 'pending' AND expires_at > ?4"), params![client, user, limit, As(&now)])
            }
        }
    }

    fn initial_token(&self, id: InitialTokenId) -> Load<Option<InitialToken>> {
        one(self.0, narrowed!(InitialToken, "WHERE id = ?1"), [As(&id)])
    }

    fn initial_tokens(&self) -> Load<Vec<InitialToken>> {
        all(self.0, narrowed!(InitialToken, "ORDER BY created_at, id"), [])
    }

    fn pending_count(&self, now: Timestamp) -> Load<u64> {
        let sql = "SELECT count(*) FROM grants WHERE state = 'pending' AND expires_at > ?1";
        let mut statement = self.0.prepare_cached(sql).map_err(store_error)?;
        let count: i64 = statement.query_row([As(&now)], |row| row.get(0)).map_err(store_error)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn sealed_keys(&self) -> Load<Vec<SealedKey>> {
        all(self.0, narrowed!(SealedKey, "ORDER BY created_at, id"), [])
    }

    fn session(&self, id: SessionId) -> Load<Option<Session>> {
        one(self.0, narrowed!(Session, "WHERE id = ?1"), [As(&id)])
    }

    fn session_by_token(&self, token: &SecretHash) -> Load<Option<Session>> {
        one(self.0, narrowed!(Session, "WHERE token = ?1"), [As(token)])
    }

    fn sessions_of(&self, user: UserId) -> Load<Vec<Session>> {
        all(self.0, narrowed!(Session, "WHERE user_id = ?1 ORDER BY id DESC"), [As(&user)])
    }

    fn stamp(&self, key: &Key) -> Load<Option<CommitId>> {
        rows::stamp(self.0, key)
    }

    fn user(&self, id: UserId) -> Load<Option<User>> {
        one(self.0, narrowed!(User, "WHERE id = ?1"), [As(&id)])
    }

    fn user_by_name(&self, name: &UserName) -> Load<Option<User>> {
        one(self.0, narrowed!(User, "WHERE name = ?1"), [As(name)])
    }

    fn users(&self) -> Load<Vec<User>> {
        all(self.0, narrowed!(User, "ORDER BY name"), [])
    }
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
