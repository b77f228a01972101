//! The forms in which secrets are stored: nothing here can be used in place of the secret.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Tag;
use crate::model::GrantId;

/// SHA-256 of a 256-bit secret: nothing to guess, so no salt and no slow hash.
#[derive(Clone, Copy, Eq)]
pub struct SecretHash([u8; 32]);

/// SHA-256 of a device code's 32 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceCodeHash([u8; 32]);

/// HMAC-SHA-256 of a user code: a plain hash of 20^8 codes falls in seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserCodeHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

/// Compared in constant time.
impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// By the same bytes as equality.
impl std::hash::Hash for SecretHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl DeviceCodeHash {
    pub(super) fn of(random: &[u8; 32]) -> Self {
        Self(Sha256::digest(random).into())
    }

    /// The grant it belongs to: its first half.
    #[must_use]
    pub fn grant_id(&self) -> GrantId {
        let mut id = [0; 16];
        id.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        GrantId::from_bytes(id)
    }
}

impl From<Tag> for UserCodeHash {
    fn from(tag: Tag) -> Self {
        Self(tag.into_bytes())
    }
}

macro_rules! bytes {
    ($($name:ident),*) => {$(
        impl $name {
            /// From its 32 bytes, as a store keeps them.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
bytes!(SecretHash, DeviceCodeHash, UserCodeHash);
