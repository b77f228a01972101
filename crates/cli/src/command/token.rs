//! `countersign token`, and what every command with a token needs: a valid one, renewed under a lock when needed.

use client::terminal::Terminal;
use client::{Client, Environment, Error, FileVault, Https, ProfileName, Session, System};
use proto::wire::error::ErrorCode;

use crate::exit::{Exit, Failure, print, say};
use crate::{command, explain};

pub(crate) async fn run(name: &ProfileName) -> Result<(), Failure> {
    let session = valid(name).await?;
    if session.proof_key.is_some() && Terminal::stderr().present {
        say(
            "This token is bound to a key of this device and of no use alone: `countersign request` calls an API with it,",
        );
        say("`countersign header --url URL` prints both headers of one call.");
    }
    print(session.access_token.reveal())
}

/// A session whose token is good for a moment longer.
pub(super) async fn valid(name: &ProfileName) -> Result<Session, Failure> {
    let (vault, now) = (command::vault()?, || System::new().now().wall);
    let session = command::session(&vault, name)?;
    if session.is_fresh(now()) {
        return Ok(session);
    }
    if session.refresh_token.is_none() {
        return if session.is_valid(now()) { Ok(session) } else { Err(over(name, "The access has ended.")) };
    }
    let renewed = renewed(name, |session| session.is_fresh(now())).await;
    match renewed {
        Err(failure) if failure.exit == Exit::Unreachable && session.is_valid(now()) => {
            say(&format!("{} The present token is still good for a moment.", failure.message));
            Ok(session)
        }
        other => other,
    }
}

/// A session with another token than this one, which an API no longer took.
pub(super) async fn replaced(name: &ProfileName, refused: &Session) -> Result<Session, Failure> {
    renewed(name, |session| session.access_token != refused.access_token).await
}

/// Renews the session, unless another process did while this one waited: two must not spend one refresh token.
async fn renewed(name: &ProfileName, is_done: impl Fn(&Session) -> bool) -> Result<Session, Failure> {
    let vault = command::vault()?;
    let _lock = vault.lock(name).map_err(|error| explain::vault(&error))?;
    let session = command::session(&vault, name)?;
    if is_done(&session) {
        return Ok(session);
    }
    renew(&vault, name, &session).await
}

async fn renew(vault: &FileVault, name: &ProfileName, session: &Session) -> Result<Session, Failure> {
    let profile = command::remembered(name)?;
    if profile.issuer != session.issuer || profile.client_id != session.client_id {
        return Err(over(name, "The profile names another server or application than the one that was signed in to."));
    }
    let client: Client<Https, System> = command::connect(&profile).await?;
    let host = client.server.issuer.authority();
    let renewed = client.refresh(session).await.map_err(|error| match &error {
        Error::Refused(refusal) if refusal.code == Some(ErrorCode::InvalidGrant) => {
            over(name, &format!("{host} has ended this sign-in."))
        }
        _ => explain::error(&error, host, None),
    })?;
    vault.save(name, &renewed).map_err(|error| explain::vault(&error))?;
    Ok(renewed)
}

fn over(name: &ProfileName, why: &str) -> Failure {
    Failure::new(Exit::NotSignedIn, "not_signed_in", why)
        .advise(format!("Run {} again.", command::command("login", name)))
}
