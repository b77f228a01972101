//! A client as it is shown: under the names of the configuration, and never a secret but the one just made.

use std::io::{self, Write};
use std::time::Duration;

use proto::model::Client;
use proto::secret::ClientSecret;
use serde::Serialize;

use super::super::options::name;
use super::super::output::{self, Table, time};
use crate::config::show_duration;

/// A client for programs.
#[derive(Serialize)]
pub(super) struct ClientView<'a> {
    id: &'a str,
    name: &'a str,
    auth: &'static str,
    grants: Vec<&'static str>,
    scopes: Vec<&'a str>,
    origins: Vec<&'a str>,
    link: &'static str,
    device_auth: &'static str,
    id_token_alg: &'static str,
    /// The server's own setting where there is none.
    alphabet: Option<&'static str>,
    lifetime: Option<String>,
    interval: Option<String>,
    hold: Option<String>,
    introspects: bool,
    verified: bool,
    enabled: bool,
    /// Whether it stands in the configuration, where it is changed.
    declared: bool,
    /// How many secrets are good.
    live_secrets: usize,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> ClientView<'a> {
    pub(super) fn of(client: &'a Client) -> Self {
        Self::with_secret(client, None)
    }

    pub(super) fn with_secret(client: &'a Client, secret: Option<&'a ClientSecret>) -> Self {
        Self {
            id: client.id.as_str(),
            name: &client.name,
            auth: name(client.auth),
            grants: client.grants.iter().map(|grant| name(*grant)).collect(),
            scopes: client.scopes.iter().collect(),
            origins: client.origins.iter().map(|origin| &*origin.0).collect(),
            link: name(client.link),
            device_auth: name(client.device_auth),
            id_token_alg: name(client.id_token_alg),
            alphabet: client.device.alphabet.map(name),
            lifetime: client.device.lifetime.map(show_duration),
            interval: client.device.interval.map(show_duration),
            hold: client.device.hold.map(show_duration),
            introspects: client.introspects,
            verified: client.verified,
            enabled: client.enabled,
            declared: client.declaration.is_some(),
            live_secrets: client.secrets.len(),
            created_at: time(client.created_at),
            secret: secret.map(ClientSecret::reveal),
        }
    }
}

/// Clients for people.
pub(super) fn table(clients: &[Client]) -> Table<7> {
    let mut table = Table::new(["ID", "NAME", "AUTH", "GRANTS", "SCOPES", "FROM", "STATE"]);
    for client in clients {
        table.row([
            client.id.to_string(),
            client.name.clone(),
            name(client.auth).to_owned(),
            grants(client, ","),
            client.scopes.to_string(),
            origin_of(client).to_owned(),
            state(client),
        ]);
    }
    table
}

/// One client for people.
pub(super) fn facts(client: &Client, out: &mut dyn Write) -> io::Result<()> {
    let origins: Vec<&str> = client.origins.iter().map(|origin| &*origin.0).collect();
    let own = |setting: Option<Duration>| setting.map_or_else(default, show_duration);
    let facts = [
        ("Id", client.id.to_string()),
        ("Name", client.name.clone()),
        ("State", state(client)),
        ("From", origin_of(client).to_owned()),
        ("Registered", time(client.created_at)),
        ("Authentication", name(client.auth).to_owned()),
        ("Live secrets", client.secrets.len().to_string()),
        ("At device authorization", name(client.device_auth).to_owned()),
        ("Grants", grants(client, " ")),
        ("Scopes", client.scopes.to_string()),
        ("Origins", origins.join(" ")),
        ("Link", name(client.link).to_owned()),
        ("id_token algorithm", name(client.id_token_alg).to_owned()),
        ("Alphabet", client.device.alphabet.map_or_else(default, |alphabet| name(alphabet).to_owned())),
        ("Lifetime", own(client.device.lifetime)),
        ("Interval", own(client.device.interval)),
        ("Hold", own(client.device.hold)),
    ];
    output::facts(&facts, out)
}

fn grants(client: &Client, between: &str) -> String {
    client.grants.iter().map(|grant| name(*grant)).collect::<Vec<_>>().join(between)
}

const fn origin_of(client: &Client) -> &'static str {
    if client.declaration.is_some() { "configuration" } else { "command" }
}

fn state(client: &Client) -> String {
    let state = if client.enabled { "enabled" } else { "disabled" };
    if client.verified { state.to_owned() } else { format!("{state}, unverified") }
}

fn default() -> String {
    "default".to_owned()
}
