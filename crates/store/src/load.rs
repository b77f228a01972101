//! The typed loads: for each decision everything it looks at, read in one consistent view.

use std::time::Duration;

use proto::Timestamp;
use proto::model::{Client, ClientId, Family, Grant, GrantState, Session, User, UserId};

/// How long a session is remembered after its cookie stopped working, so that it can still be told how it ended.
pub const SESSION_RETENTION: Duration = Duration::from_hours(31 * 24);

/// What a poll of a grant that is not known to be pending looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedeemView {
    /// The grant.
    pub grant: Grant,
    /// Its client, unless it was removed.
    pub client: Option<Client>,
    /// The person who approved it, unless there is none or they were removed.
    pub user: Option<User>,
    /// The session in which they did.
    pub session: Option<Session>,
    /// The family that was issued.
    pub family: Option<Family>,
}

/// What showing and deciding a grant looks at, beside the session of the person who decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideView {
    /// The grant.
    pub grant: Grant,
    /// Its client, unless it was removed.
    pub client: Option<Client>,
}

/// A session and its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// What use of an access token looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyView {
    /// The family.
    pub family: Family,
    /// Its client, unless it was removed.
    pub client: Option<Client>,
    /// The person, unless they were removed.
    pub user: Option<User>,
    /// The session in which they approved.
    pub session: Option<Session>,
}

/// Which grants, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrantSelection {
    /// All that are remembered, tombstones too.
    #[default]
    All,
    /// Those that may still come to tokens at this time: pending and not expired, or approved and not redeemed.
    Live(Timestamp),
    /// Those a person may still decide at this time: pending and not expired.
    Pending(Timestamp),
}

/// Which grants, and how many at most; the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantFilter {
    /// By what became of them.
    pub selection: GrantSelection,
    /// Only those that this person decided.
    pub user: Option<UserId>,
    /// Only those that this client asked for.
    pub client: Option<ClientId>,
    /// How many at most.
    pub limit: usize,
}

/// Which families, and how many at most; the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyFilter {
    /// Only those that are live at this time.
    pub live: Option<Timestamp>,
    /// Only those of this person.
    pub user: Option<UserId>,
    /// Only those of this client.
    pub client: Option<ClientId>,
    /// How many at most.
    pub limit: usize,
}

impl Default for GrantFilter {
    fn default() -> Self {
        Self { selection: GrantSelection::All, user: None, client: None, limit: usize::MAX }
    }
}

impl Default for FamilyFilter {
    fn default() -> Self {
        Self { live: None, user: None, client: None, limit: usize::MAX }
    }
}

impl GrantSelection {
    /// Whether `grant` is one of them.
    #[must_use]
    pub fn holds(self, grant: &Grant) -> bool {
        let pending = |now| grant.state == GrantState::Pending && now < grant.expires_at;
        match self {
            Self::All => true,
            Self::Live(now) => pending(now) || matches!(grant.state, GrantState::Approved(_)),
            Self::Pending(now) => pending(now),
        }
    }
}

impl GrantFilter {
    /// Whether `grant` passes.
    #[must_use]
    pub fn holds(&self, grant: &Grant) -> bool {
        self.selection.holds(grant)
            && self.client.as_ref().is_none_or(|client| *client == grant.client_id)
            && self.user.is_none_or(|user| decided_by(grant) == Some(user))
    }
}

impl FamilyFilter {
    /// Whether `family` passes.
    #[must_use]
    pub fn holds(&self, family: &Family) -> bool {
        self.live.is_none_or(|now| family.is_live(now))
            && self.client.as_ref().is_none_or(|client| *client == family.client_id)
            && self.user.is_none_or(|user| user == family.user_id)
    }
}

/// Who decided a grant.
pub(crate) const fn decided_by(grant: &Grant) -> Option<UserId> {
    match &grant.state {
        GrantState::Approved(approval) | GrantState::Redeemed(approval, _) => Some(approval.user_id),
        GrantState::Denied { by, .. } => Some(*by),
        GrantState::Pending => None,
    }
}
