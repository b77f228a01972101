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
    /// Somebody else decided, or the client may not ask for this any more.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::change::Require;
    use crate::grant::fixture::{T0, around, client, grant, session, user};
    use crate::model::{AuthMethod, FamilyId, GrantType, Redemption, Revocation, RevocationCause, Scope};

    const VERDICTS: [Verdict; 3] = [Verdict::Approve, Verdict::Deny, Verdict::Report];
    const CAUSES: [RevocationCause; 3] =
        [RevocationCause::Administrator, RevocationCause::Everywhere, RevocationCause::NotMe];

    /// A person in front of the decision page: what was shown, and what is there when they press.
    #[derive(Clone)]
    struct Stage {
        grant: Grant,
        client: Option<Client>,
        session: Session,
        user: User,
        shown: Shown,
        now: Timestamp,
    }

    fn stage() -> Stage {
        let (client, user) = (client("tv", AuthMethod::None), user(1));
        let (grant, session) = (grant(&client), session(1, &user));
        let shown = Shown {
            grant_id: grant.id,
            grant_version: grant.version,
            client_version: client.version,
            session_id: session.id,
        };
        Stage { grant, client: Some(client), session, user, shown, now: T0 + Duration::from_secs(60) }
    }

    impl Stage {
        fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
            let mut changed = self.clone();
            change(&mut changed);
            changed
        }

        fn press(&self, verdict: Verdict) -> Result<Decision<Ended>, Void> {
            let Self { grant, client, session, user, shown, now } = self;
            decide(Scene { grant, client: client.as_ref(), session, user }, *shown, verdict, *now)
        }

        /// The stage after the decision was committed.
        fn after(&self, verdict: Verdict) -> Self {
            let decision = self.press(verdict).unwrap();
            let [Change::Put(Row::Grant(grant))] = decision.changes.as_slice() else { panic!("one grant is written") };
            self.with(|stage| stage.grant = Grant { version: grant.version + 1, ..(**grant).clone() })
        }

        #[track_caller]
        fn assert_void(&self, why: Void) {
            for verdict in VERDICTS {
                assert_eq!(self.press(verdict).err(), Some(why), "{verdict:?}");
            }
        }
    }

    #[test]
    fn df_3_3_13_an_approval_binds_person_session_and_sign_in_and_requires_what_was_read() {
        let stage = stage();
        let decision = stage.press(Verdict::Approve).unwrap();
        let approval = Approval {
            at: stage.now,
            user_id: stage.user.id,
            session_id: stage.session.id,
            auth_time: stage.session.auth_time,
            amr: stage.session.amr.clone(),
        };
        let approved = Grant { state: GrantState::Approved(approval), ..stage.grant.clone() };
        assert_eq!(decision.reply, Ended::Approved);
        assert_eq!(decision.changes, [Change::Put(Row::Grant(Box::new(approved)))], "the state, and nothing else");
        let client = stage.client.as_ref().unwrap();
        let read = [Require::from(client), Require::from(&stage.session), Require::from(&stage.user)];
        assert_eq!(decision.requires, read);
    }

    #[test]
    fn df_3_3_12_a_denial_says_who_and_whether_it_is_a_report() {
        let stage = stage();
        for (verdict, reported) in [(Verdict::Deny, false), (Verdict::Report, true)] {
            let decision = stage.press(verdict).unwrap();
            assert_eq!((decision.reply, decision.requires.len()), (Ended::Denied, 3));
            let denied = GrantState::Denied { at: stage.now, by: stage.user.id, reported };
            assert_eq!(stage.after(verdict).grant, Grant { state: denied, version: 2, ..stage.grant.clone() });
        }
    }

    #[test]
    fn df_3_3_13_what_changed_since_it_was_shown_voids_the_decision() {
        let stage = stage();
        stage.with(|s| s.grant.version += 1).assert_void(Void::Changed);
        stage.with(|s| s.client.as_mut().unwrap().version += 1).assert_void(Void::Changed);
        stage.with(|s| s.shown.grant_version -= 1).assert_void(Void::Changed);
        stage.with(|s| s.shown.client_version -= 1).assert_void(Void::Changed);
        stage.with(|s| s.shown.grant_id = GrantId::from_bytes([9; 16])).assert_void(Void::Changed);
    }

    #[test]
    fn df_3_3_2_only_a_person_who_is_signed_in_now_and_in_this_session_decides() {
        let stage = stage();
        let another = session(2, &stage.user);
        stage.with(|s| s.session = another).assert_void(Void::NotSignedIn);
        stage.with(|s| s.session.user_id = user(2).id).assert_void(Void::NotSignedIn);
        stage.with(|s| s.session.ended_at = Some(s.now)).assert_void(Void::NotSignedIn);
        for cause in CAUSES {
            stage.with(|s| s.session.revoked = Some(Revocation { at: s.now, cause })).assert_void(Void::NotSignedIn);
        }
        stage.with(|s| s.user.state = UserState::Locked).assert_void(Void::NotSignedIn);
        let [before, at, after] = around(stage.now).map(|end| stage.with(|s| s.session.expires_at = end));
        before.assert_void(Void::NotSignedIn);
        at.assert_void(Void::NotSignedIn);
        assert!(after.press(Verdict::Approve).is_ok());
    }

    #[test]
    fn nobody_decides_for_a_client_that_may_not_use_the_grant_or_ask_for_its_scope() {
        let stage = stage();
        stage.with(|s| s.client = None).assert_void(Void::Unusable);
        stage.with(|s| s.client.as_mut().unwrap().enabled = false).assert_void(Void::Unusable);
        let only_refresh = vec![GrantType::RefreshToken];
        stage.with(|s| s.client.as_mut().unwrap().grants = only_refresh).assert_void(Void::Unusable);
        stage.with(|s| s.client.as_mut().unwrap().scopes = Scope::default()).assert_void(Void::Unusable);
    }

    #[test]
    fn df_3_3_12_the_first_decision_stands_and_pressing_again_changes_nothing() {
        let stage = stage();
        for (first, second) in VERDICTS.into_iter().flat_map(|first| VERDICTS.map(|second| (first, second))) {
            let decided = stage.after(first);
            let again = decided.press(second).unwrap();
            let ended = if first == Verdict::Approve { Ended::Approved } else { Ended::Denied };
            assert_eq!((again.reply, again.changes, again.requires), (ended, vec![], vec![]), "{first:?} {second:?}");

            let (other, elsewhere) = (user(2), session(2, &user(2)));
            let by_other = decided.with(|s| {
                s.shown = Shown { session_id: elsewhere.id, grant_version: s.grant.version, ..s.shown };
                (s.user, s.session) = (other, elsewhere);
            });
            by_other.assert_void(Void::Unusable);
        }
    }

    #[test]
    fn df_3_3_12_pressing_again_after_the_device_has_its_token_changes_nothing() {
        let stage = stage().after(Verdict::Approve);
        let GrantState::Approved(approval) = &stage.grant.state else { panic!("approved") };
        let family_id = FamilyId::from_bytes([1; 16]);
        let redemption = Redemption { at: stage.now, last_issue: stage.now, family_id, replaced: false };
        let redeemed = stage.with(|s| s.grant.state = GrantState::Redeemed(approval.clone(), redemption));
        for verdict in VERDICTS {
            let again = redeemed.press(verdict).unwrap();
            assert_eq!((again.reply, again.changes.len()), (Ended::Approved, 0));
        }
    }

    #[test]
    fn df_3_2_4_df_3_3_12_a_decision_counts_until_the_last_millisecond() {
        let stage = stage();
        for verdict in VERDICTS {
            let [before, at, after] =
                around(stage.grant.expires_at).map(|now| stage.with(|s| s.now = now).press(verdict).unwrap());
            assert_eq!(before.changes.len(), 1);
            for late in [at, after] {
                assert_eq!((late.reply, late.changes.len()), (Ended::Expired, 0));
            }
        }
    }
}
