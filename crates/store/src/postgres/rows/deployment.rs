//! The one row of `deployment`.

use proto::change::Deployment;

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bytes, Integer};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for Deployment {
    const TABLE: Description = Description::new("deployment", &[("id", Integer), ("key_fingerprint", Bytes)]);

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        let _: u32 = columns.next()?;
        Ok(Self { key_fingerprint: columns.next()?, version: columns.next()? })
    }

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([Value::Integer(1), self.key_fingerprint.write()]);
    }
}
