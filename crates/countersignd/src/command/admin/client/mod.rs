//! `countersignd client …`: the programs on devices that may sign people in.

mod add;
mod edit;
mod keys;
mod secret;
mod terms;
mod tokens;
mod view;

use std::io::Write;

use clap::{Args, Subcommand};
use proto::model::{ClientId, GrantType};

use super::audit::Changed;
use super::deployment::{Deployment, Missing};
use super::options::client_id;
use super::output::{self, say};
use crate::arguments::ConfigFile;
use crate::failure::Failure;
use view::ClientView;

/// Commands about clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Registers a client; if it authenticates with a secret, prints that, once
    #[command(after_help = add::HELP)]
    Add(Box<add::Add>),
    /// Lists all clients
    List {
        /// Prints a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Shows everything about a client but its secrets
    Show {
        #[command(flatten)]
        which: Which,
        /// Prints a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Changes what is given and leaves the rest
    #[command(after_help = edit::HELP)]
    Edit(Box<edit::Edit>),
    /// Removes a client: its devices get no token any more
    Remove(Which),
    /// Gives a client a further secret and prints it, once; the one before stays good for a while
    #[command(after_help = secret::HELP)]
    RotateSecret(secret::RotateSecret),
}

/// Which client.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// Its client_id
    #[arg(value_name = "ID", value_parser = client_id)]
    id: ClientId,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: ClientCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let missing = match command {
        ClientCommand::Add(_) => Missing::Make,
        ClientCommand::Edit(_)
        | ClientCommand::List { .. }
        | ClientCommand::Remove(_)
        | ClientCommand::RotateSecret(_)
        | ClientCommand::Show { .. } => Missing::Refuse,
    };
    let on = Deployment::open(file, missing).await?;
    let result = match command {
        ClientCommand::Add(new) => add::add(&on, &new, out).await,
        ClientCommand::List { json } => list(&on, json, out).await,
        ClientCommand::Show { which, json } => show(&on, &which.id, json, out).await,
        ClientCommand::Edit(edit) => edit::edit(&on, &edit, out).await,
        ClientCommand::Remove(which) => remove(&on, &which.id).await,
        ClientCommand::RotateSecret(rotate) => secret::rotate(&on, &rotate, out).await,
    };
    on.close(result).await
}

async fn list(on: &Deployment, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let clients = on.admin().clients().await?;
    if json {
        return output::json(&clients.iter().map(ClientView::of).collect::<Vec<_>>(), out);
    }
    if clients.is_empty() {
        say("There is no client yet. `countersignd client add` makes one.");
    }
    Ok(view::table(&clients).write(out)?)
}

async fn show(on: &Deployment, id: &ClientId, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let client = on.admin().client(id).await?;
    if json { output::json(&ClientView::of(&client), out) } else { Ok(view::facts(&client, out)?) }
}

async fn remove(on: &Deployment, id: &ClientId) -> Result<(), Failure> {
    on.admin().remove_client(id).await?;
    Changed::ClientRemoved(id).record();
    say(&format!("Client {id} was removed. Its devices get no token any more."));
    Ok(())
}

fn usage(mut text: String) -> Failure {
    text.insert_str(0, "error: ");
    Failure::Usage(text)
}

/// Each of them once.
fn once(grants: &[GrantType]) -> Vec<GrantType> {
    let mut all = Vec::new();
    for grant in grants {
        if !all.contains(grant) {
            all.push(*grant);
        }
    }
    all
}
