//! `countersignd client …`: the programs on devices that may sign people in.

mod terms;
mod view;

use std::io::Write;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use flow::admin::ClientEdit;
use proto::model::{
    AuthMethod, Client, ClientId, DeviceAuth, DevicePolicy, GrantType, LinkPolicy, Scope, SigningAlg, TokenPolicy,
};
use proto::secret::ClientSecret;

use super::audit::Changed;
use super::deployment::{Deployment, Missing};
use super::options::{Choice, client_id, scope, scopes};
use super::output::{self, say};
use crate::arguments::ConfigFile;
use crate::config::option;
use crate::failure::Failure;
use terms::Terms;
use view::ClientView;

/// Commands about clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Registers a client; if it authenticates with a secret, prints that, once
    #[command(after_help = ADD_HELP)]
    Add(Box<Add>),
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
    #[command(after_help = EDIT_HELP)]
    Edit(Box<Edit>),
    /// Removes a client: its devices get no token any more
    Remove(Which),
    /// Gives a client a further secret and prints it, once; the one before stays good until the next time
    RotateSecret {
        #[command(flatten)]
        which: Which,
        /// Prints a JSON object
        #[arg(long)]
        json: bool,
    },
}

const ADD_HELP: &str = "Examples:\n  \
    countersignd client add tv --name \"Living-room TV\" --grant device --scope openid profile\n  \
    countersignd client add ci --name CI --auth client_secret_basic --grant device,refresh_token\n\n\
    Clients can be declared in the configuration as well; those are changed there.";

const EDIT_HELP: &str = "Lists are replaced as a whole; an empty text makes them empty: --scope '' --origin ''.\n\
    How a client authenticates stays as it is: its devices would be locked out. Add another client for that.";

/// Which client.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// Its client_id
    #[arg(value_name = "ID", value_parser = client_id)]
    id: ClientId,
}

/// A client to be registered.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The client_id with which the program names itself: public, and the same in all its copies
    #[arg(value_name = "ID", value_parser = client_id)]
    id: ClientId,
    /// What people see when they are asked
    #[arg(long, value_parser = option::name)]
    name: String,
    /// How it authenticates: "none" for what runs in people's hands and cannot keep a secret
    #[arg(long, value_name = "METHOD", default_value = "none", value_parser = Choice::<AuthMethod>::new())]
    auth: AuthMethod,
    /// What it may use; "device" is what this server is for
    #[arg(
        long = "grant", value_name = "GRANT", required_unless_present = "introspect", num_args = 1.., value_delimiter = ',',
        value_parser = Choice::<GrantType>::new()
    )]
    grants: Vec<GrantType>,
    /// What it may ask for; with none, it learns only that somebody approved
    #[arg(long = "scope", value_name = "SCOPE", num_args = 1.., value_parser = scope)]
    scopes: Vec<Scope>,
    #[command(flatten)]
    terms: Terms,
    /// It is an API that may ask what tokens are good for (RFC 7662); it needs a secret
    #[arg(long)]
    introspect: bool,
    /// You do not vouch for its name, and people are told so
    #[arg(long)]
    unverified: bool,
    /// Prints a JSON object, with the secret if there is one
    #[arg(long)]
    json: bool,
}

/// What is changed about a client.
#[derive(Args, Debug)]
pub(crate) struct Edit {
    #[command(flatten)]
    which: Which,
    /// What people see when they are asked
    #[arg(long, value_parser = option::name)]
    name: Option<String>,
    /// What it may use
    #[arg(
        long = "grant", value_name = "GRANT", num_args = 1.., value_delimiter = ',',
        value_parser = Choice::<GrantType>::new()
    )]
    grants: Vec<GrantType>,
    /// What it may ask for
    #[arg(long = "scope", value_name = "SCOPE", num_args = 1.., value_parser = scope)]
    scopes: Vec<Scope>,
    #[command(flatten)]
    terms: Terms,
    /// It is an API that may ask what tokens are good for (RFC 7662)
    #[arg(long, conflicts_with = "no_introspect")]
    introspect: bool,
    /// It may not ask what tokens are good for
    #[arg(long)]
    no_introspect: bool,
    /// You vouch for its name
    #[arg(long, conflicts_with = "unverified")]
    verified: bool,
    /// You do not vouch for its name, and people are told so
    #[arg(long)]
    unverified: bool,
    /// It may be used again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// It may do nothing until it is enabled: its devices get no token
    #[arg(long)]
    disable: bool,
    /// Prints the client as a JSON object
    #[arg(long)]
    json: bool,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: ClientCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let missing = match command {
        ClientCommand::Add(_) => Missing::Make,
        ClientCommand::Edit(_)
        | ClientCommand::List { .. }
        | ClientCommand::Remove(_)
        | ClientCommand::RotateSecret { .. }
        | ClientCommand::Show { .. } => Missing::Refuse,
    };
    let on = Deployment::open(file, missing).await?;
    let result = match command {
        ClientCommand::Add(new) => add(&on, &new, out).await,
        ClientCommand::List { json } => list(&on, json, out).await,
        ClientCommand::Show { which, json } => show(&on, &which.id, json, out).await,
        ClientCommand::Edit(edit) => change(&on, &edit, out).await,
        ClientCommand::Remove(which) => remove(&on, &which.id).await,
        ClientCommand::RotateSecret { which, json } => rotate_secret(&on, &which.id, json, out).await,
    };
    on.close(result).await
}

