//! A client as it is shown: under the names of the configuration, and never a secret but the one just made.

use std::io::{self, Write};
use std::time::Duration;

use flow::admin::registered_keys;
use proto::model::{Client, ClientKeys, Demand, Registration, SubjectType};
use proto::secret::ClientSecret;
use serde::Serialize;

use super::super::options::name;
use super::super::output::{self, Table, time};
use crate::config::{SubjectKind, show_duration};

/// A client for programs. `None` stands for the server's own setting.
#[derive(Serialize)]
pub(super) struct ClientView<'a> {
    id: &'a str,
    name: &'a str,
    auth: &'static str,
    /// Its public keys; null for a client that has none, or whose keys are fetched.
    keys: Option<Vec<KeyView>>,
    jwks_uri: Option<&'a str>,
    token_endpoint_auth_signing_alg: Option<&'static str>,
    grants: Vec<&'static str>,
    scopes: Vec<&'a str>,
    resources: Vec<&'a str>,
    origins: Vec<&'a str>,
    link: &'static str,
    device_auth: &'static str,
    subject_type: &'static str,
    sector: Option<&'a str>,
    id_token_alg: &'static str,
    access_token_format: &'static str,
    access_token_alg: Option<&'static str>,
    access_lifetime: Option<String>,
    refresh_idle: Option<String>,
    refresh_absolute: Option<String>,
    refresh_rotation: &'static str,
    dpop: &'static str,
    alphabet: Option<&'static str>,
    lifetime: Option<String>,
    interval: Option<String>,
    hold: Option<String>,
    pkce: &'static str,
    introspects: bool,
    verified: bool,
    enabled: bool,
    /// Whether it stands in the configuration, where it is changed.
    declared: bool,
    /// How it registered itself; null for one that the operator added.
    registration: Option<RegistrationView<'a>>,
    /// How many secrets are good: two while one is rotated.
    live_secrets: usize,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// A public key.
#[derive(Serialize)]
struct KeyView {
    kid: String,
    alg: &'static str,
    thumbprint: String,
}

/// How a client registered itself; its registration access token is a secret.
#[derive(Serialize)]
struct RegistrationView<'a> {
    software_id: Option<&'a str>,
    software_version: Option<&'a str>,
    unused_until: Option<String>,
}

impl<'a> ClientView<'a> {
    pub(super) fn of(client: &'a Client) -> Self {
        Self::with_secret(client, None)
    }

    pub(super) fn with_secret(client: &'a Client, secret: Option<&'a ClientSecret>) -> Self {
        let (device, tokens) = (&client.device, &client.tokens);
        Self {
            id: client.id.as_str(),
            name: &client.name,
            auth: name(client.auth),
            keys: client.keys.as_ref().filter(|keys| address(keys).is_none()).map(keys),
            jwks_uri: client.keys.as_ref().and_then(address),
            token_endpoint_auth_signing_alg: client.assertion_alg.map(name),
            grants: client.grants.iter().map(|grant| name(*grant)).collect(),
            scopes: client.scopes.iter().collect(),
            resources: tokens.resources.iter().map(|resource| resource.as_str()).collect(),
            origins: client.origins.iter().map(|origin| &*origin.0).collect(),
            link: name(client.link),
            device_auth: name(client.device_auth),
            subject_type: name(SubjectKind::of(&tokens.subject)),
            sector: sector(&tokens.subject),
            id_token_alg: name(client.id_token_alg),
            access_token_format: name(tokens.format),
            access_token_alg: tokens.alg.map(name),
            access_lifetime: tokens.access_lifetime.map(show_duration),
            refresh_idle: tokens.refresh_idle.map(show_duration),
            refresh_absolute: tokens.refresh_absolute.map(show_duration),
            refresh_rotation: name(tokens.rotation),
            dpop: name(tokens.dpop),
            alphabet: device.alphabet.map(name),
            lifetime: device.lifetime.map(show_duration),
            interval: device.interval.map(show_duration),
            hold: device.hold.map(show_duration),
            pkce: name(device.pkce),
            introspects: client.introspects,
            verified: client.verified,
            enabled: client.enabled,
            declared: client.declaration.is_some(),
            registration: client.registration.as_ref().map(RegistrationView::of),
            live_secrets: client.secrets.len(),
            created_at: time(client.created_at),
            secret: secret.map(ClientSecret::reveal),
        }
    }
}

impl<'a> RegistrationView<'a> {
    fn of(registration: &'a Registration) -> Self {
        Self {
            software_id: registration.software_id.as_deref(),
            software_version: registration.software_version.as_deref(),
            unused_until: registration.unused_until.map(time),
        }
    }
}

/// Clients for people.
pub(super) fn table(clients: &[Client]) -> Table<8> {
    let mut table = Table::new(["ID", "NAME", "AUTH", "GRANTS", "SCOPES", "TOKENS", "FROM", "STATE"]);
    for client in clients {
        table.row([
            client.id.to_string(),
            client.name.clone(),
            name(client.auth).to_owned(),
            grants(client, ","),
            client.scopes.to_string(),
            kind_of_tokens(client),
            origin_of(client).to_owned(),
            state(client),
        ]);
    }
    table
}

