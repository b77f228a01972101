//! What becomes of a sign-in that was approved: tokens are kept, or handed over, and somebody is told.

use std::io::{self, IsTerminal};

use client::terminal::Terminal;
use client::{Plain, ProfileName, Session, SignedIn};

use super::store::Chosen;
use crate::event::Event;
use crate::exit::{Failure, print, say};
use crate::{calendar, command, explain};

/// Keeps the tokens where that was chosen.
pub(super) fn keep(chosen: &Chosen, name: &ProfileName, session: &Session) -> Result<(), Failure> {
    let Some(vault) = &chosen.vault else { return Ok(()) };
    vault.save(name, session).or_else(|error| rescue(&error, session))
}

/// Tells that it worked.
pub(super) fn tell(
    (profile, json): (&ProfileName, bool),
    chosen: &Chosen,
    signed_in: &SignedIn,
    host: &str,
) -> Result<(), Failure> {
    let terminal = Terminal::stderr();
    let SignedIn { identity, session, unchecked } = signed_in;
    if json {
        let name = identity.as_ref().map(|identity| &identity.name);
        let scope = session.scope.as_deref().map(|scope| Plain::new(scope, 4096));
        let expires_at = session.expires_at.map(calendar::iso);
        let (profile, token_type, store) = (profile.as_str(), session.token_type.as_str(), chosen.kind);
        return Event::SignedIn { profile, name, scope, expires_at, token_type, store }.send();
    }
    let who = match identity {
        Some(identity) => format!("Signed in as {}", terminal.bold(identity.name.as_str())),
        None => format!("Signed in to {host}"),
    };
    let mut parts = vec![format!("{} {who}", terminal.tick())];
    if chosen.vault.is_some() {
        if session.refresh_token.is_some() {
            parts.push("access renews by itself".to_owned());
        }
        parts.push(format!("{} shows more", command::command("status", profile).trim_matches('`')));
    }
    say(&parts.join(&format!(" {} ", terminal.dot())));
    if let Some(cause) = unchecked {
        say(&terminal.amber(&format!("  Who signed in could not be checked: {cause}.")));
    }
    if chosen.vault.is_some() { Ok(()) } else { print(session.access_token.reveal()) }
}

/// The tokens could not be saved. They are not thrown away without a question.
fn rescue(error: &client::vault::VaultError, session: &Session) -> Result<(), Failure> {
    let failure = explain::vault(error);
    // A bound token is of no use without its key, which is not for printing.
    if session.proof_key.is_some() || !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(failure);
    }
    say(&failure.message);
    eprint!("  The sign-in worked, though. Print the access token here, once? [y/N] ");
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y") {
        print(session.access_token.reveal())?;
    }
    Err(Failure { told: true, ..failure })
}
