//! A key of the server, sealed: the store never sees one in the clear.

use super::{KeyId, Version};
use crate::Timestamp;

/// What a key is for. One key, one purpose, one algorithm (RFC 8725 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// AEAD of opaque access tokens.
    AccessToken,
    /// HMAC over sealed browser cookies' binding and forms (CSRF).
    Csrf,
    /// AEAD of browser cookies and form handles.
    Cookie,
    /// HMAC that makes a device code's check value.
    DeviceCode,
    /// HMAC that makes nonces for DPoP proofs (RFC 9449 §8).
    DpopNonce,
    /// HMAC under which user codes are stored.
    UserCode,
    /// HMAC with which passwords are peppered.
    Password,
    /// HMAC that makes a refresh token's check value.
    RefreshToken,
    /// Ed25519 signatures.
    SignEdDsa,
    /// ECDSA P-256 signatures.
    SignEs256,
    /// RSA signatures.
    SignRs256,
    /// HMAC that makes pairwise subjects (OpenID Connect Core §8.1). There is one for good: with another, everybody
    /// would be a stranger everywhere.
    Subject,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 12] = [
        Self::AccessToken,
        Self::Csrf,
        Self::Cookie,
        Self::DeviceCode,
        Self::DpopNonce,
        Self::UserCode,
        Self::Password,
        Self::RefreshToken,
        Self::SignEdDsa,
        Self::SignEs256,
        Self::SignRs256,
        Self::Subject,
    ];
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Used to make new things.
    Active,
    /// Published, not yet used.
    Next,
    /// Used only to check what was made with it.
    Retired,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Its name.
    pub id: KeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Where it is in its life.
    pub state: KeyState,
    /// The secret, sealed under the key-encryption key and bound to `id` and `purpose`.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub changed_at: Timestamp,
    /// How often it was written.
    pub version: Version,
}
