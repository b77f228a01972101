//! Where a profile's tokens are kept, and what they are sealed with: chosen before anybody signs in, found again later by
//! what is written in the file itself.

use std::env;

use client::terminal::Terminal;
use client::vault::{KeyringError, Keys, Protection, Seal, VaultError};
use client::{FileVault, ProfileName};
use proto::wire::token::Credential;

use crate::arguments::Store;
use crate::exit::{Failure, say};
use crate::profile::{Profile, Profiles};
use crate::prompt::passphrase;
use crate::{explain, paths};

/// The variable a passphrase may come from.
const PASSPHRASE: &str = "COUNTERSIGN_PASSPHRASE";

/// The vault, for what needs no key.
pub(crate) fn vault() -> Result<FileVault, Failure> {
    Ok(FileVault::at(paths::tokens()?))
}

/// The vault with what opens the tokens of this profile; asks for a passphrase where there is somebody to ask.
pub(crate) fn opened(name: &ProfileName) -> Result<FileVault, Failure> {
    let vault = vault()?;
    let keys = match vault.seal(name).map_err(|error| explain::vault(&error))? {
        None | Some(Seal::Keyring) => Keys::default(),
        Some(Seal::KeyFile) => {
            let file = Profiles::load()?.find(name).and_then(|profile| profile.store_key_file.clone());
            Keys { file, ..Keys::default() }
        }
        Some(Seal::Passphrase) => Keys { passphrase: Some(given_or_asked(false)?), ..Keys::default() },
    };
    Ok(vault.with(keys, Protection::AsBefore))
}

/// Where the tokens of a sign-in go, found out before it begins.
pub(crate) struct Chosen {
    /// For programs: `keyring`, `file` or `none`.
    pub(crate) kind: &'static str,
    /// For people: why it is not the keyring, when nobody asked for anything else.
    pub(crate) note: Option<String>,
    /// None where nothing is kept.
    pub(crate) vault: Option<FileVault>,
}

/// Chooses, and tries whether it works. What was asked for is taken or fails; only what nobody chose is chosen here.
pub(crate) fn choose(name: &ProfileName, profile: &Profile) -> Result<Chosen, Failure> {
    let file = |protection, keys| -> Result<Chosen, Failure> {
        let vault = vault()?.with(keys, protection);
        vault.probe(name).map_err(|error| explain::vault(&error))?;
        Ok(Chosen { kind: "file", note: None, vault: Some(vault) })
    };
    if let Some(path) = &profile.store_key_file {
        return file(Protection::Sealed(Seal::KeyFile), Keys { file: Some(path.clone()), ..Keys::default() });
    }
    if profile.store_passphrase {
        let passphrase = Some(given_or_asked(true)?);
        return file(Protection::Sealed(Seal::Passphrase), Keys { passphrase, ..Keys::default() });
    }
    let sealed = || Ok(vault()?.with(Keys::default(), Protection::Sealed(Seal::Keyring)));
    match profile.store {
        Store::None => Ok(Chosen { kind: "none", note: None, vault: None }),
        Store::File => file(Protection::Plain, Keys::default()),
        Store::Keyring => {
            let vault: FileVault = sealed()?;
            vault.probe(name).map_err(|error| explain::vault(&error))?;
            Ok(Chosen { kind: "keyring", note: None, vault: Some(vault) })
        }
        Store::Auto => {
            let vault: FileVault = sealed()?;
            match vault.probe(name) {
                Ok(()) => Ok(Chosen { kind: "keyring", note: None, vault: Some(vault) }),
                Err(VaultError::Keyring(why)) => {
                    let chosen = file(Protection::Plain, Keys::default())?;
                    Ok(Chosen { note: Some(plain(&why)), ..chosen })
                }
                Err(error) => Err(explain::vault(&error)),
            }
        }
    }
}

/// Never in plain text without a word.
fn plain(why: &KeyringError) -> String {
    let why = match why {
        KeyringError::Absent(_) => "There is no keyring here".to_owned(),
        other => {
            let text = other.to_string();
            let mut chars = text.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
        }
    };
    format!("{why}: the tokens are kept in a file that only you can read. --store-passphrase seals it.")
}

/// The passphrase: from the environment, else from whoever sits there; a new one is asked for twice.
fn given_or_asked(is_new: bool) -> Result<Credential, Failure> {
    if let Some(given) = env::var(PASSPHRASE).ok().filter(|given| !given.is_empty()) {
        return Ok(Credential::new(given));
    }
    if !Terminal::stderr().present {
        return Err(Failure::store("The tokens are sealed with a passphrase, and there is nobody to ask for it.")
            .advise(format!("Set {PASSPHRASE}.")));
    }
    let first = passphrase::ask("Passphrase for the tokens: ")?;
    if first.reveal().is_empty() {
        return Err(Failure::usage("A passphrase is not empty."));
    }
    if is_new && passphrase::ask("The same again: ")? != first {
        return Err(Failure::usage("These were two different passphrases."));
    }
    Ok(first)
}

/// Tells what was chosen for whoever did not choose.
pub(crate) fn tell(chosen: &Chosen) {
    if let Some(note) = &chosen.note {
        say(&format!("  {note}"));
    }
}
