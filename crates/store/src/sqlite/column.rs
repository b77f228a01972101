//! How each type stands in a column: one strict reading and one writing, side by side.

use std::net::IpAddr;
use std::time::Duration;

use proto::Timestamp;
use proto::model::{
    AccessTokenFormat, AddressOrigin, Amr, AuthMethod, ClientId, CodeChallenge, CommitId, Demand, DeviceAuth, FamilyId,
    GrantId, GrantType, InitialTokenId, KeyId, KeyPurpose, KeyState, KeyThumbprint, LinkPolicy, Origin, Resource,
    RevocationCause, Rotation, Scope, SessionId, SigningAlg, UserId, UserName, UserState, Version,
};
use proto::secret::{Alphabet, DeviceCodeHash, SecretHash, UserCodeHash};
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};

use crate::word::{Word, split};

/// A type that has a form in a column.
pub(super) trait Column: Sized {
    /// The value; `None` when it is none of this type.
    fn read(value: ValueRef<'_>) -> Option<Self>;
    /// Its form.
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>>;
}

/// A value as a parameter of a statement.
pub(super) struct As<'a, T>(pub(super) &'a T);

impl<T: Column> ToSql for As<'_, T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.write()
    }
}

fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        ValueRef::Blob(_) | ValueRef::Integer(_) | ValueRef::Null | ValueRef::Real(_) => None,
    }
}

fn blob(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Blob(bytes) => Some(bytes),
        ValueRef::Integer(_) | ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) => None,
    }
}

fn integer(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Blob(_) | ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) => None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the form most writings have")]
fn borrowed<'a>(value: impl Into<ValueRef<'a>>) -> rusqlite::Result<ToSqlOutput<'a>> {
    Ok(ToSqlOutput::Borrowed(value.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "the form most writings have")]
fn owned(value: impl Into<Value>) -> rusqlite::Result<ToSqlOutput<'static>> {
    Ok(ToSqlOutput::Owned(value.into()))
}

impl<T: Column> Column for Option<T> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        if value == ValueRef::Null { Some(None) } else { T::read(value).map(Some) }
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_ref().map_or_else(|| owned(Value::Null), T::write)
    }
}

macro_rules! bytes {
    ($($name:ty),*) => {$(
        impl Column for $name {
            fn read(value: ValueRef<'_>) -> Option<Self> {
                blob(value)?.try_into().ok().map(Self::from_bytes)
            }
            fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                borrowed(self.as_bytes().as_slice())
            }
        }
    )*};
}
bytes!(
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
            fn read(value: ValueRef<'_>) -> Option<Self> {
                Self::parse(text(value)?)
            }
            fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                borrowed(self.word())
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
    ($($name:ident),*) => {$(
        impl Column for Vec<$name> {
            fn read(value: ValueRef<'_>) -> Option<Self> {
                split(text(value)?).map($name::parse).collect()
            }
            fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                owned(self.iter().map(Word::word).collect::<Vec<_>>().join(" "))
            }
        }
    )*};
}
word_lists!(Amr, GrantType);

impl Column for Vec<Origin> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        split(text(value)?).map(|origin| (!origin.is_empty()).then(|| Origin(origin.into()))).collect()
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        if self.iter().any(|origin| origin.0.is_empty() || origin.0.contains(' ')) {
            return Err(rusqlite::Error::ToSqlConversionFailure("an origin is empty or has a blank".into()));
        }
        owned(self.iter().map(|origin| &*origin.0).collect::<Vec<_>>().join(" "))
    }
}

/// No resource has a blank. Most lists are empty: that costs nothing.
impl Column for Vec<Resource> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        split(text(value)?).map(Resource::parse).collect()
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.as_slice() {
            [] => borrowed(""),
            [one] => borrowed(one.as_str()),
            several => owned(several.iter().map(Resource::as_str).collect::<Vec<_>>().join(" ")),
        }
    }
}

impl Column for Vec<SecretHash> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        let (hashes, rest) = blob(value)?.as_chunks::<32>();
        rest.is_empty().then(|| hashes.iter().copied().map(SecretHash::from_bytes).collect())
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        owned(self.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>())
    }
}

impl Column for bool {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        match integer(value)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        owned(i64::from(*self))
    }
}

impl Column for u32 {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        integer(value)?.try_into().ok()
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        owned(i64::from(*self))
    }
}

/// A stored row was written at least once.
impl Column for Version {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        integer(value)?.try_into().ok().filter(|version| *version > 0)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        // No row is written 2^63 times: such a number was read nowhere, and none matches it.
        owned(i64::try_from(*self).unwrap_or(i64::MAX - 1))
    }
}

impl Column for Timestamp {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        integer(value).map(Self::from_millis)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        owned(self.as_millis())
    }
}

/// In milliseconds.
impl Column for Duration {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        integer(value)?.try_into().ok().map(Self::from_millis)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        owned(i64::try_from(self.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Column for [u8; 32] {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        blob(value)?.try_into().ok()
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        borrowed(self.as_slice())
    }
}

impl Column for Vec<u8> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        blob(value).map(<[u8]>::to_vec)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        borrowed(self.as_slice())
    }
}

impl Column for String {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        text(value).map(str::to_owned)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        borrowed(self.as_str())
    }
}

impl Column for Box<str> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        text(value).map(Self::from)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        borrowed(&**self)
    }
}

impl Column for ClientId {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        Self::parse(text(value)?)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        borrowed(self.as_str())
    }
}

impl Column for UserName {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        let text = text(value)?;
        Self::parse(text).filter(|name| name.as_str() == text)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        borrowed(self.as_str())
    }
}

impl Column for Scope {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        let text = text(value)?;
        Self::parse(text).ok().filter(|scope| scope.to_string() == text)
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        owned(self.to_string())
    }
}

impl Column for IpAddr {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        text(value)?.parse().ok()
    }
    fn write(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        owned(self.to_string())
    }
}
