//! JWK Sets (RFC 7517 §5): what a party publishes, and what is read from others.

use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::json::{self, MAX_DEPTH};
use crate::{Algorithm, Jwk, JwkError};

/// The usable keys of a set, no two with the same `kid`.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

impl JwkSet {
    /// The most keys a set may have.
    pub const MAX_KEYS: usize = 64;

    /// A set of these keys.
    ///
    /// # Errors
    /// [`JwkError::DuplicateKid`], [`JwkError::TooManyKeys`].
    pub fn new(keys: Vec<Jwk>) -> Result<Self, JwkError> {
        if keys.len() > Self::MAX_KEYS {
            return Err(JwkError::TooManyKeys);
        }
        let mut kids = HashSet::new();
        if !keys.iter().filter_map(Jwk::kid).all(|kid| kids.insert(kid)) {
            return Err(JwkError::DuplicateKid);
        }
        Ok(Self { keys })
    }

    /// Parses a set. Keys of an unknown kind, for another use, with members missing or malformed are left out, as if
    /// they were not there (RFC 7517 §5). The caller bounds the length of `json`.
    ///
    /// # Errors
    /// [`JwkError::Json`], [`JwkError::MissingMember`] without an array `keys`, [`JwkError::PrivateMember`] if any
    /// key has one: who publishes a private key is not to be trusted with the others; and those of [`Self::new`].
    pub fn parse(json: &[u8]) -> Result<Self, JwkError> {
        Self::from_members(&json::parse_object(json, MAX_DEPTH)?)
    }

    /// A set that came inside something parsed already, with [`json::parse_strict`] if it is from outside.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, JwkError> {
        let entries = members.get("keys").and_then(Value::as_array).ok_or(JwkError::MissingMember("keys"))?;
        if entries.len() > Self::MAX_KEYS {
            return Err(JwkError::TooManyKeys);
        }
        let mut keys = Vec::new();
        for entry in entries.iter().filter_map(Value::as_object) {
            match Jwk::from_members(entry) {
                Ok(key) => keys.push(key),
                Err(JwkError::PrivateMember) => return Err(JwkError::PrivateMember),
                Err(_) => {}
            }
        }
        Self::new(keys)
    }

    /// The key of this name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid() == Some(kid))
    }

    /// The keys for this algorithm.
    pub fn with_algorithm(&self, algorithm: Algorithm) -> impl Iterator<Item = &Jwk> {
        self.keys.iter().filter(move |key| key.algorithm() == algorithm)
    }

    /// All keys, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }
}

impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published<'a> {
            keys: &'a [Jwk],
        }
        Published { keys: &self.keys }.serialize(serializer)
    }
}
