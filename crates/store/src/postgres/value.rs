//! Values as they cross the wire, in the binary form of each type.

use std::borrow::Cow;
use std::error::Error;
use std::time::SystemTime;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `BOOLEAN`.
    Bool,
    /// `BYTEA`.
    Bytes,
    /// `BIGINT`.
    Integer,
    /// `TEXT`.
    Text,
}

impl Kind {
    /// Its name in SQL, by which a parameter is cast.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Bytes => "bytea",
            Self::Integer => "bigint",
            Self::Text => "text",
        }
    }
}

/// A value that was read, as it came over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Bool(bool),
    Bytes(&'a [u8]),
    Integer(i64),
    Null,
    Text(&'a str),
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::BOOL => Self::Bool(bool::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(raw),
            Type::INT4 => Self::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Integer(i64::from_sql(kind, raw)?),
            _ => Self::Text(std::str::from_utf8(raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::BOOL | Type::BYTEA | Type::INT4 | Type::INT8 | Type::TEXT)
    }
}

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Bool(bool),
    Bytes(Cow<'a, [u8]>),
    Integer(i64),
    List(Vec<Vec<u8>>),
    Moment(SystemTime),
    Null,
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// The same, on its own.
    pub(super) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Bytes(value) => Value::Bytes(value.into_owned().into()),
            Self::Integer(value) => Value::Integer(value),
            Self::List(value) => Value::List(value),
            Self::Moment(value) => Value::Moment(value),
            Self::Null => Value::Null,
            Self::Text(value) => Value::Text(value.into_owned().into()),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Bool(value), &Type::BOOL) => value.to_sql(kind, out),
            (Self::Bytes(value), &Type::BYTEA) => value.as_ref().to_sql(kind, out),
            (Self::Integer(value), &Type::INT8) => value.to_sql(kind, out),
            (Self::List(value), &Type::BYTEA_ARRAY) => value.to_sql(kind, out),
            (Self::Moment(value), &Type::TIMESTAMPTZ) => value.to_sql(kind, out),
            (Self::Text(value), &Type::TEXT) => value.as_ref().to_sql(kind, out),
            _ => Err(format!("a parameter of type {kind} cannot hold this value").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}
