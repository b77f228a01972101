//! `countersign token`, and what every command with a token needs: one that is good, renewed when needed.

use client::terminal::Terminal;
use client::upkeep::{Fresh, Stale, Want, fresh};
use client::vault::VaultError;
use client::{FileVault, Issuer, ProfileName, Session, System};

use crate::exit::{Exit, Failure, print, say};
use crate::{command, explain, shield};

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
    wanted(name, Want::Good).await
}

/// A session with another token than this one, which an API no longer took.
pub(super) async fn replaced(name: &ProfileName, refused: &Session) -> Result<Session, Failure> {
    wanted(name, Want::Other(refused)).await
}

async fn wanted(name: &ProfileName, want: Want<'_>) -> Result<Session, Failure> {
    let vault = command::store::opened(name)?;
    // A renewal that was begun is brought to its end: the old token may be dead by then.
    let found = shield::until_done(attempt(&vault, name, want)).await?;
    let Fresh { session, failed, unsaved } = found.map_err(|stale| told(stale, name))?;
    if failed.is_some() {
        say(&format!("{} cannot be reached. The present token is still good for a moment.", session.issuer));
    }
    if let Some(error) = unsaved {
        say(&explain::vault(&error).message);
        say("  This token works, but the next one may need a new sign-in.");
    }
    Ok(session)
}

async fn attempt(vault: &FileVault, name: &ProfileName, want: Want<'_>) -> Result<Fresh, Stale<Failure>> {
    let connect = async |session: &Session| {
        let profile = command::remembered(name)?;
        if profile.issuer != session.issuer || profile.client_id != session.client_id {
            return Err(over(
                name,
                "The profile names another server or application than the one that was signed in to.",
            ));
        }
        command::connect(&profile).await
    };
    fresh(vault, name, &System::new(), want, connect).await
}

fn told(stale: Stale<Failure>, name: &ProfileName) -> Failure {
    match stale {
        Stale::Busy => explain::vault(&VaultError::Busy),
        Stale::Client(error) => {
            let issuer = command::remembered(name).and_then(|profile| profile.checked_issuer());
            explain::error(&error, issuer.as_ref().map_or("the server", Issuer::authority), None)
        }
        Stale::Connect(failure) => failure,
        Stale::Ended => over(name, "The server has ended this sign-in."),
        Stale::NotSignedIn => command::not_signed_in(name),
        Stale::Over => over(name, "The access has ended."),
        Stale::Vault(error) => explain::vault(&error),
    }
}

fn over(name: &ProfileName, why: &str) -> Failure {
    Failure::new(Exit::NotSignedIn, "not_signed_in", why)
        .advise(format!("Run {} again.", command::command("login", name)))
}
