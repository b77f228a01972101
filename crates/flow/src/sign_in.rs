//! A person signs in, is recognised by their cookie, and signs out.

use proto::change::{Change, Decision, Require, Row};
use proto::model::{Amr, ClientAddress, Session, SessionId, User, UserName, UserState};
use proto::secret::{SecretHash, SessionToken};
use proto::{Timestamp, model::Revocation};
use store::Taking;

use crate::commit::{Failed, commit};
use crate::passwords::{HashError, Password};
use crate::{Flow, Unavailable, budget};

/// How often a session's last use is written.
const SEEN_EVERY: std::time::Duration = std::time::Duration::from_secs(60);
/// Characters of a browser's name for itself that are kept.
const MAX_USER_AGENT: usize = 128;

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Their session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// Why somebody is not signed in. Unknown names and wrong passwords are one.
#[derive(Debug, thiserror::Error)]
pub enum SignInFailure {
    /// Too many tries; again at this time.
    #[error("too many tries")]
    Throttled(Timestamp),
    /// The server is too busy to check a password.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Name or password is not right, or the account is locked.
    #[error("name or password is not right")]
    Wrong,
}

/// Where somebody signs in.
#[derive(Clone, Debug)]
pub struct Browser<'a> {
    /// The browser's address.
    pub address: ClientAddress,
    /// What it calls itself.
    pub user_agent: &'a str,
}

impl Flow {
    /// Signs a person in: a new session with a new secret, whatever the browser had before (session fixation).
    ///
    /// # Errors
    /// Wrong, throttled or not possible now. A try is paid for before anything is looked up.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Password,
        browser: Browser<'_>,
    ) -> Result<(SessionToken, SignedIn), SignInFailure> {
        let typed = UserName::parse(name);
        let account = typed.as_ref().map_or("", UserName::as_str);
        let price = budget::sign_in(&self.settings.limits, account, browser.address);
        let taken = self.env.now();
        let taking = self.store.take(&price, taken).await.map_err(Unavailable::from)?;
        if let Taking::Refused { until, .. } = taking {
            return Err(SignInFailure::Throttled(until));
        }
        let user = match &typed {
            Some(name) => self.store.user_by_name(name).await.map_err(Unavailable::from)?,
            None => None,
        };
        let stored = user.as_ref().and_then(|user| user.password.as_deref());
        let keys = self.ring.keys();
        let fits = self.passwords.verify(password, stored, &keys.password).await.map_err(unavailable)?;
        let user = user.filter(|user| fits && user.state == UserState::Active).ok_or(SignInFailure::Wrong)?;
        let signed_in = self.begin_session(user, browser).await?;
        self.store.give_back(&price, taken).await.map_err(Unavailable::from)?;
        Ok(signed_in)
    }

    async fn begin_session(&self, user: User, browser: Browser<'_>) -> Result<(SessionToken, SignedIn), SignInFailure> {
        let begun = commit!(&self.store, &self.env, async {
            let now = self.env.now();
            let mut entropy = self.env.entropy();
            let token = SessionToken::draw(&mut entropy);
            let session = Session {
                id: SessionId::draw(now, &mut entropy),
                token: token.hash(),
                user_id: user.id,
                auth_time: now,
                amr: vec![Amr::Password],
                address: browser.address,
                user_agent: browser.user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect(),
                last_seen: now,
                expires_at: now + self.settings.session.absolute,
                ended_at: None,
                revoked: None,
                version: 0,
            };
            let written = Session { version: 1, ..session.clone() };
            Ok(Decision {
                reply: (token, SignedIn { session: written, user: user.clone() }),
                requires: vec![Require::from(&user)],
                changes: vec![Change::Put(Row::Session(Box::new(session)))],
            })
        });
        begun.await.map_err(|failed: Failed<std::convert::Infallible>| match failed {
            // The account changed while its password was checked: it is judged anew with the next try.
            Failed::Collided => SignInFailure::Wrong,
            Failed::Refused(never) => match never {},
            Failed::Store(error) => Unavailable::from(error).into(),
            Failed::Spent | Failed::Taken => Unavailable::collided().into(),
        })
    }

    /// Whose cookie this is: a session that is neither over nor unused for too long, of an account that may be used.
    ///
    /// # Errors
    /// The store.
    pub async fn signed_in(&self, cookie: &str) -> Result<Option<SignedIn>, Unavailable> {
        let hash: SecretHash = SessionToken::presented(cookie).hash();
        let Some(view) = self.store.session_view(&hash).await? else { return Ok(None) };
        let (session, user) = (view.session, view.user);
        let now = self.env.now();
        let live = session.ended_at.is_none()
            && session.revoked.is_none()
            && now < session.expires_at
            && now.since(session.last_seen) < self.settings.session.idle
            && user.state == UserState::Active;
        if !live {
            return Ok(None);
        }
        let session = self.seen(session, now).await?;
        Ok(Some(SignedIn { session, user }))
    }

    /// Writes down, at most once a minute, that the session was used.
    async fn seen(&self, session: Session, now: Timestamp) -> Result<Session, Unavailable> {
        if now.since(session.last_seen) < SEEN_EVERY {
            return Ok(session);
        }
        let id = session.id;
        let touched = commit!(&self.store, &self.env, async {
            let Some(current) = self.store.session(id).await? else { return Ok(Decision::only(None)) };
            let seen = Session { last_seen: now, ..current };
            let written = Session { version: seen.version + 1, ..seen.clone() };
            Ok(Decision {
                reply: Some(written),
                requires: Vec::new(),
                changes: vec![Change::Put(Row::Session(Box::new(seen)))],
            })
        });
        match touched.await {
            Ok(touched) => Ok(touched.unwrap_or(session)),
            Err(Failed::Store(error)) => Err(error.into()),
            // Another request of the same session wrote it.
            Err(Failed::Collided | Failed::Spent | Failed::Taken) => Ok(session),
            Err(Failed::Refused(never)) => {
                let never: std::convert::Infallible = never;
                match never {}
            }
        }
    }

    /// Ends a session as its person asks: an ordinary sign-out, which signs no device out.
    ///
    /// # Errors
    /// The store.
    pub async fn sign_out(&self, session: SessionId) -> Result<(), Unavailable> {
        self.change_session(session, |session, now| Session { ended_at: session.ended_at.or(Some(now)), ..session })
            .await
    }

    /// Revokes a session: everything that was approved in it loses its right to tokens.
    ///
    /// # Errors
    /// The store.
    pub(crate) async fn revoke_session(
        &self,
        session: SessionId,
        cause: proto::model::RevocationCause,
    ) -> Result<(), Unavailable> {
        self.change_session(session, move |session, at| Session {
            ended_at: session.ended_at.or(Some(at)),
            revoked: session.revoked.or(Some(Revocation { at, cause })),
            ..session
        })
        .await
    }

    async fn change_session(
        &self,
        id: SessionId,
        change: impl Fn(Session, Timestamp) -> Session,
    ) -> Result<(), Unavailable> {
        commit!(&self.store, &self.env, async {
            let Some(session) = self.store.session(id).await? else { return Ok(Decision::only(())) };
            let changed = change(session, self.env.now());
            Ok(Decision {
                reply: (),
                requires: Vec::new(),
                changes: vec![Change::Put(Row::Session(Box::new(changed)))],
            })
        })
        .await
        .map_err(Unavailable::from_failed)
    }
}

pub(crate) fn unavailable(error: HashError) -> Unavailable {
    match error {
        HashError::Busy => Unavailable::busy(),
        HashError::Unusable(cause) => Unavailable::because(&cause),
    }
}
