//! Keyed check values: HMAC-SHA-256 under versioned keys.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::model::KeyId;

/// A 256-bit HMAC key.
#[derive(Clone)]
pub struct MacKey {
    id: KeyId,
    state: Hmac<Sha256>,
}

/// The keys of one purpose: one that makes new values, and older ones that still check theirs.
#[derive(Clone)]
pub struct MacKeys {
    active: MacKey,
    retired: Vec<MacKey>,
}

/// An HMAC-SHA-256 value, compared in constant time.
#[derive(Clone, Copy, Eq)]
pub struct Tag([u8; 32]);

impl MacKey {
    /// A key from its 32 bytes.
    #[must_use]
    pub fn new(id: KeyId, key: &Zeroizing<[u8; 32]>) -> Self {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
        Self { id, state: Hmac::new(&block) }
    }

    /// Which key this is.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// One byte that tells keys of one purpose apart: a hint for the reader, not a proof.
    #[must_use]
    pub const fn hint(&self) -> u8 {
        let [.., last] = *self.id.as_bytes();
        last
    }

    /// The value of `parts`, each framed by its length so that no two lists collide.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut mac = self.state.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Tag(mac.finalize().into_bytes().into())
    }
}

impl MacKeys {
    /// Keys of one purpose.
    #[must_use]
    pub const fn new(active: MacKey, retired: Vec<MacKey>) -> Self {
        Self { active, retired }
    }

    /// The key for new values.
    #[must_use]
    pub const fn active(&self) -> &MacKey {
        &self.active
    }

    /// All keys, the active one first.
    pub fn iter(&self) -> impl Iterator<Item = &MacKey> {
        std::iter::once(&self.active).chain(&self.retired)
    }
}

impl Tag {
    /// Its bytes.
    #[must_use]
    pub const fn into_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Whether `bytes` are the first bytes of this value; compared in constant time.
    #[must_use]
    pub fn starts_with(&self, bytes: &[u8]) -> bool {
        self.0.get(..bytes.len()).is_some_and(|own| own.ct_eq(bytes).into())
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MacKey").field(&self.id).finish()
    }
}

impl fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(…)")
    }
}
