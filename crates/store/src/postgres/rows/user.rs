//! Rows of `users`.

use proto::model::User;

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bytes, Integer, Text};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for User {
    const TABLE: Description = Description::new(
        "users",
        &[
            ("id", Bytes),
            ("name", Text),
            ("display_name", Text),
            ("email", Text),
            ("password", Text),
            ("state", Text),
            ("created_at", Integer),
        ],
    );

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            name: columns.next()?,
            display_name: columns.next()?,
            email: columns.next()?,
            password: columns.next()?,
            state: columns.next()?,
            created_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([
            self.id.write(),
            self.name.write(),
            self.display_name.write(),
            self.email.write(),
            self.password.write(),
            self.state.write(),
            self.created_at.write(),
        ]);
    }
}