/// One client for people.
pub(super) fn facts(client: &Client, out: &mut dyn Write) -> io::Result<()> {
    let origins: Vec<&str> = client.origins.iter().map(|origin| &*origin.0).collect();
    let resources: Vec<&str> = client.tokens.resources.iter().map(|resource| resource.as_str()).collect();
    let own = |setting: Option<Duration>| setting.map_or_else(default, show_duration);
    let (device, tokens) = (&client.device, &client.tokens);
    let mut facts = vec![
        ("Id", client.id.to_string()),
        ("Name", client.name.clone()),
        ("State", state(client)),
        ("From", origin_of(client).to_owned()),
        ("Registered", time(client.created_at)),
        ("Authentication", name(client.auth).to_owned()),
        ("Live secrets", live_secrets(client)),
    ];
    match &client.keys {
        None => {}
        Some(ClientKeys::At(address)) => facts.push(("Keys at", address.to_string())),
        Some(set @ ClientKeys::Set(_)) => facts.extend(keys(set).into_iter().map(|key| ("Key", key.line()))),
    }
    let assertion_alg = client.assertion_alg.map_or("any of its keys", name);
    if client.keys.is_some() {
        facts.push(("Assertion algorithm", assertion_alg.to_owned()));
    }
    facts.extend([
        ("At device authorization", name(client.device_auth).to_owned()),
        ("Introspection", if client.introspects { "allowed" } else { "no" }.to_owned()),
        ("Grants", grants(client, " ")),
        ("Scopes", client.scopes.to_string()),
        ("APIs", resources.join(" ")),
        ("Origins", origins.join(" ")),
        ("Link", name(client.link).to_owned()),
        ("Subjects", subjects(&tokens.subject)),
        ("id_token algorithm", name(client.id_token_alg).to_owned()),
        ("Access tokens", name(tokens.format).to_owned()),
        ("Access token algorithm", tokens.alg.map_or_else(default, |alg| name(alg).to_owned())),
        ("Access token lifetime", own(tokens.access_lifetime)),
        ("Refresh idle", own(tokens.refresh_idle)),
        ("Refresh absolute", own(tokens.refresh_absolute)),
        ("Refresh rotation", name(tokens.rotation).to_owned()),
        ("DPoP", name(tokens.dpop).to_owned()),
        ("PKCE", name(device.pkce).to_owned()),
        ("Alphabet", device.alphabet.map_or_else(default, |alphabet| name(alphabet).to_owned())),
        ("Lifetime", own(device.lifetime)),
        ("Interval", own(device.interval)),
        ("Hold", own(device.hold)),
    ]);
    if let Some(registration) = &client.registration {
        facts.extend([
            ("Software", registration.software_id.as_deref().unwrap_or_default().to_owned()),
            ("Software version", registration.software_version.as_deref().unwrap_or_default().to_owned()),
            ("Goes unless used", registration.unused_until.map_or_else(|| "stays".to_owned(), time)),
        ]);
    }
    output::facts(&facts, out)
}

impl KeyView {
    fn line(&self) -> String {
        let Self { kid, alg, thumbprint } = self;
        if kid == thumbprint { format!("{kid} ({alg})") } else { format!("{kid} ({alg}, thumbprint {thumbprint})") }
    }
}

fn keys(keys: &ClientKeys) -> Vec<KeyView> {
    let view =
        |key: flow::admin::RegisteredKey| KeyView { kid: key.kid, alg: name(key.alg), thumbprint: key.thumbprint };
    registered_keys(keys).into_iter().map(view).collect()
}

fn address(keys: &ClientKeys) -> Option<&str> {
    match keys {
        ClientKeys::At(address) => Some(address),
        ClientKeys::Set(_) => None,
    }
}

fn sector(subject: &SubjectType) -> Option<&str> {
    match subject {
        SubjectType::Pairwise(sector) => sector.as_deref(),
        SubjectType::Public => None,
    }
}

fn subjects(subject: &SubjectType) -> String {
    let kind = name(SubjectKind::of(subject));
    sector(subject).map_or_else(|| kind.to_owned(), |sector| format!("{kind}, of sector {sector}"))
}

fn live_secrets(client: &Client) -> String {
    match client.secrets.len() {
        count @ (0 | 1) => count.to_string(),
        count => format!("{count}: one is being rotated; `client rotate-secret {} --drop-old` ends that", client.id),
    }
}

fn kind_of_tokens(client: &Client) -> String {
    let format = name(client.tokens.format);
    match client.tokens.dpop {
        Demand::Optional => format.to_owned(),
        Demand::Required => format!("{format}, DPoP"),
    }
}

fn grants(client: &Client, between: &str) -> String {
    client.grants.iter().map(|grant| name(*grant)).collect::<Vec<_>>().join(between)
}

const fn origin_of(client: &Client) -> &'static str {
    match (client.declaration.is_some(), client.registration.is_some()) {
        (true, _) => "configuration",
        (false, true) => "registration",
        (false, false) => "command",
    }
}

fn state(client: &Client) -> String {
    let state = if client.enabled { "enabled" } else { "disabled" };
    if client.verified { state.to_owned() } else { format!("{state}, unverified") }
}

fn default() -> String {
    "default".to_owned()
}
