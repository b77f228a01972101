//! `countersignd client add`.

use std::io::Write;

use clap::Args;
use proto::model::{
    AuthMethod, Client, ClientId, DeviceAuth, DevicePolicy, GrantType, LinkPolicy, Scope, SigningAlg, TokenPolicy,
};

use super::super::audit::Changed;
use super::super::deployment::Deployment;
use super::super::options::{Choice, client_id, scope, scopes};
use super::super::output::say;
use super::keys::say_how_to_sign;
use super::secret::hand_over;
use super::terms::Terms;
use super::{once, usage};
use crate::config::option;
use crate::failure::Failure;

pub(super) const HELP: &str = "Examples:\n  \
    countersignd client add tv --name \"Living-room TV\" --grant device --scope openid profile\n  \
    countersignd client add ci --name CI --auth client_secret_basic --grant device,refresh_token\n  \
    countersignd client add box --name Box --auth private_key_jwt --jwks-file box.jwks.json --grant device\n\n\
    Clients can be declared in the configuration as well; those are changed there.";

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
    /// What it may ask for, and no more can come out of its device grants; with none, it learns only that somebody approved
    #[arg(long = "scope", value_name = "SCOPE", num_args = 1.., value_parser = scope)]
    scopes: Vec<Scope>,
    #[command(flatten)]
    terms: Terms,
    /// It is an API that may ask what tokens are good for (RFC 7662); it needs a secret or a key
    #[arg(long)]
    introspect: bool,
    /// You do not vouch for its name, and people are told so
    #[arg(long)]
    unverified: bool,
    /// Prints a JSON object, with the secret if there is one
    #[arg(long)]
    json: bool,
}

pub(super) async fn add(on: &Deployment, new: &Add, out: &mut dyn Write) -> Result<(), Failure> {
    let terms = &new.terms;
    let client = Client {
        id: new.id.clone(),
        name: new.name.clone(),
        auth: new.auth,
        secrets: Vec::new(),
        keys: terms.keys.keys(),
        assertion_alg: terms.keys.assertion_alg().flatten(),
        grants: once(&new.grants),
        scopes: scopes(&new.scopes).map_err(usage)?,
        origins: terms.origins().unwrap_or_default(),
        link: terms.link.unwrap_or(LinkPolicy::SameNetwork),
        device_auth: terms.device_auth.unwrap_or(DeviceAuth::Required),
        id_token_alg: terms.id_token_alg.unwrap_or(SigningAlg::Rs256),
        device: terms.device(&DevicePolicy::default()).unwrap_or_default(),
        tokens: terms.tokens.policy(&TokenPolicy::default()).map_err(usage)?.unwrap_or_default(),
        introspects: new.introspect,
        verified: !new.unverified,
        enabled: true,
        registration: None,
        declaration: None,
        created_at: on.now(),
        version: 0,
    };
    let settings = on.flow().settings();
    terms.check(None, &client, settings.tokens).map_err(usage)?;
    let secret = on.admin().add_client(&client).await?;
    Changed::ClientAdded(&client.id).record();
    say(&format!("Client {} was added.", client.id));
    let client = on.admin().client(&client.id).await?;
    hand_over(&client, secret.as_ref(), new.json, out)?;
    say_how_to_sign(&client, &settings.issuer);
    Ok(())
}
