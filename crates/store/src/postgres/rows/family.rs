//! Rows of `families`. The columns of a refresh are filled together or not at all, and so are those of a requester: they
//! are matched at once, and any other combination is named corruption.

use std::net::IpAddr;

use proto::Timestamp;
use proto::model::{AddressOrigin, ClientAddress, Family, Refresh};
use proto::secret::SecretHash;

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bytes, Integer, Text};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for Family {
    const TABLE: Description = Description::new(
        "families",
        &[
            ("id", Bytes),
            ("grant_id", Bytes),
            ("client_id", Text),
            ("user_id", Bytes),
            ("session_id", Bytes),
            ("scope", Text),
            ("resources", Text),
            ("dpop", Bytes),
            ("device_name", Text),
            ("requester_ip", Text),
            ("requester_origin", Text),
            ("issued_at", Integer),
            ("expires_at", Integer),
            ("refresh_token", Bytes),
            ("refresh_generation", Integer),
            ("refresh_idle_until", Integer),
            ("refreshed_at", Integer),
            ("revoked_at", Integer),
        ],
    );

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

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([
            self.id.write(),
            self.grant_id.write(),
            self.client_id.write(),
            self.user_id.write(),
            self.session_id.write(),
            self.scope.write(),
            self.resources.write(),
            self.dpop.write(),
            self.device_name.write(),
            self.requester.map(|requester| requester.ip).write().into_owned(),
            self.requester.map(|requester| requester.origin).write().into_owned(),
            self.issued_at.write(),
            self.expires_at.write(),
            self.refresh.map(|refresh| refresh.token).write().into_owned(),
            self.refresh.map(|refresh| refresh.generation).write().into_owned(),
            self.refresh.map(|refresh| refresh.idle_until).write().into_owned(),
            self.refreshed_at.write(),
            self.revoked_at.write(),
        ]);
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
