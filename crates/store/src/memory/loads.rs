//! The loads of the memory backend.

use proto::Timestamp;
use proto::change::{Deployment, Key, Row};
use proto::model::{
    Client, ClientId, CommitId, Family, FamilyId, Grant, GrantId, InitialToken, InitialTokenId, SealedKey, Session,
    SessionId, User, UserId, UserName,
};
use proto::secret::{SecretHash, UserCodeHash};

use super::State;
use crate::load::{FamilyFilter, GrantFilter, GrantSelection};
use crate::view::{Load, View};

/// A function that gives the row of a key as what it is.
macro_rules! one {
    ($self:ident, $variant:ident, $key:expr) => {
        match $self.rows.get(&Key::$variant($key)).map(|stored| &stored.row) {
            Some(Row::$variant(row)) => Some(row.as_ref().clone()),
            _ => None,
        }
    };
}

/// All rows of one kind that pass a test.
macro_rules! all {
    ($self:ident, $variant:ident, $pass:expr) => {{
        let pass = $pass;
        $self
            .rows
            .values()
            .filter_map(|stored| match &stored.row {
                Row::$variant(row) if pass(row.as_ref()) => Some(row.as_ref().clone()),
                _ => None,
            })
            .collect::<Vec<_>>()
    }};
}

impl View for State {
    fn client(&self, id: &ClientId) -> Load<Option<Client>> {
        Ok(one!(self, Client, id.clone()))
    }

    fn clients(&self) -> Load<Vec<Client>> {
        Ok(all!(self, Client, |_: &Client| true))
    }

    fn deployment(&self) -> Load<Option<Deployment>> {
        Ok(match self.rows.get(&Key::Deployment).map(|stored| &stored.row) {
            Some(Row::Deployment(row)) => Some(row.clone()),
            _ => None,
        })
    }

    fn families(&self, filter: &FamilyFilter) -> Load<Vec<Family>> {
        let mut families = all!(self, Family, |family: &Family| filter.holds(family));
        families.sort_by_key(|family| std::cmp::Reverse(family.id));
        families.truncate(filter.limit);
        Ok(families)
    }

    fn family(&self, id: FamilyId) -> Load<Option<Family>> {
        Ok(one!(self, Family, id))
    }

    fn grant(&self, id: GrantId) -> Load<Option<Grant>> {
        Ok(one!(self, Grant, id))
    }

    fn grant_by_user_code(&self, hash: &UserCodeHash) -> Load<Option<Grant>> {
        self.user_codes.get(hash).map_or(Ok(None), |id| self.grant(*id))
    }

    fn grants(&self, filter: &GrantFilter) -> Load<Vec<Grant>> {
        let mut grants = all!(self, Grant, |grant: &Grant| filter.holds(grant));
        grants.sort_by_key(|grant| std::cmp::Reverse((grant.created_at, grant.id)));
        grants.truncate(filter.limit);
        Ok(grants)
    }

    fn initial_token(&self, id: InitialTokenId) -> Load<Option<InitialToken>> {
        Ok(one!(self, InitialToken, id))
    }

    fn initial_tokens(&self) -> Load<Vec<InitialToken>> {
        let mut tokens = all!(self, InitialToken, |_: &InitialToken| true);
        tokens.sort_by_key(|token| (token.created_at, token.id));
        Ok(tokens)
    }

    fn pending_count(&self, now: Timestamp) -> Load<u64> {
        let pending = GrantSelection::Pending(now);
        let rows = self.rows.values();
        Ok(rows.map(|stored| u64::from(matches!(&stored.row, Row::Grant(grant) if pending.holds(grant)))).sum())
    }

    fn sealed_keys(&self) -> Load<Vec<SealedKey>> {
        let mut keys = all!(self, SealedKey, |_: &SealedKey| true);
        keys.sort_by_key(|key| (key.created_at, key.id));
        Ok(keys)
    }

    fn session(&self, id: SessionId) -> Load<Option<Session>> {
        Ok(one!(self, Session, id))
    }

    fn session_by_token(&self, token: &SecretHash) -> Load<Option<Session>> {
        self.session_tokens.get(token).map_or(Ok(None), |id| self.session(*id))
    }

    fn sessions_of(&self, user: UserId) -> Load<Vec<Session>> {
        let mut sessions = all!(self, Session, |session: &Session| session.user_id == user);
        sessions.sort_by_key(|session| std::cmp::Reverse(session.id));
        Ok(sessions)
    }

    fn stamp(&self, key: &Key) -> Load<Option<CommitId>> {
        Ok(self.rows.get(key).map(|stored| stored.stamp))
    }

    fn user(&self, id: UserId) -> Load<Option<User>> {
        Ok(one!(self, User, id))
    }

    fn user_by_name(&self, name: &UserName) -> Load<Option<User>> {
        self.user_names.get(name).map_or(Ok(None), |id| self.user(*id))
    }

    fn users(&self) -> Load<Vec<User>> {
        let mut users = all!(self, User, |_: &User| true);
        users.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(users)
    }
}
