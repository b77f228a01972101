//! Rows of `initial_tokens`.

use proto::model::{Ceiling, InitialToken};

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bytes, Integer, Text};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for InitialToken {
    const TABLE: Description = Description::new(
        "initial_tokens",
        &[
            ("id", Bytes),
            ("token", Bytes),
            ("note", Text),
            ("ceiling_grants", Text),
            ("ceiling_scopes", Text),
            ("uses_left", Integer),
            ("expires_at", Integer),
            ("revoked_at", Integer),
            ("created_at", Integer),
        ],
    );

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

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([
            self.id.write(),
            self.token.write(),
            self.note.write(),
            self.ceiling.grants.write(),
            self.ceiling.scopes.write(),
            self.uses_left.write(),
            self.expires_at.write(),
            self.revoked_at.write(),
            self.created_at.write(),
        ]);
    }
}