async fn add(on: &Deployment, new: &Add, out: &mut dyn Write) -> Result<(), Failure> {
    let client = Client {
        id: new.id.clone(),
        name: new.name.clone(),
        auth: new.auth,
        secrets: Vec::new(),
        keys: None,
        assertion_alg: None,
        grants: once(&new.grants),
        scopes: scopes(&new.scopes).map_err(usage)?,
        origins: new.terms.origins().unwrap_or_default(),
        link: new.terms.link.unwrap_or(LinkPolicy::SameNetwork),
        device_auth: new.terms.device_auth.unwrap_or(DeviceAuth::Required),
        id_token_alg: new.terms.id_token_alg.unwrap_or(SigningAlg::Rs256),
        device: new.terms.device(&DevicePolicy::default()),
        tokens: TokenPolicy::default(),
        introspects: new.introspect,
        verified: !new.unverified,
        enabled: true,
        registration: None,
        declaration: None,
        created_at: on.now(),
        version: 0,
    };
    new.terms.check(&client).map_err(usage)?;
    let secret = on.admin().add_client(&client).await?;
    Changed::ClientAdded(&client.id).record();
    say(&format!("Client {} was added.", client.id));
    let client = on.admin().client(&client.id).await?;
    hand_over(&client, secret.as_ref(), new.json, out)
}

/// Prints a new secret: alone, or in the client's JSON.
fn hand_over(client: &Client, secret: Option<&ClientSecret>, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        output::json(&ClientView::with_secret(client, secret), out)?;
    } else if let Some(secret) = secret {
        writeln!(out, "{}", secret.reveal())?;
    }
    if secret.is_some() {
        say("Its secret is shown this once, and only a hash of it is kept: store it now, where its program finds it.");
    }
    Ok(())
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

async fn change(on: &Deployment, edit: &Edit, out: &mut dyn Write) -> Result<(), Failure> {
    let id = &edit.which.id;
    let before = on.admin().client(id).await?;
    let changed = ClientEdit {
        name: edit.name.clone(),
        scopes: (!edit.scopes.is_empty()).then(|| scopes(&edit.scopes)).transpose().map_err(usage)?,
        grants: (!edit.grants.is_empty()).then(|| once(&edit.grants)),
        link: edit.terms.link,
        device_auth: edit.terms.device_auth,
        origins: edit.terms.origins(),
        id_token_alg: edit.terms.id_token_alg,
        device: edit.terms.has_device().then(|| edit.terms.device(&before.device)),
        introspects: either(edit.introspect, edit.no_introspect),
        verified: either(edit.verified, edit.unverified),
        enabled: either(edit.enable, edit.disable),
    };
    if is_empty(&changed) {
        return Err(usage("say what to change; `countersignd client edit --help` lists what can be".to_owned()));
    }
    let after = Client {
        scopes: changed.scopes.clone().unwrap_or(before.scopes),
        grants: changed.grants.clone().unwrap_or(before.grants),
        introspects: changed.introspects.unwrap_or(before.introspects),
        ..before
    };
    edit.terms.check(&after).map_err(usage)?;
    on.admin().edit_client(id, &changed).await?;
    Changed::ClientEdited(id).record();
    say(&format!("Client {id} was changed."));
    if edit.json { show(on, id, true, out).await } else { Ok(()) }
}

async fn remove(on: &Deployment, id: &ClientId) -> Result<(), Failure> {
    on.admin().remove_client(id).await?;
    Changed::ClientRemoved(id).record();
    say(&format!("Client {id} was removed. Its devices get no token any more."));
    Ok(())
}

async fn rotate_secret(on: &Deployment, id: &ClientId, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if on.admin().client(id).await?.auth == AuthMethod::None {
        return Err(anyhow!("client {id} is a public client and has no secret").into());
    }
    let secret = on.admin().rotate_secret(id).await?;
    Changed::ClientSecretRotated(id).record();
    say(&format!("Client {id} has a new secret. The one before it stays good until the secret is rotated again."));
    let client = on.admin().client(id).await?;
    hand_over(&client, Some(&secret), json, out)
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

fn either(yes: bool, no: bool) -> Option<bool> {
    (yes || no).then_some(yes)
}

const fn is_empty(edit: &ClientEdit) -> bool {
    let ClientEdit {
        name,
        scopes,
        grants,
        link,
        device_auth,
        origins,
        id_token_alg,
        device,
        introspects,
        verified,
        enabled,
    } = edit;
    name.is_none()
        && scopes.is_none()
        && grants.is_none()
        && link.is_none()
        && device_auth.is_none()
        && origins.is_none()
        && id_token_alg.is_none()
        && device.is_none()
        && introspects.is_none()
        && verified.is_none()
        && enabled.is_none()
}
