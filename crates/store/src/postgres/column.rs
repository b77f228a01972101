//! How each type stands in a column: one strict reading and one writing, side by side.

use std::borrow::Cow;
use std::error::Error;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use proto::Timestamp;
use proto::model::{
    AccessTokenFormat, AddressOrigin, Amr, AuthMethod, ClientId, CodeChallenge, CommitId, Demand, DeviceAuth, FamilyId,
    GrantId, GrantType, InitialTokenId, KeyId, KeyPurpose, KeyState, KeyThumbprint, LinkPolicy, Origin, Resource,
    RevocationCause, Rotation, Scope, SessionId, SigningAlg, UserId, UserName, UserState, Version,
};
use proto::secret::{Alphabet, DeviceCodeHash, SecretHash, UserCodeHash};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::word::{Word, split};

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

/// A type that has a form in a column.
pub(super) trait Column: Sized {
    /// The value; `None` when it is none of this type.
    fn read(cell: Cell<'_>) -> Option<Self>;
    /// Its form.
    fn write(&self) -> Value<'_>;
}

const fn text(cell: Cell<'_>) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        Cell::Bool(_) | Cell::Bytes(_) | Cell::Integer(_) | Cell::Null => None,
    }
}

const fn bytes(cell: Cell<'_>) -> Option<&[u8]> {
    match cell {
        Cell::Bytes(bytes) => Some(bytes),
        Cell::Bool(_) | Cell::Integer(_) | Cell::Null | Cell::Text(_) => None,
    }
}

const fn integer(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Integer(number) => Some(number),
        Cell::Bool(_) | Cell::Bytes(_) | Cell::Null | Cell::Text(_) => None,
    }
}

impl<T: Column> Column for Option<T> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if cell == Cell::Null { Some(None) } else { T::read(cell).map(Some) }
    }
    fn write(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, T::write)
    }
}

macro_rules! from_bytes {
    ($($name:ty),* $(,)?) => {$(
        impl Column for $name {
            fn read(cell: Cell<'_>) -> Option<Self> {
                bytes(cell)?.try_into().ok().map(Self::from_bytes)
            }
            fn write(&self) -> Value<'_> {
                Value::Bytes(self.as_bytes().as_slice().into())
            }
        }
    )*};
}
from_bytes!(
    CodeChallenge,
    CommitId,
    DeviceCodeHash,
    FamilyId,
    GrantId,
    InitialTokenId,
    KeyId,
    KeyThumbprint,
    SecretHash,
    SessionId,
    UserCodeHash,
    UserId
);

/// Enumerations, each value a word.
macro_rules! words {
    ($($name:ty),* $(,)?) => {$(
        impl Column for $name {
            fn read(cell: Cell<'_>) -> Option<Self> {
                Self::parse(text(cell)?)
            }
            fn write(&self) -> Value<'_> {
                self.word().into()
            }
        }
    )*};
}
words!(
    AccessTokenFormat,
    AddressOrigin,
    Alphabet,
    Amr,
    AuthMethod,
    Demand,
    DeviceAuth,
    GrantType,
    KeyPurpose,
    KeyState,
    LinkPolicy,
    RevocationCause,
    Rotation,
    SigningAlg,
    UserState
);

macro_rules! word_lists {
    ($($name:ident by $word:path),* $(,)?) => {$(
        impl Column for Vec<$name> {
            fn read(cell: Cell<'_>) -> Option<Self> {
                split(text(cell)?).map($name::parse).collect()
            }
            fn write(&self) -> Value<'_> {
                match self.as_slice() {
                    [] => "".into(),
                    [one] => $word(one).into(),
                    several => Value::Text(several.iter().map($word).collect::<Vec<_>>().join(" ").into()),
                }
            }
        }
    )*};
}
word_lists!(Amr by Word::word, GrantType by Word::word, Resource by Resource::as_str);

impl Column for Vec<Origin> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        split(text(cell)?).map(|origin| (!origin.is_empty()).then(|| Origin(origin.into()))).collect()
    }
    fn write(&self) -> Value<'_> {
        Value::Text(self.iter().map(|origin| &*origin.0).collect::<Vec<_>>().join(" ").into())
    }
}

