//! Rows of `sealed_keys`.

use proto::model::SealedKey;

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bytes, Integer, Text};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for SealedKey {
    const TABLE: Description = Description::new(
        "sealed_keys",
        &[
            ("id", Bytes),
            ("purpose", Text),
            ("state", Text),
            ("sealed", Bytes),
            ("created_at", Integer),
            ("changed_at", Integer),
        ],
    );

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            purpose: columns.next()?,
            state: columns.next()?,
            sealed: columns.next()?,
            created_at: columns.next()?,
            changed_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([
            self.id.write(),
            self.purpose.write(),
            self.state.write(),
            self.sealed.write(),
            self.created_at.write(),
            self.changed_at.write(),
        ]);
    }
}
