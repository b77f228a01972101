//! What is issued, by a redemption or a refresh: the right to, the family it belongs to, and how long it lasts.

use std::time::Duration;

use crate::gate::MayIssue;
use crate::model::{Amr, Client, Family, FamilyId, KeyThumbprint, Refresh, Resource, Scope};
use crate::secret::RefreshToken;
use crate::{Entropy, Timestamp};

/// How long things live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Access tokens.
    pub access: Duration,
    /// A family that is not refreshed for this long ends (SB-4.14-4).
    pub refresh_idle: Duration,
    /// A family ends after this long whatever happens.
    pub refresh_absolute: Duration,
}

impl Lifetimes {
    /// The same with what `client` has different.
    #[must_use]
    pub fn of(self, client: &Client) -> Self {
        let own = &client.tokens;
        Self {
            access: own.access_lifetime.unwrap_or(self.access),
            refresh_idle: own.refresh_idle.unwrap_or(self.refresh_idle),
            refresh_absolute: own.refresh_absolute.unwrap_or(self.refresh_absolute),
        }
    }
}

/// What is issued.
#[derive(Debug)]
pub struct Issue<'a> {
    /// The right to.
    pub may: MayIssue<'a>,
    /// When the person who approved had signed in.
    pub auth_time: Timestamp,
    /// How they had.
    pub amr: &'a [Amr],
    /// The family, as it will be.
    pub family: Family,
    /// What the access token is good for: the family's scope, or less of it.
    pub scope: Scope,
    /// At which APIs; none: at the default audience.
    pub resources: Vec<Resource>,
    /// The key that the access token is bound to.
    pub dpop: Option<KeyThumbprint>,
    /// Until when the access token lives.
    pub access_until: Timestamp,
    /// The new refresh token, when there is one.
    pub refresh_token: Option<RefreshToken>,
    /// The family that dies in the same commit: its reply was lost.
    pub replaces: Option<FamilyId>,
}

/// A new refresh token of a family that ends at `end`, and what is stored of it.
pub(super) fn refreshable(
    family_id: FamilyId,
    generation: u32,
    lifetimes: Lifetimes,
    (now, end): (Timestamp, Timestamp),
    entropy: &mut dyn Entropy,
) -> (RefreshToken, Refresh) {
    let token = RefreshToken::draw(family_id, generation, entropy);
    let idle_until = (now + lifetimes.refresh_idle).min(end);
    let refresh = Refresh { token: token.hash(), generation, idle_until };
    (token, refresh)
}
