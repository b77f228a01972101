//! Rows of `spent`: inserted once and never updated. Whether one is there is all that counts.

use proto::Timestamp;
use proto::change::{Spent, SpentId};

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bytes, Integer};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for Spent {
    const TABLE: Description =
        Description { name: "spent", columns: &[("id", Bytes), ("until", Integer)], is_versioned: false };

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        let (id, until): ([u8; 32], Timestamp) = (columns.next()?, columns.next()?);
        Ok(Self { id: SpentId(id), until })
    }

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.0.write(), self.until.write()]);
    }
}
