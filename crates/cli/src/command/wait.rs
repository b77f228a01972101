//! A sign-in whose code is shown by one process (`login --detach`) and whose end another one sees (`wait`): for programs
//! that cannot stay, and for people who read the code from a log.

use std::time::Duration;

use client::terminal::Terminal;
use client::vault::Lock;
use client::{Client, FileVault, Https, Login, ProfileName, System};

use super::login::until_stopped;
use super::watch::{Manner, Watch, announce};
use super::{signed_in, store};
use crate::arguments;
use crate::event::Event;
use crate::exit::{Exit, Failure, say};
use crate::{command, explain};

/// Between two looks whether the other process that waits has come to its end.
const LOOK: Duration = Duration::from_millis(200);

/// Shows the code, keeps what the other process needs, and ends.
pub(super) fn detach(name: &ProfileName, watch: &Watch<'_>, login: &Login<'_, Https, System>) -> Result<(), Failure> {
    store::vault()?.save_pending(name, &login.pending()).map_err(|error| explain::vault(&error))?;
    let prompt = login.prompt();
    if watch.manner.json {
        announce(prompt)?;
        return Event::Detached { profile: name.as_str() }.send();
    }
    let link = prompt.verification_uri_complete.as_ref().unwrap_or(&prompt.verification_uri);
    watch.show(prompt, link, false);
    say(&format!("  {} waits for the end.", command::command("wait", name)));
    Ok(())
}

pub(crate) async fn run(arguments: &arguments::Wait) -> Result<(), Failure> {
    until_stopped(arguments.json, Box::pin(wait(&arguments.of.profile, arguments.json))).await
}

async fn wait(name: &ProfileName, json: bool) -> Result<(), Failure> {
    let vault = store::vault()?;
    let stored = |error| explain::vault(&error);
    let (_lock, was_waited_for) = alone(&vault, name).await?;
    let Some(pending) = vault.load_pending(name).map_err(stored)? else {
        // Whoever waited before saw its end.
        return match was_waited_for && vault.has(name).map_err(stored)? {
            true => Ok(()),
            false => Err(Failure::new(Exit::NotSignedIn, "not_signed_in", "No sign-in is under way.")
                .advise(format!("Start one: {}.", command::line("login", name, " --detach")))),
        };
    };
    let profile = command::remembered(name)?;
    let chosen = store::choose(name, &profile)?;
    let client: Client<Https, System> = command::connect(&profile).await?;
    let host = client.server.issuer.authority().to_owned();
    let mut login = client.resume(pending).map_err(|error| explain::error(&error, &host, None))?;
    let (kept, of) = (vault.clone(), name.clone());
    // A pace that could not be written down costs the next process a wait, and this one nothing.
    login.keep(move |pending| drop(kept.save_pending(&of, pending)));
    let asked = profile.scopes.join(" ");
    let manner = Manner { json, picture: true, ..Manner::default() };
    let mut watch = Watch::new(&client, (&host, &asked), manner, Terminal::stderr());
    let signed_in = match watch.wait(login).await {
        Ok(signed_in) => signed_in,
        Err(failure) => {
            if failure.exit != Exit::Unreachable {
                vault.forget_pending(name).map_err(stored)?;
            }
            return Err(failure);
        }
    };
    signed_in::keep(&chosen, name, &signed_in.session)?;
    vault.forget_pending(name).map_err(stored)?;
    signed_in::tell((name, json), &chosen, &signed_in, &host)
}

/// Until nobody else waits for it; whether somebody did.
async fn alone(vault: &FileVault, name: &ProfileName) -> Result<(Lock, bool), Failure> {
    let mut was_waited_for = false;
    loop {
        if let Some(lock) = vault.try_lock_pending(name).map_err(|error| explain::vault(&error))? {
            return Ok((lock, was_waited_for));
        }
        was_waited_for = true;
        tokio::time::sleep(LOOK).await;
    }
}
