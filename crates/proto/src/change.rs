//! What a decision read and what it asks to be written: the data that a store commits, all or nothing.

use sha2::{Digest, Sha256};

use crate::Timestamp;
use crate::model::{
    Client, ClientId, CommitId, Family, FamilyId, Grant, GrantId, InitialToken, InitialTokenId, KeyId, SealedKey,
    Session, SessionId, User, UserId, Version,
};

/// The name of one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A client.
    Client(ClientId),
    /// A token family.
    Family(FamilyId),
    /// A grant.
    Grant(GrantId),
    /// An initial access token.
    InitialToken(InitialTokenId),
    /// The deployment's own facts: one row.
    Deployment,
    /// A sealed key.
    SealedKey(KeyId),
    /// A session.
    Session(SessionId),
    /// A proof or assertion that was used.
    Spent(SpentId),
    /// A person.
    User(UserId),
}

/// The name of a proof or an assertion, by which a second use is noticed: a hash of who made it and its `jti`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpentId(pub [u8; 32]);

impl SpentId {
    /// The name of what `kind` (such as `dpop`) and `parts` (who made it, its `jti`) say; no two lists share one.
    #[must_use]
    pub fn of(kind: &str, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(&kind).chain(parts) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// A DPoP proof or a client assertion that changed something: it cannot do so again (RFC 9449 §11.1, RFC 7523 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Its name.
    pub id: SpentId,
    /// Until when it would be good: then it may be forgotten.
    pub until: Timestamp,
}

/// Facts of the deployment as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Fingerprint of the key file: a node with another one must not start.
    pub key_fingerprint: [u8; 32],
    /// How often it was written.
    pub version: Version,
}

/// A row to be written. Its `version` is the one that was read (0: it must not exist yet); the store writes the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A client.
    Client(Box<Client>),
    /// The deployment.
    Deployment(Deployment),
    /// A token family.
    Family(Box<Family>),
    /// A grant.
    Grant(Box<Grant>),
    /// An initial access token.
    InitialToken(Box<InitialToken>),
    /// A sealed key.
    SealedKey(Box<SealedKey>),
    /// A session.
    Session(Box<Session>),
    /// A proof or assertion that was used.
    Spent(Spent),
    /// A person.
    User(Box<User>),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The row goes, if it still has this version.
    Delete(Key, Version),
    /// The row is inserted (version 0) or replaced.
    Put(Row),
}

/// Something that was read and must not have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Require {
    /// Which row.
    pub key: Key,
    /// The version that was read.
    pub version: Version,
}

/// The one write of protocol state: all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Stamped on every row that it writes.
    pub id: CommitId,
    /// Everything that was read.
    pub requires: Vec<Require>,
    /// Everything that is written.
    pub changes: Vec<Change>,
}

/// A unique value that two rows would share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unique {
    /// A client identifier.
    ClientId,
    /// A device code.
    DeviceCode,
    /// Another key: of a deployment, a family, an initial access token or a sealed key.
    Row,
    /// The secret of a session.
    SessionToken,
    /// A user code.
    UserCode,
    /// A proof or assertion: it was used before.
    Spent,
    /// A sign-in name.
    UserName,
}

/// What a decision says and what it needs written for that to be true.
#[derive(Clone, Debug)]
pub struct Decision<T> {
    /// The reply, to be sent only once the commit is done.
    pub reply: T,
    /// Everything that was read.
    pub requires: Vec<Require>,
    /// Everything that is to be written.
    pub changes: Vec<Change>,
}

impl Row {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Client(row) => Key::Client(row.id.clone()),
            Self::Deployment(_) => Key::Deployment,
            Self::Family(row) => Key::Family(row.id),
            Self::Grant(row) => Key::Grant(row.id),
            Self::InitialToken(row) => Key::InitialToken(row.id),
            Self::SealedKey(row) => Key::SealedKey(row.id),
            Self::Session(row) => Key::Session(row.id),
            Self::Spent(row) => Key::Spent(row.id),
            Self::User(row) => Key::User(row.id),
        }
    }

    /// The version that was read: 0 when it is new.
    #[must_use]
    pub fn version(&self) -> Version {
        match self {
            Self::Client(row) => row.version,
            Self::Deployment(row) => row.version,
            Self::Family(row) => row.version,
            Self::Grant(row) => row.version,
            Self::InitialToken(row) => row.version,
            Self::SealedKey(row) => row.version,
            Self::Session(row) => row.version,
            // Written once.
            Self::Spent(_) => 0,
            Self::User(row) => row.version,
        }
    }

    /// The same row with another version.
    #[must_use]
    pub fn with_version(mut self, version: Version) -> Self {
        match &mut self {
            Self::Client(row) => row.version = version,
            Self::Deployment(row) => row.version = version,
            Self::Family(row) => row.version = version,
            Self::Grant(row) => row.version = version,
            Self::InitialToken(row) => row.version = version,
            Self::SealedKey(row) => row.version = version,
            Self::Session(row) => row.version = version,
            Self::Spent(_) => {}
            Self::User(row) => row.version = version,
        }
        self
    }
}

impl<T> Decision<T> {
    /// A decision that wants nothing written.
    pub const fn only(reply: T) -> Self {
        Self { reply, requires: Vec::new(), changes: Vec::new() }
    }
}

/// A requirement on each row that was read.
macro_rules! require {
    ($($variant:ident($row:ty) by $key:ident);* $(;)?) => {$(
        impl From<&$row> for Require {
            fn from(row: &$row) -> Self {
                Self { key: Key::$variant(row.$key.clone()), version: row.version }
            }
        }
    )*};
}
require! {
    Client(Client) by id;
    Family(Family) by id;
    Grant(Grant) by id;
    InitialToken(InitialToken) by id;
    SealedKey(SealedKey) by id;
    Session(Session) by id;
    User(User) by id;
}
