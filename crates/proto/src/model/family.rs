//! A token family: everything issued from one redemption, alive or dead as a whole.

use super::{ClientAddress, ClientId, FamilyId, GrantId, KeyThumbprint, Resource, Scope, SessionId, UserId, Version};
use crate::Timestamp;
use crate::secret::SecretHash;

/// A family that may be refreshed, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// SHA-256 of the live refresh token's random part.
    pub token: SecretHash,
    /// Counts its replacements; one issued to a key in a family that had none begins anew far above.
    pub generation: u32,
    /// Unused until then, it ends.
    pub idle_until: Timestamp,
}

/// Everything issued from one redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name; access tokens carry it.
    pub id: FamilyId,
    /// The grant it came from.
    pub grant_id: GrantId,
    /// Whose tokens.
    pub client_id: ClientId,
    /// For whose account.
    pub user_id: UserId,
    /// Approved in which session.
    pub session_id: SessionId,
    /// What they are good for.
    pub scope: Scope,
    /// At which APIs; none: at the default audience (RFC 8707).
    pub resources: Vec<Resource>,
    /// The key they are bound to (RFC 9449 §6).
    pub dpop: Option<KeyThumbprint>,
    /// What the device is called: what it called itself, until its person calls it something else.
    pub device_name: Option<String>,
    /// Where the device asked from; unknown for families of before this was kept.
    pub requester: Option<ClientAddress>,
    /// When the first token was issued.
    pub issued_at: Timestamp,
    /// When its last token ends, refreshed or not.
    pub expires_at: Timestamp,
    /// How it may be refreshed; `None` when lasting access was not asked for or not given.
    pub refresh: Option<Refresh>,
    /// When it was refreshed last: a refreshed family is never replaced.
    pub refreshed_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// How often it was written.
    pub version: Version,
}

impl Family {
    /// Whether it still gives access at `now`: a family that may be refreshed also ends by being left unused.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.is_live(now) && self.refresh.is_none_or(|refresh| now < refresh.idle_until)
    }

    /// Whether its tokens are good at `now`, as far as the family itself goes.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}
