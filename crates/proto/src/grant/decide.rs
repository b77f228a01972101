//! A person decides: one atomic step from pending to approved or denied (DF-3.3-12, DF-3.3-13).

use super::lookup::{Ended, may_be_decided};
use crate::Timestamp;
use crate::change::{Change, Decision, Row};
use crate::model::{Approval, Client, Grant, GrantId, GrantState, Session, SessionId, User, UserState, Version};

/// What the person pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// "Allow".
    Approve,
    /// "Don't allow".
    Deny,
    /// "I did not start this": a denial that is audited as a report.
    Report,
}

/// What the person was shown when they pressed it. A decision is about this and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which grant.
    pub grant_id: GrantId,
    /// Its version then.
    pub grant_version: Version,
    /// The client's epoch then: name and scopes on the page are of that epoch.
    pub client_version: Version,
    /// In which session.
    pub session_id: SessionId,
}

/// Why a decision does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// What was shown is not what is there now: show it again.
    #[error("the request changed since it was shown")]
    Changed,
    /// The account was locked, or the session ended, meanwhile.
    #[error("the person may not decide")]
    NotSignedIn,
    /// Somebody else decided, or the client was switched off.
    #[error("the request can no longer be decided")]
    Unusable,
}

/// Everything a decision looks at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The grant as it is now.
    pub grant: &'a Grant,
    /// Its client.
    pub client: Option<&'a Client>,
    /// The session of the person who decides.
    pub session: &'a Session,
    /// That person.
    pub user: &'a User,
}

/// Decides. Pressing the button twice has the effect of pressing it once; pressing the other one later has none.
///
/// # Errors
/// The decision does not count, and nothing changes.
pub fn decide(scene: Scene<'_>, shown: Shown, verdict: Verdict, now: Timestamp) -> Result<Decision<Ended>, Void> {
    let Scene { grant, client, session, user } = scene;
    let signed_in = session.revoked.is_none()
        && session.ended_at.is_none()
        && now < session.expires_at
        && session.user_id == user.id
        && user.state == UserState::Active;
    if shown.session_id != session.id || !signed_in {
        return Err(Void::NotSignedIn);
    }
    if shown.grant_id != grant.id {
        return Err(Void::Changed);
    }
    match &grant.state {
        GrantState::Approved(approval) | GrantState::Redeemed(approval, _) if approval.user_id == user.id => {
            return Ok(Decision::only(Ended::Approved));
        }
        GrantState::Denied { by, .. } if *by == user.id => return Ok(Decision::only(Ended::Denied)),
        GrantState::Approved(_) | GrantState::Redeemed(..) | GrantState::Denied { .. } => return Err(Void::Unusable),
        GrantState::Pending => {}
    }
    if now >= grant.expires_at {
        return Ok(Decision::only(Ended::Expired));
    }
    let client = client.filter(|client| may_be_decided(grant, client, now)).ok_or(Void::Unusable)?;
    if shown.grant_version != grant.version || shown.client_version != client.version {
        return Err(Void::Changed);
    }
    let (state, ended) = match verdict {
        Verdict::Approve => {
            let approval = Approval {
                at: now,
                user_id: user.id,
                session_id: session.id,
                auth_time: session.auth_time,
                amr: session.amr.clone(),
            };
            (GrantState::Approved(approval), Ended::Approved)
        }
        Verdict::Deny | Verdict::Report => {
            (GrantState::Denied { at: now, by: user.id, reported: verdict == Verdict::Report }, Ended::Denied)
        }
    };
    Ok(Decision {
        reply: ended,
        requires: vec![client.into(), session.into(), user.into()],
        changes: vec![Change::Put(Row::Grant(Box::new(Grant { state, ..grant.clone() })))],
    })
}
