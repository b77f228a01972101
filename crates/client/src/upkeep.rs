//! A token that is good now, for as many processes as want one: renewed early where there is time, under a lock that all of
//! them take, once for all of them, and never lost on the way. What is kept decides; nobody trusts what they remember.

use std::time::Duration;

use proto::wire::error::ErrorCode;
use proto::{Timestamp, entropy};

use crate::vault::{Lock, VaultError};
use crate::{Client, Environment, Error, FileVault, ProfileName, Session, Transport};

/// How long to wait for another process that renews: its two attempts, and what it does besides.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks at the lock, and up to twice that.
const LOOK: Duration = Duration::from_millis(20);

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub enum Want<'a> {
    /// A token that is good for a moment longer.
    Good,
    /// Another than this one, which an API no longer took.
    Other(&'a Session),
}

/// A session with the token that was wanted.
#[derive(Debug)]
pub struct Fresh {
    /// What to use.
    pub session: Session,
    /// A renewal that failed although the present token is good for a moment: nothing to act on.
    pub failed: Option<Error>,
    /// The new tokens could not be kept. This process has them; the next one may have to sign in.
    pub unsaved: Option<VaultError>,
}

/// Why there is none. `C` is why no client could be made.
#[derive(Debug)]
pub enum Stale<C> {
    /// Another process renews, and does not come to an end.
    Busy,
    /// The renewal failed.
    Client(Error),
    /// There is no client.
    Connect(C),
    /// The server has ended the sign-in (`invalid_grant`).
    Ended,
    /// Nobody is signed in.
    NotSignedIn,
    /// The token is over, and there is no other to be had.
    Over,
    /// What is kept cannot be read, or the lock not taken.
    Vault(VaultError),
}

impl<C> From<VaultError> for Stale<C> {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

impl Want<'_> {
    fn is_met(self, session: &Session, now: Timestamp) -> bool {
        match self {
            Self::Good => session.is_fresh(now),
            Self::Other(refused) => session.access_token != refused.access_token,
        }
    }
}

impl Fresh {
    const fn of(session: Session) -> Self {
        Self { session, failed: None, unsaved: None }
    }
}

/// The session of a profile with a token that is good. `connect` makes the client for a renewal, if one is needed.
///
/// # Errors
/// [`Stale`].
pub async fn fresh<T, E, C>(
    vault: &FileVault,
    profile: &ProfileName,
    environment: &E,
    want: Want<'_>,
    connect: impl AsyncFnOnce(&Session) -> Result<Client<T, E>, C>,
) -> Result<Fresh, Stale<C>>
where
    T: Transport,
    E: Environment,
{
    let now = || environment.now().wall;
    let [chance] = entropy::bytes::<1>(&mut *environment.entropy());
    let session = vault.load(profile)?.ok_or(Stale::NotSignedIn)?;
    let is_met = want.is_met(&session, now());
    if is_met && !(matches!(want, Want::Good) && session.refresh_token.is_some() && session.is_due(now(), chance)) {
        return Ok(Fresh::of(session));
    }
    if session.refresh_token.is_none() {
        let serves = matches!(want, Want::Good) && session.is_valid(now());
        return if serves { Ok(Fresh::of(session)) } else { Err(Stale::Over) };
    }
    let lock = match vault.try_lock(profile)? {
        Some(lock) => lock,
        // Somebody sees to it, and the present one is good.
        None if is_met => return Ok(Fresh::of(session)),
        None => wait(vault, profile, environment).await?,
    };
    // It may have been renewed in the meantime.
    let session = vault.load(profile)?.ok_or(Stale::NotSignedIn)?;
    let is_met = want.is_met(&session, now());
    if is_met && !(matches!(want, Want::Good) && session.is_due(now(), chance)) {
        return Ok(Fresh::of(session));
    }
    let serves = is_met || matches!(want, Want::Good) && session.is_valid(now());
    let renewed = match connect(&session).await {
        Ok(client) => renew(vault, profile, &client, &session).await,
        Err(error) if !serves => return Err(Stale::Connect(error)),
        Err(_) => return Ok(Fresh::of(session)),
    };
    drop(lock);
    match renewed {
        Err(Stale::Client(error @ Error::Unreachable(_))) if serves => {
            Ok(Fresh { failed: Some(error), ..Fresh::of(session) })
        }
        other => other,
    }
}

/// Renews, and keeps what came of it. The lock is held.
async fn renew<T: Transport, E: Environment, C>(
    vault: &FileVault,
    profile: &ProfileName,
    client: &Client<T, E>,
    session: &Session,
) -> Result<Fresh, Stale<C>> {
    let mut renewed = client.refresh(session).await;
    if matches!(renewed, Err(Error::Unreachable(_))) {
        // The server may have renewed, and the answer was lost: who asks again at once is given another, or the same,
        // where a server allows for that.
        renewed = client.refresh(session).await;
    }
    match renewed {
        Ok(session) => {
            // Once more, since the old token may be dead.
            let saved = vault.save(profile, &session).or_else(|_| vault.save(profile, &session));
            Ok(Fresh { unsaved: saved.err(), ..Fresh::of(session) })
        }
        Err(Error::Refused(refusal)) if refusal.code == Some(ErrorCode::InvalidGrant) => {
            // Who does not know of the lock may have been faster.
            let kept = vault.load(profile)?.ok_or(Stale::NotSignedIn)?;
            let is_another = kept.access_token != session.access_token;
            if is_another && kept.is_fresh(client.environment.now().wall) {
                Ok(Fresh::of(kept))
            } else {
                Err(Stale::Ended)
            }
        }
        Err(error) => Err(Stale::Client(error)),
    }
}

/// Waits for the lock, for as long as an honest holder could have it.
async fn wait<E: Environment, C>(vault: &FileVault, profile: &ProfileName, environment: &E) -> Result<Lock, Stale<C>> {
    let end = environment.now().monotonic + PATIENCE;
    loop {
        if let Some(lock) = vault.try_lock(profile)? {
            return Ok(lock);
        }
        let now = environment.now().monotonic;
        if now >= end {
            return Err(Stale::Busy);
        }
        let [chance] = entropy::bytes::<1>(&mut *environment.entropy());
        environment.sleep_until(now + LOOK + LOOK * u32::from(chance) / 256).await;
    }
}
