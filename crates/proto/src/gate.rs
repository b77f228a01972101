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

    /// The session in which the person approved.
    #[must_use]
    pub const fn session(&self) -> &'a Session {
        self.session
    }

    /// What was read, to be required by the commit that issues.
    #[must_use]
    pub fn requires(&self) -> Vec<Require> {
        vec![self.user.into(), self.client.into(), self.session.into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::grant::fixture::{T0, client, session, user};
    use crate::model::{AuthMethod, Revocation, RevocationCause};

    /// A person, their session and a client, all fit.
    fn fit() -> (User, Client, Session) {
        let user = user(1);
        let session = session(1, &user);
        (user, client("tv", AuthMethod::None), session)
    }

    fn approver() -> Approver {
        let (user, _, session) = fit();
        Approver { user_id: user.id, session_id: session.id }
    }

    #[track_caller]
    fn assert_refused(user: Option<&User>, client: Option<&Client>, session: Option<&Session>, why: &Refusal) {
        assert_eq!(MayIssue::check(approver(), user, client, session).err().as_ref(), Some(why));
    }

    #[test]
    fn df_3_4_9_who_is_fit_may_issue_and_everything_that_was_read_is_required() {
        let (user, client, session) = fit();
        let may = MayIssue::check(approver(), Some(&user), Some(&client), Some(&session)).unwrap();
        assert_eq!((may.user(), may.client()), (&user, &client));
        assert_eq!(may.requires(), [Require::from(&user), Require::from(&client), Require::from(&session)]);
    }

    #[test]
    fn df_3_4_9_a_deleted_locked_or_other_person_issues_nothing() {
        let (fit_user, client, session) = fit();
        let locked = User { state: UserState::Locked, ..fit_user };
        for unfit in [None, Some(&locked), Some(&user(2))] {
            assert_refused(unfit, Some(&client), Some(&session), &Refusal::AccountUnfit);
        }
    }

    #[test]
    fn df_3_4_9_a_deleted_or_disabled_client_issues_nothing() {
        let (user, fit_client, session) = fit();
        let disabled = Client { enabled: false, ..fit_client };
        for unfit in [None, Some(&disabled)] {
            assert_refused(Some(&user), unfit, Some(&session), &Refusal::ClientDisabled);
        }
    }

    #[test]
    fn df_3_4_9_a_revoked_session_issues_nothing_and_one_that_merely_ended_does() {
        let (user, client, fit_session) = fit();
        let (other, mut revoked) = (session(2, &user), fit_session.clone());
        for unfit in [None, Some(&other)] {
            assert_refused(Some(&user), Some(&client), unfit, &Refusal::SessionRevoked);
        }
        for cause in [RevocationCause::Administrator, RevocationCause::Everywhere, RevocationCause::NotMe] {
            revoked.revoked = Some(Revocation { at: T0, cause });
            assert_refused(Some(&user), Some(&client), Some(&revoked), &Refusal::SessionRevoked);
        }
        let ended = Session { ended_at: Some(T0), expires_at: Timestamp::EPOCH, ..fit_session };
        assert!(MayIssue::check(approver(), Some(&user), Some(&client), Some(&ended)).is_ok());
    }
}
