//! The gate before every token: [`MayIssue`].
//!
//! There is one way to get it, and minting consumes it, so that no path to a token can forget to ask
//! whether the person, the client and the approving session are still fit (DF-3.4-9, T13).

use crate::change::Require;
use crate::grant::Refusal;
use crate::model::{Approval, Client, Family, Session, SessionId, User, UserId, UserState};

/// On whose word tokens rest: a person, in one of their sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approver {
    user_id: UserId,
    session_id: SessionId,
}

impl From<&Approval> for Approver {
    fn from(approval: &Approval) -> Self {
        Self { user_id: approval.user_id, session_id: approval.session_id }
    }
}

impl From<&Family> for Approver {
    fn from(family: &Family) -> Self {
        Self { user_id: family.user_id, session_id: family.session_id }
    }
}

/// Proof that tokens may be issued now for this person, client and session. Holds what was read to say so.
#[derive(Debug)]
pub struct MayIssue<'a> {
    user: &'a User,
    client: &'a Client,
    session: &'a Session,
}

impl<'a> MayIssue<'a> {
    /// Judges person, client and session, when tokens are issued and whenever one is used here. A session counts as revoked only when it was revoked: neither
    /// sign-out nor the end of a browser session signs a device out.
    ///
    /// # Errors
    /// The first that is not fit.
    pub fn check(
        approver: impl Into<Approver>,
        user: Option<&'a User>,
        client: Option<&'a Client>,
        session: Option<&'a Session>,
    ) -> Result<Self, Refusal> {
        let approver = approver.into();
        let client = client.filter(|client| client.enabled).ok_or(Refusal::ClientDisabled)?;
        let user = user.filter(|user| user.id == approver.user_id).ok_or(Refusal::AccountUnfit)?;
        match user.state {
            UserState::Active => {}
            UserState::Locked => return Err(Refusal::AccountUnfit),
        }
        let session = session
            .filter(|session| session.id == approver.session_id && session.revoked.is_none())
            .ok_or(Refusal::SessionRevoked)?;
        Ok(Self { user, client, session })
    }

    /// The person.
    #[must_use]
    pub const fn user(&self) -> &'a User {
        self.user
    }

    /// The client.
    #[must_use]
    pub const fn client(&self) -> &'a Client {
        self.client
    }

    /// What was read, to be required by the commit that issues.
    #[must_use]
    pub fn requires(&self) -> Vec<Require> {
        vec![self.user.into(), self.client.into(), self.session.into()]
    }
}
