//! `countersignd client edit`.

use std::io::Write;

use clap::Args;
use flow::admin::ClientEdit;
use proto::model::{GrantType, Scope};

use super::super::audit::Changed;
use super::super::deployment::Deployment;
use super::super::options::{Choice, scope, scopes};
use super::super::output::say;
use super::terms::Terms;
use super::{Which, once, show, usage};
use crate::config::option;
use crate::failure::Failure;

pub(super) const HELP: &str = "Lists are replaced as a whole; an empty text makes them empty: --scope '' --origin '' --resource ''.\n\
    What can be \"default\" is the server's own again with that word.\n\
    How a client authenticates stays as it is: its devices would be locked out. Add another client for that.";

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
    /// What it may ask for, and no more can come out of its device grants
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

pub(super) async fn edit(on: &Deployment, edit: &Edit, out: &mut dyn Write) -> Result<(), Failure> {
    let id = &edit.which.id;
    let before = on.admin().client(id).await?;
    let terms = &edit.terms;
    let changed = ClientEdit {
        name: edit.name.clone(),
        keys: terms.keys.keys(),
        assertion_alg: terms.keys.assertion_alg(),
        scopes: (!edit.scopes.is_empty()).then(|| scopes(&edit.scopes)).transpose().map_err(usage)?,
        grants: (!edit.grants.is_empty()).then(|| once(&edit.grants)),
        link: terms.link,
        device_auth: terms.device_auth,
        origins: terms.origins(),
        id_token_alg: terms.id_token_alg,
        device: terms.device(&before.device),
        tokens: terms.tokens.policy(&before.tokens).map_err(usage)?,
        introspects: either(edit.introspect, edit.no_introspect),
        verified: either(edit.verified, edit.unverified),
        enabled: either(edit.enable, edit.disable),
    };
    if changed == ClientEdit::default() {
        return Err(usage("say what to change; `countersignd client edit --help` lists what can be".to_owned()));
    }
    let after = changed.apply(before.clone());
    terms.check(Some(&before), &after, on.flow().settings().tokens).map_err(usage)?;
    on.admin().edit_client(id, &changed).await?;
    Changed::ClientEdited(id).record();
    say(&format!("Client {id} was changed."));
    if after.tokens.subject != before.tokens.subject {
        say("People have other subjects for it from now on: whatever it knew about them it knows of strangers.");
    }
    if edit.json { show(on, id, true, out).await } else { Ok(()) }
}

fn either(yes: bool, no: bool) -> Option<bool> {
    (yes || no).then_some(yes)
}