impl Column for Vec<SecretHash> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        let (hashes, rest) = bytes(cell)?.as_chunks::<32>();
        rest.is_empty().then(|| hashes.iter().copied().map(SecretHash::from_bytes).collect())
    }
    fn write(&self) -> Value<'_> {
        Value::Bytes(self.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>().into())
    }
}

impl Column for bool {
    fn read(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Bool(value) => Some(value),
            Cell::Bytes(_) | Cell::Integer(_) | Cell::Null | Cell::Text(_) => None,
        }
    }
    fn write(&self) -> Value<'_> {
        Value::Bool(*self)
    }
}

impl Column for u32 {
    fn read(cell: Cell<'_>) -> Option<Self> {
        integer(cell)?.try_into().ok()
    }
    fn write(&self) -> Value<'_> {
        Value::Integer((*self).into())
    }
}

/// A stored row was written at least once.
impl Column for Version {
    fn read(cell: Cell<'_>) -> Option<Self> {
        integer(cell)?.try_into().ok().filter(|version| *version > 0)
    }
    fn write(&self) -> Value<'_> {
        // No row is written 2^63 times: such a number was read nowhere, and none matches it.
        Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl Column for Timestamp {
    fn read(cell: Cell<'_>) -> Option<Self> {
        integer(cell).map(Self::from_millis)
    }
    fn write(&self) -> Value<'_> {
        Value::Integer(self.as_millis())
    }
}

/// In milliseconds.
impl Column for Duration {
    fn read(cell: Cell<'_>) -> Option<Self> {
        integer(cell)?.try_into().ok().map(Self::from_millis)
    }
    fn write(&self) -> Value<'_> {
        Value::Integer(i64::try_from(self.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Column for [u8; 32] {
    fn read(cell: Cell<'_>) -> Option<Self> {
        bytes(cell)?.try_into().ok()
    }
    fn write(&self) -> Value<'_> {
        Value::Bytes(self.as_slice().into())
    }
}

impl Column for Vec<u8> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        bytes(cell).map(<[u8]>::to_vec)
    }
    fn write(&self) -> Value<'_> {
        Value::Bytes(self.as_slice().into())
    }
}

/// Any text, with the one character that PostgreSQL refuses written as two.
impl Column for String {
    fn read(cell: Cell<'_>) -> Option<Self> {
        text(cell).and_then(unescaped)
    }
    fn write(&self) -> Value<'_> {
        escaped(self)
    }
}

impl Column for Box<str> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        text(cell).and_then(unescaped).map(Into::into)
    }
    fn write(&self) -> Value<'_> {
        escaped(self)
    }
}

/// Stands before what it is instead of: `0` for U+0000, `1` for itself.
const ESCAPE: char = '\u{1}';

/// A text without U+0000, which no text of PostgreSQL may hold.
pub(super) fn escaped(text: &str) -> Value<'_> {
    if text.contains(['\0', ESCAPE]) {
        Value::Text(text.replace(ESCAPE, "\u{1}1").replace('\0', "\u{1}0").into())
    } else {
        text.into()
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        plain.push(match character {
            ESCAPE => match rest.next()? {
                '0' => '\0',
                '1' => ESCAPE,
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

impl Column for ClientId {
    fn read(cell: Cell<'_>) -> Option<Self> {
        Self::parse(text(cell)?)
    }
    fn write(&self) -> Value<'_> {
        self.as_str().into()
    }
}

impl Column for UserName {
    fn read(cell: Cell<'_>) -> Option<Self> {
        let text = text(cell)?;
        Self::parse(text).filter(|name| name.as_str() == text)
    }
    fn write(&self) -> Value<'_> {
        self.as_str().into()
    }
}

impl Column for Scope {
    fn read(cell: Cell<'_>) -> Option<Self> {
        let text = text(cell)?;
        Self::parse(text).ok().filter(|scope| scope.to_string() == text)
    }
    fn write(&self) -> Value<'_> {
        Value::Text(self.to_string().into())
    }
}

impl Column for IpAddr {
    fn read(cell: Cell<'_>) -> Option<Self> {
        text(cell)?.parse().ok()
    }
    fn write(&self) -> Value<'_> {
        Value::Text(self.to_string().into())
    }
}
