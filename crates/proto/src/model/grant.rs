//! One device authorization grant (RFC 8628): what a device asked for and what became of it.

use std::time::Duration;

use super::{
    Amr, ClientAddress, ClientId, CodeChallenge, FamilyId, GrantId, KeyThumbprint, Resource, Scope, SessionId, UserId,
    Version,
};
use crate::Timestamp;
use crate::secret::{DeviceCodeHash, UserCodeHash};

/// A person's yes, with everything a token says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// When it was given.
    pub at: Timestamp,
    /// Who gave it.
    pub user_id: UserId,
    /// In which session: if that is revoked, nothing is issued.
    pub session_id: SessionId,
    /// When that person had signed in.
    pub auth_time: Timestamp,
    /// How they had.
    pub amr: Vec<Amr>,
}

/// What came out of a redeemed grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// When tokens were issued first.
    pub at: Timestamp,
    /// When tokens were issued last; later than `at` only after a replacement.
    pub last_issue: Timestamp,
    /// The family that is, or was, live.
    pub family_id: FamilyId,
    /// Whether the one replacement was used (CF-20).
    pub replaced: bool,
}

/// The state of a grant. Expiry is not a state: it is a matter of `now`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// A person said yes; no token was issued yet.
    Approved(Approval),
    /// A person said no.
    Denied {
        /// When.
        at: Timestamp,
        /// Who.
        by: UserId,
        /// Whether they said "I did not start this".
        reported: bool,
    },
    /// Nobody decided yet.
    Pending,
    /// Tokens were issued.
    Redeemed(Approval, Redemption),
}

/// One device authorization grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The first half of `device_code`.
    pub id: GrantId,
    /// SHA-256 of the device code's random part.
    pub device_code: DeviceCodeHash,
    /// HMAC of the user code, under a key that is not in the database in the clear.
    pub user_code: UserCodeHash,
    /// Who asked.
    pub client_id: ClientId,
    /// For what.
    pub scope: Scope,
    /// Tokens for which APIs; none: for the default audience (RFC 8707).
    pub resources: Vec<Resource>,
    /// The key whose proof came with the request: every poll needs one under it (RFC 9449).
    pub dpop: Option<KeyThumbprint>,
    /// The PKCE challenge that came with the request: the redemption needs its verifier (RFC 7636).
    pub code_challenge: Option<CodeChallenge>,
    /// What the device calls itself: its own claim.
    pub device_name: Option<String>,
    /// From where.
    pub requester: ClientAddress,
    /// When.
    pub created_at: Timestamp,
    /// Until when a person may decide (`expires_in`, RFC 8628 §3.2).
    pub expires_at: Timestamp,
    /// The advertised polling interval.
    pub interval: Duration,
    /// How long its polls are held by default; `None` when it has no hold slot.
    pub hold: Option<Duration>,
    /// What became of it.
    pub state: GrantState,
    /// How often it was written.
    pub version: Version,
}

impl Grant {
    /// One lifetime: from creation to expiry.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.expires_at.since(self.created_at)
    }

    /// Until when its outcome is remembered: one more lifetime, and never less than the time a late
    /// redemption or a replacement may take (DF-3.5-19).
    #[must_use]
    pub fn tombstone_until(&self) -> Timestamp {
        self.expires_at + self.lifetime().max(Duration::from_secs(300))
    }
}
