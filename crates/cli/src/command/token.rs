//! `countersign token` and `countersign header`: a valid access token for whoever asks, renewed under a lock when needed.

use client::{Client, Environment, Error, FileVault, Https, ProfileName, Session, System};
use proto::wire::error::ErrorCode;

use crate::exit::{Exit, Failure, print, say};
use crate::{command, explain};

/// How the token is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Header,
    Token,
}

pub(crate) async fn run(name: &ProfileName, form: Form) -> Result<(), Failure> {
    let session = valid(name).await?;
    print(&match form {
        Form::Header => format!("Authorization: {}", session.header_value()),
        Form::Token => session.access_token.reveal().to_owned(),
    })
}

async fn valid(name: &ProfileName) -> Result<Session, Failure> {
    let (vault, now) = (command::vault()?, || System::new().now().wall);
    let session = command::session(&vault, name)?;
    if session.is_fresh(now()) {
        return Ok(session);
    }
    if session.refresh_token.is_none() {
        return if session.is_valid(now()) { Ok(session) } else { Err(over(name, "The access has ended.")) };
    }
    // Two processes must not spend one refresh token: the second waits here and finds the work done.
    let _lock = vault.lock(name).map_err(|error| explain::vault(&error))?;
    let session = command::session(&vault, name)?;
    if session.is_fresh(now()) {
        return Ok(session);
    }
    match renew(&vault, name, &session).await {
        Err(failure) if failure.exit == Exit::Unreachable && session.is_valid(now()) => {
            say(&format!("{} The present token is still good for a moment.", failure.message));
            Ok(session)
        }
        other => other,
    }
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
