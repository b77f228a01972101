//! `countersignd key …`: the keys of the server. What they are stays sealed; here is what they are for, and their turn.

use std::io::{self, IsTerminal as _, Write};

use anyhow::anyhow;
use clap::{Subcommand, ValueEnum};
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey};
use serde::Serialize;

use super::audit::Changed;
use super::deployment::{Deployment, Missing};
use super::output::{self, Table, say, time};
use crate::arguments::ConfigFile;
use crate::failure::Failure;

/// Commands about keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Lists all keys
    List {
        /// Prints a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Makes the next key of a purpose, or the next signing keys. A signing key is published now and used by the running
    /// server after an hour, when verifiers know it; any other is used at once
    Rotate {
        /// What it is for [default: sign_es256 and sign_rs256]
        purpose: Option<Purpose>,
        /// Prints a JSON array of the new keys
        #[arg(long)]
        json: bool,
    },
    /// Takes a key out of use now, when it may be in wrong hands: what was made with it is good nowhere
    Retire {
        /// The key, as `key list` names it
        #[arg(value_name = "KEY_ID")]
        id: KeyId,
        /// Does it without asking
        #[arg(long)]
        yes: bool,
    },
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// Signs access tokens, and id_tokens of clients that asked for ES256
    SignEs256,
    /// Signs id_tokens
    SignRs256,
    /// Seals browser cookies and form handles
    Cookie,
    /// Guards forms against forged requests
    Csrf,
    /// Marks device codes as made here
    DeviceCode,
    /// Hides user codes in the database
    UserCode,
    /// Marks refresh tokens as made here
    RefreshToken,
    /// Goes into every password hash
    Password,
}

/// A key for programs.
#[derive(Serialize)]
struct KeyView {
    id: String,
    purpose: String,
    state: &'static str,
    created_at: String,
    changed_at: String,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: KeyCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let on = Deployment::open(file, Missing::Refuse).await?;
    let result = match command {
        KeyCommand::List { json } => list(&on, json, out).await,
        KeyCommand::Rotate { purpose, json } => rotate(&on, purpose, json, out).await,
        KeyCommand::Retire { id, yes } => retire(&on, id, yes).await,
    };
    on.close(result).await
}

async fn list(on: &Deployment, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut keys = on.admin().keys().await?;
    keys.sort_by_key(|key| (key.purpose, key.created_at, key.id));
    if json {
        return output::json(&keys.iter().map(KeyView::of).collect::<Vec<_>>(), out);
    }
    let mut table = Table::new(["ID", "PURPOSE", "STATE", "SINCE", "MADE"]);
    for key in &keys {
        let view = KeyView::of(key);
        table.row([view.id, view.purpose, view.state.to_owned(), view.changed_at, view.created_at]);
    }
    Ok(table.write(out)?)
}

async fn rotate(on: &Deployment, purpose: Option<Purpose>, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let purposes = purpose.map_or_else(|| vec![Purpose::SignEs256, Purpose::SignRs256], |purpose| vec![purpose]);
    let keys = on.admin().keys().await?;
    for purpose in &purposes {
        let next = |key: &&SealedKey| key.purpose == KeyPurpose::from(*purpose) && key.state == KeyState::Next;
        if let Some(next) = keys.iter().find(next) {
            let made = time(next.created_at);
            return Err(anyhow!("{} is the next key for {} already, made {made}", next.id, purpose.name()).into());
        }
    }
    let mut made = Vec::new();
    for purpose in purposes {
        let id = on.admin().rotate_key(purpose.into()).await?;
        Changed::KeyRotated(id).record();
        made.push(id);
        say(&match purpose {
            Purpose::SignEs256 | Purpose::SignRs256 => format!(
                "{id} is the next key for {}: published now, used by the running server in an hour.",
                purpose.name()
            ),
            Purpose::Cookie
            | Purpose::Csrf
            | Purpose::DeviceCode
            | Purpose::Password
            | Purpose::RefreshToken
            | Purpose::UserCode => {
                format!(
                    "{id} is the key for {} from now on; the one before it still checks what it made.",
                    purpose.name()
                )
            }
        });
    }
    let keys = on.admin().keys().await?;
    let views: Vec<KeyView> = keys.iter().filter(|key| made.contains(&key.id)).map(KeyView::of).collect();
    if json { output::json(&views, out) } else { Ok(()) }
}

async fn retire(on: &Deployment, id: KeyId, yes: bool) -> Result<(), Failure> {
    let keys = on.admin().keys().await?;
    let key = keys.iter().find(|key| key.id == id).ok_or_else(|| anyhow!("there is no key {id}"))?;
    let purpose = Purpose::from(key.purpose);
    if !yes {
        confirm(&format!("{id} is {}, for {}. {}", state(key.state), purpose.name(), purpose.loss()))?;
    }
    on.admin().retire_key(id).await?;
    Changed::KeyRetired(id).record();
    say(&format!("{id} is out of use."));
    Ok(())
}

fn confirm(what: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("error: {what}\nSay --yes to go on.")));
    }
    let mut terminal = io::stderr();
    write!(terminal, "{what}\nGo on? Type yes: ")?;
    terminal.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    if line.trim() == "yes" { Ok(()) } else { Err(anyhow!("nothing was changed").into()) }
}

impl KeyView {
    fn of(key: &SealedKey) -> Self {
        Self {
            id: key.id.to_string(),
            purpose: Purpose::from(key.purpose).name(),
            state: state(key.state),
            created_at: time(key.created_at),
            changed_at: time(key.changed_at),
        }
    }
}

const fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Next => "next",
        KeyState::Retired => "retired",
    }
}

impl Purpose {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What is lost with a key.
    const fn loss(self) -> &'static str {
        match self {
            Self::Cookie | Self::Csrf => "People who are just signing in or deciding have to begin again.",
            Self::DeviceCode | Self::UserCode => "Devices that are just being signed in have to begin again.",
            Self::Password => {
                "Nobody whose password was set under it can sign in again until an administrator sets a new one."
            }
            Self::RefreshToken => "Devices whose access lasts have to sign in again.",
            Self::SignEs256 | Self::SignRs256 => {
                "Tokens it signed are refused as soon as verifiers read the keys again."
            }
        }
    }
}

impl From<KeyPurpose> for Purpose {
    fn from(purpose: KeyPurpose) -> Self {
        match purpose {
            KeyPurpose::Cookie => Self::Cookie,
            KeyPurpose::Csrf => Self::Csrf,
            KeyPurpose::DeviceCode => Self::DeviceCode,
            KeyPurpose::Password => Self::Password,
            KeyPurpose::RefreshToken => Self::RefreshToken,
            KeyPurpose::SignEs256 => Self::SignEs256,
            KeyPurpose::SignRs256 => Self::SignRs256,
            KeyPurpose::UserCode => Self::UserCode,
        }
    }
}

impl From<Purpose> for KeyPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Cookie => Self::Cookie,
            Purpose::Csrf => Self::Csrf,
            Purpose::DeviceCode => Self::DeviceCode,
            Purpose::Password => Self::Password,
            Purpose::RefreshToken => Self::RefreshToken,
            Purpose::SignEs256 => Self::SignEs256,
            Purpose::SignRs256 => Self::SignRs256,
            Purpose::UserCode => Self::UserCode,
        }
    }
}
