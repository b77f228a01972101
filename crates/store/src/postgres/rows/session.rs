//! Rows of `sessions`.

use proto::Timestamp;
use proto::model::{Revocation, RevocationCause, Session};

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bytes, Integer, Text};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for Session {
    const TABLE: Description = Description::new(
        "sessions",
        &[
            ("id", Bytes),
            ("token", Bytes),
            ("user_id", Bytes),
            ("auth_time", Integer),
            ("amr", Text),
            ("ip", Text),
            ("ip_origin", Text),
            ("user_agent", Text),
            ("last_seen", Integer),
            ("expires_at", Integer),
            ("ended_at", Integer),
            ("revoked_at", Integer),
            ("revoked_cause", Text),
        ],
    );

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

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([
            self.id.write(),
            self.token.write(),
            self.user_id.write(),
            self.auth_time.write(),
            self.amr.write(),
            self.address.ip.write(),
            self.address.origin.write(),
            self.user_agent.write(),
            self.last_seen.write(),
            self.expires_at.write(),
            self.ended_at.write(),
            self.revoked.map(|revocation| revocation.at).write().into_owned(),
            self.revoked.map(|revocation| revocation.cause).write().into_owned(),
        ]);
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
