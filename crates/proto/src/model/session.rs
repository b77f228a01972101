//! A browser session of a signed-in person. Its row outlives its cookie, since tokens depend on how it ended.

use super::{ClientAddress, SessionId, UserId, Version};
use crate::Timestamp;
use crate::secret::SecretHash;

/// How a person proved who they are (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amr {
    /// A password (`pwd`).
    Password,
}

impl Amr {
    /// The registered value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
    }
}

/// What a sign-in is worth as a whole (`acr`, OpenID Connect Core §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acr {
    /// One factor was shown.
    OneFactor,
}

impl Acr {
    /// All of them, for `acr_values_supported`.
    pub const ALL: [Self; 1] = [Self::OneFactor];

    /// What `amr` together is worth; `None` when nothing was shown.
    #[must_use]
    pub const fn of(amr: &[Amr]) -> Option<Self> {
        match amr {
            [] => None,
            [Amr::Password, ..] => Some(Self::OneFactor),
        }
    }

    /// The value: an absolute URI, as OpenID Connect asks for.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneFactor => "urn:countersign:acr:one-factor",
        }
    }
}

/// Why a session was revoked. Ordinary sign-out and expiry are not revocations: they sign no device out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationCause {
    /// An administrator ended it.
    Administrator,
    /// The person ended all sessions, devices too.
    Everywhere,
    /// The person said that it was not them.
    NotMe,
}

/// A revocation: nothing that was approved in the session gets a token any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: RevocationCause,
}

/// A browser session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name in logs and lists.
    pub id: SessionId,
    /// SHA-256 of the secret in the cookie.
    pub token: SecretHash,
    /// Whose session.
    pub user_id: UserId,
    /// When the person really signed in (`auth_time`, OpenID Connect Core §2).
    pub auth_time: Timestamp,
    /// How they did.
    pub amr: Vec<Amr>,
    /// Where the browser was.
    pub address: ClientAddress,
    /// What the browser calls itself, at most 128 characters.
    pub user_agent: String,
    /// Last use, to the minute.
    pub last_seen: Timestamp,
    /// When the cookie stops working whatever happens.
    pub expires_at: Timestamp,
    /// When the person signed out.
    pub ended_at: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: Option<Revocation>,
    /// How often it was written.
    pub version: Version,
}
