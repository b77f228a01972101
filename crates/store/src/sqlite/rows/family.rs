//! Rows of `families`. The columns of a refresh are filled together or not at all, and so are those of a requester: they
//! are matched at once, and any other combination is named corruption.

use std::net::IpAddr;

use proto::Timestamp;
use proto::change::{Key, Unique};
use proto::model::{AddressOrigin, ClientAddress, CommitId, Family, Refresh, Version};
use proto::secret::SecretHash;
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for Family {
    const NAME: &'static str = "families";
    const SELECT: &'static str = "SELECT id, grant_id, client_id, user_id, session_id, scope, resources, dpop, \
         device_name, requester_ip, requester_origin, issued_at, expires_at, refresh_token, refresh_generation, \
         refresh_idle_until, refreshed_at, revoked_at, version FROM families";
    const INSERT: &'static str = "INSERT INTO families \
         (id, grant_id, client_id, user_id, session_id, scope, resources, dpop, device_name, requester_ip, \
         requester_origin, issued_at, expires_at, refresh_token, refresh_generation, refresh_idle_until, refreshed_at, \
         revoked_at, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20 + 1)";
    const UPDATE: &'static str = "UPDATE families SET \
         grant_id = ?2, client_id = ?3, user_id = ?4, session_id = ?5, scope = ?6, resources = ?7, dpop = ?8, \
         device_name = ?9, requester_ip = ?10, requester_origin = ?11, issued_at = ?12, expires_at = ?13, \
         refresh_token = ?14, refresh_generation = ?15, refresh_idle_until = ?16, refreshed_at = ?17, \
         revoked_at = ?18, commit_id = ?19, version = ?20 + 1 WHERE id = ?1 AND version = ?20";
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
            resources: columns.next()?,
            dpop: columns.next()?,
            device_name: columns.next()?,
            requester: requester(columns)?,
            issued_at: columns.next()?,
            expires_at: columns.next()?,
            refresh: refresh(columns)?,
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
            As(&self.resources),
            As(&self.dpop),
            As(&self.device_name),
            As(&self.requester.map(|requester| requester.ip)),
            As(&self.requester.map(|requester| requester.origin)),
            As(&self.issued_at),
            As(&self.expires_at),
            As(&self.refresh.map(|refresh| refresh.token)),
            As(&self.refresh.map(|refresh| refresh.generation)),
            As(&self.refresh.map(|refresh| refresh.idle_until)),
            As(&self.refreshed_at),
            As(&self.revoked_at),
            As(&commit),
            As(&self.version),
        ])
    }
}

fn requester(columns: &mut Columns<'_>) -> Load<Option<ClientAddress>> {
    let ip: Option<IpAddr> = columns.next()?;
    let origin: Option<AddressOrigin> = columns.next()?;
    match (ip, origin) {
        (None, None) => Ok(None),
        (Some(ip), Some(origin)) => Ok(Some(ClientAddress { ip, origin })),
        (Some(_), None) => Err(columns.corrupt("requester_ip without requester_origin")),
        (None, Some(_)) => Err(columns.corrupt("requester_origin without requester_ip")),
    }
}

fn refresh(columns: &mut Columns<'_>) -> Load<Option<Refresh>> {
    let token: Option<SecretHash> = columns.next()?;
    let generation: Option<u32> = columns.next()?;
    let idle_until: Option<Timestamp> = columns.next()?;
    match (token, generation, idle_until) {
        (None, None, None) => Ok(None),
        (Some(token), Some(generation), Some(idle_until)) => Ok(Some(Refresh { token, generation, idle_until })),
        (token, generation, idle_until) => {
            let parts = [
                ("refresh_token", token.is_some()),
                ("refresh_generation", generation.is_some()),
                ("refresh_idle_until", idle_until.is_some()),
            ];
            let named = |is_filled| {
                let names: Vec<_> =
                    parts.iter().filter(|(_, filled)| *filled == is_filled).map(|(name, _)| *name).collect();
                names.join(", ")
            };
            Err(columns.corrupt(format!("{} without {}", named(true), named(false))))
        }
    }
}
