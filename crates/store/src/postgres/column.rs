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

use super::value::{Cell, Value};
use crate::word::{Word, split};

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
