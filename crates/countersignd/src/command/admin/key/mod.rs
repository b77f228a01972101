//! `countersignd key …`: the keys of the server. What they are stays sealed; here is what they are for, and their turn.

mod purpose;
mod reseal;

use std::io::{self, IsTerminal as _, Write};

use anyhow::anyhow;
use clap::Subcommand;
use flow::admin::Successor;
use flow::secrets::ends;
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey};
use serde::Serialize;

use self::purpose::Purpose;
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
    /// Makes the next key of a purpose, or the next signing keys. The running server uses it once everybody who checks knows
    /// it: a signing key after two hours, any other after a few seconds. It does so by itself on schedule
    Rotate {
        /// What it is for [default: sign_es256, sign_rs256 and sign_eddsa]
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
        /// Makes its successor if there is none, and uses it at once, before verifiers know it
        #[arg(long)]
        now: bool,
        /// Does it without asking
        #[arg(long)]
        yes: bool,
        /// Prints a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Seals every key under the key of another file, instead of that in [secrets] key_file
    #[command(after_help = reseal::HELP)]
    Reseal(reseal::Reseal),
}

/// A key for programs.
#[derive(Serialize)]
struct KeyView {
    id: String,
    purpose: String,
    state: &'static str,
    /// The name of a signing key in the headers of what it signs.
    kid: Option<String>,
    created_at: String,
    changed_at: String,
    /// When its state ends by itself.
    until: Option<String>,
}

/// What retiring a key did, for programs.
#[derive(Serialize)]
struct RetiredView {
    retired: String,
    successor: Option<String>,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: KeyCommand, out: &mut dyn Write) -> Result<(), Failure> {
    // The one command that must work while the key file is not the one of the database any more.
    if let KeyCommand::Reseal(asked) = &command {
        return reseal::run(file, asked, out).await;
    }
    let on = Deployment::open(file, Missing::Refuse).await?;
    let result = match command {
        KeyCommand::List { json } => list(&on, json, out).await,
        KeyCommand::Rotate { purpose, json } => rotate(&on, purpose, json, out).await,
        KeyCommand::Retire { id, now, yes, json } => {
            let successor = if now { Successor::MadeNow } else { Successor::Ready };
            retire(&on, id, successor, yes, json, out).await
        }
        KeyCommand::Reseal(_) => Ok(()),
    };
    on.close(result).await
}

async fn list(on: &Deployment, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut keys = on.admin().keys().await?;
    keys.sort_by_key(|key| (key.purpose, key.created_at, key.id));
    let views = keys.iter().map(|key| KeyView::of(on, key));
    if json {
        return output::json(&views.collect::<Vec<_>>(), out);
    }
    let mut table = Table::new(["ID", "PURPOSE", "STATE", "SINCE", "UNTIL", "KID"]);
    for KeyView { id, purpose, state, kid, changed_at, until, .. } in views {
        table.row([id, purpose, state.to_owned(), changed_at, until.unwrap_or_default(), kid.unwrap_or_default()]);
    }
    Ok(table.write(out)?)
}

async fn rotate(on: &Deployment, purpose: Option<Purpose>, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let purposes = purpose.map_or_else(|| Purpose::SIGNING.to_vec(), |purpose| vec![purpose]);
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
        say(&format!(
            "{id} is the next key for {}: known now, used by the running server in {}. The one before it then only checks \
             what it made.",
            purpose.name(),
            purpose.wait()
        ));
    }
    if !json {
        return Ok(());
    }
    // What was made a moment ago, this command has not read yet.
    on.flow().read_keys().await.map_err(anyhow::Error::from)?;
    let keys = on.admin().keys().await?;
    let views: Vec<_> = keys.iter().filter(|key| made.contains(&key.id)).map(|key| KeyView::of(on, key)).collect();
    output::json(&views, out)
}

async fn retire(
    on: &Deployment,
    id: KeyId,
    successor: Successor,
    yes: bool,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let keys = on.admin().keys().await?;
    let key = keys.iter().find(|key| key.id == id).ok_or_else(|| anyhow!("there is no key {id}"))?;
    let purpose = Purpose::from(key.purpose);
    if !yes && purpose != Purpose::Subject {
        confirm(&format!("{id} is {}, for {}. {}", state(key.state), purpose.name(), purpose.loss()))?;
    }
    let successor = on.admin().retire_key(id, successor).await?;
    Changed::KeyRetired(id).record();
    say(&match successor {
        Some(successor) => format!("{id} is out of use; {successor} is used from now on."),
        None => format!("{id} is out of use."),
    });
    let view = RetiredView { retired: id.to_string(), successor: successor.map(|id| id.to_string()) };
    if json { output::json(&view, out) } else { Ok(()) }
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
    fn of(on: &Deployment, key: &SealedKey) -> Self {
        Self {
            id: key.id.to_string(),
            purpose: Purpose::from(key.purpose).name(),
            state: state(key.state),
            kid: on.admin().kid(key.id),
            created_at: time(key.created_at),
            changed_at: time(key.changed_at),
            until: ends(key).map(time),
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
