//! `countersign logout`: takes the access back at the server, then forgets it here, whatever the server said.

use client::ProfileName;
use client::session::Revocation;

use crate::exit::{Exit, Failure, say};
use crate::{command, explain};
use client::terminal::Terminal;

pub(crate) async fn run(name: &ProfileName) -> Result<(), Failure> {
    let vault = command::store::vault()?;
    let _lock = vault.lock(name).map_err(|error| explain::vault(&error))?;
    let session = match command::session(name) {
        // Tokens that nobody can read are still forgotten.
        Err(failure) if failure.exit == Exit::Store && vault.has(name).unwrap_or(true) => {
            vault.forget(name).map_err(|error| explain::vault(&error))?;
            let message = format!("Signed out on this device only, the access may still be good. {}", failure.message);
            return Err(Failure { message, ..failure }.advise("Remove it in your account at the server."));
        }
        other => other?,
    };
    let profile = command::remembered(name);

    let revoked = async {
        let client = command::connect(&profile?).await?;
        let host = client.server.issuer.authority();
        client.revoke(&session).await.map_err(|error| explain::error(&error, host, None))
    };
    let revoked = revoked.await;
    // A token that may be alive is no reason to leave a copy of it lying here.
    vault.forget(name).map_err(|error| explain::vault(&error))?;
    let terminal = Terminal::stderr();
    match revoked {
        Ok(Revocation::Done) => say(&format!("{} Signed out.", terminal.tick())),
        Ok(Revocation::NotOffered) => {
            say(&format!("{} Signed out on this device.", terminal.tick()));
            say("  This server takes no access back itself: remove it in your account there.");
        }
        Err(failure) => {
            let message = format!("Signed out on this device only, the access may still be good. {}", failure.message);
            return Err(Failure { message, ..failure }.advise("Remove it in your account at the server."));
        }
    }
    Ok(())
}
