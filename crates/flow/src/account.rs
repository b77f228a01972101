//! What a signed-in person may see and change about their own account.

use proto::Timestamp;
use proto::change::{Change, Decision, Require, Row};
use proto::model::{Revocation, RevocationCause, Session, SessionId, User};
use store::Taking;

use crate::commit::commit;
use crate::passwords::{Password, WeakPassword};
use crate::sign_in::unavailable;
use crate::{Flow, SignedIn, Unavailable, budget};

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordFailure {
    /// Too many tries with a wrong one; again at this time.
    #[error("too many tries")]
    Throttled(Timestamp),
    /// The store, or the pool.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The new one cannot be chosen.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The present one is not right.
    #[error("the present password is not right")]
    Wrong,
}

/// How to end one's own sessions everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Everywhere {
    /// Browsers only; devices keep their access.
    Browsers,
    /// Devices too: nothing that was approved in those sessions gets tokens any more.
    DevicesToo,
}

impl Flow {
    /// A person's live sessions, the latest first.
    ///
    /// # Errors
    /// The store.
    pub async fn sessions(&self, person: &SignedIn) -> Result<Vec<Session>, Unavailable> {
        let now = self.env.now();
        let mut sessions = self.store.sessions_of(person.user.id).await?;
        sessions.retain(|session| session.ended_at.is_none() && session.revoked.is_none() && now < session.expires_at);
        sessions.sort_by_key(|session| std::cmp::Reverse(session.last_seen));
        Ok(sessions)
    }

    /// Ends one of the person's own sessions; `not_me` revokes it, and with it what was approved in it.
    ///
    /// # Errors
    /// The store. A session of somebody else is left alone without a word.
    pub async fn end_session(&self, person: &SignedIn, session: SessionId, not_me: bool) -> Result<(), Unavailable> {
        let own = self.store.session(session).await?.is_some_and(|session| session.user_id == person.user.id);
        match (own, not_me) {
            (false, _) => Ok(()),
            (true, false) => self.sign_out(session).await,
            (true, true) => self.revoke_session(session, RevocationCause::NotMe).await,
        }
    }

    /// Ends all of the person's sessions, this one too: all of them or, when that fails, none.
    ///
    /// # Errors
    /// The store.
    pub async fn sign_out_everywhere(&self, person: &SignedIn, how: Everywhere) -> Result<(), Unavailable> {
        let ended = |session: Session, at: Timestamp| {
            let revoked = match how {
                Everywhere::Browsers => None,
                Everywhere::DevicesToo => Some(Revocation { at, cause: RevocationCause::Everywhere }),
            };
            let over = session.ended_at.is_some() && (revoked.is_none() || session.revoked.is_some());
            let (ended_at, revoked) = (session.ended_at.or(Some(at)), session.revoked.or(revoked));
            (!over).then(|| Change::Put(Row::Session(Box::new(Session { ended_at, revoked, ..session }))))
        };
        commit!(&self.store, &self.env, async {
            let now = self.env.now();
            let sessions = self.store.sessions_of(person.user.id).await?.into_iter();
            let changes = sessions.filter_map(|session| ended(session, now)).collect();
            Ok(Decision { reply: (), requires: Vec::new(), changes })
        })
        .await
        .map_err(Unavailable::from_failed)
    }

    /// Changes the person's password, and ends their other sessions, as somebody who knew the old one may hold one.
    ///
    /// # Errors
    /// The present one is wrong, the new one weak, or neither could be checked.
    pub async fn change_password(
        &self,
        person: &SignedIn,
        present: &Password,
        new: &Password,
    ) -> Result<(), ChangePasswordFailure> {
        new.check_strength(&person.user.name)?;
        let price = budget::sign_in(&self.settings.limits, person.user.name.as_str(), person.session.address);
        let taken = self.env.now();
        let taking = self.store.take(&price, taken).await.map_err(Unavailable::from)?;
        if let Taking::Refused { until, .. } = taking {
            return Err(ChangePasswordFailure::Throttled(until));
        }
        let user = self.store.user(person.user.id).await.map_err(Unavailable::from)?;
        let user = user.ok_or(ChangePasswordFailure::Wrong)?;
        let keys = self.ring.keys();
        let fits =
            self.passwords.verify(present, user.password.as_deref(), &keys.password).await.map_err(unavailable)?;
        if !fits {
            return Err(ChangePasswordFailure::Wrong);
        }
        self.write_password(&user, new, person.session.id).await?;
        // Whoever signed in between the look at the sessions and the write did so with the old one.
        for session in self.store.sessions_of(user.id).await.map_err(Unavailable::from)? {
            if session.id != person.session.id && session.ended_at.is_none() {
                self.sign_out(session.id).await?;
            }
        }
        self.store.give_back(&price, taken).await.map_err(Unavailable::from)?;
        Ok(())
    }

    /// Writes a new password over the one that `user` was read with, and ends their sessions but `kept` in the same step:
    /// a request that breaks off must not leave somebody signed in who knew the old one.
    async fn write_password(&self, user: &User, password: &Password, kept: SessionId) -> Result<(), Unavailable> {
        let keys = self.ring.keys();
        let hash = self.passwords.hash(password, &keys.password, &mut self.env.entropy()).await.map_err(unavailable)?;
        let changed = User { password: Some(hash), ..user.clone() };
        commit!(&self.store, &self.env, async {
            let now = self.env.now();
            let sessions = self.store.sessions_of(user.id).await?.into_iter();
            let others =
                sessions.filter(|other| other.id != kept && other.ended_at.is_none() && now < other.expires_at);
            let mut changes = vec![Change::Put(Row::User(Box::new(changed.clone())))];
            changes.extend(
                others.map(|other| Change::Put(Row::Session(Box::new(Session { ended_at: Some(now), ..other })))),
            );
            Ok(Decision { reply: (), requires: vec![Require::from(user)], changes })
        })
        .await
        .map_err(Unavailable::from_failed)
    }
}
