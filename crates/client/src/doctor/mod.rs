//! What a server can, what is odd about it, and what this client does about that: for whoever wonders why a sign-in fails,
//! or whether one will work. Reads what the server publishes and what is known of its provider; asks it things that change
//! nothing (`probe`). Nothing here throws: what is wrong is a finding.

use jose::JwkSet;
use proto::wire::metadata::AuthorizationServerMetadata;
use proto::wire::token::GRANT_TYPE_DEVICE_CODE;
use serde::Serialize;

use crate::discovery::{DiscoveryError, document, fetch};
use crate::provider::{Carrier, Secret};
use crate::{Application, Client, Environment, Issuer, Plain, Plaintext, Provider, Server, Transport, discover};
use crate::{pkce, proof_key};

mod probe;

/// How a finding is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It can that.
    Supported,
    /// It cannot, or does not say so; sign-ins work without.
    Missing,
    /// It departs from the specifications, and this client copes.
    WorkedAround,
    /// Something to know before signing in.
    Note,
    /// A sign-in will fail.
    Wrong,
}

/// Something that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// How it is meant.
    pub kind: Kind,
    /// For programs: what it is about.
    pub about: &'static str,
    /// For people: a sentence.
    pub message: Plain,
}

/// All that was found.
#[derive(Clone, Debug)]
pub struct Examination {
    /// In the order of the questions.
    pub findings: Vec<Finding>,
    /// What kind of server it is taken to be.
    pub provider: &'static Provider,
    /// The server, or why there is none to be used.
    pub server: Result<Server, DiscoveryError>,
}

/// What to examine.
#[derive(Clone, Debug)]
pub struct Patient<'a> {
    /// The application whose rights are asked about; none for any.
    pub client_id: Option<&'a str>,
    /// Which server.
    pub issuer: Issuer,
    /// Whether http is acceptable on loopback.
    pub plaintext: Plaintext,
    /// Whether to ask its endpoints. Its documents are read in any case.
    pub probe: bool,
    /// What kind of server it is.
    pub provider: &'static Provider,
}

impl Examination {
    /// Whether a device can sign in there, as far as can be told.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.server.is_ok() && !self.findings.iter().any(|finding| finding.kind == Kind::Wrong)
    }
}

/// Findings, as they are made.
#[derive(Debug, Default)]
struct Notes(Vec<Finding>);

impl Notes {
    fn add(&mut self, kind: Kind, about: &'static str, message: impl Into<String>) {
        // A sentence of ours may quote the server's words.
        self.0.push(Finding { kind, about, message: Plain::new(&message.into(), 400) });
    }

    fn whether(&mut self, is: bool, about: &'static str, yes: &str, no: &str) {
        if is { self.add(Kind::Supported, about, yes) } else { self.add(Kind::Missing, about, no) }
    }
}

/// Examines a server.
pub async fn examine<T: Transport, E: Environment>(
    transport: &T,
    environment: &E,
    patient: Patient<'_>,
) -> Examination {
    let Patient { client_id, issuer, plaintext, probe, provider } = patient;
    let mut notes = Notes::default();
    known(provider, &mut notes);
    documents(transport, &issuer, provider, plaintext, &mut notes).await;
    let server = discover(transport, issuer, provider, plaintext).await;
    match &server {
        Err(error) => notes.add(Kind::Wrong, "discovery", format!("{}.", capitalised(&error.to_string()))),
        Ok(server) => {
            endpoints(server, &mut notes);
            features(&server.metadata, provider, &mut notes);
            keys(transport, server, &mut notes).await;
            if probe {
                let application = Application::public(client_id.unwrap_or(probe::NOBODY));
                let client = Client { application, environment, server: server.clone(), transport };
                probe::codes(&client, &mut notes).await;
                probe::tokens(&client, client_id.is_some(), &mut notes).await;
            }
        }
    }
    Examination { findings: notes.0, provider, server }
}

/// What its profile says.
fn known(provider: &Provider, notes: &mut Notes) {
    if provider.is_experimental() {
        let from = format!("The profile of {} is experimental: nobody has confirmed all of it.", provider.title);
        notes.add(Kind::Note, "profile", from);
    }
    if provider.secret == Secret::Required {
        notes.add(Kind::Note, "secret", format!("{} wants a secret from every application.", provider.title));
    }
    for advice in provider.advice {
        notes.add(Kind::Note, "advice", *advice);
    }
    for quirk in provider.quirks {
        notes.add(Kind::WorkedAround, "quirk", *quirk);
    }
}

/// Which of the two documents are there, and whether they can be used.
async fn documents<T: Transport>(
    transport: &T,
    issuer: &Issuer,
    provider: &Provider,
    plaintext: Plaintext,
    notes: &mut Notes,
) {
    if !provider.discovery {
        notes.add(Kind::Note, "discovery", "It publishes no document; its endpoints come from its profile.");
        return;
    }
    for (url, name) in issuer.documents().into_iter().zip(["RFC 8414", "OpenID Connect"]) {
        match document(transport, (issuer, provider), url, plaintext).await {
            Ok(found) => {
                notes.add(Kind::Supported, "discovery", format!("The document of {name} is there."));
                if found.issuer != issuer.as_str() {
                    let message = format!("It calls itself {}, which is taken as {issuer}.", found.issuer);
                    notes.add(Kind::WorkedAround, "issuer", message);
                }
            }
            Err(DiscoveryError::Missing(status)) => {
                notes.add(Kind::Missing, "discovery", format!("There is no document of {name} (status {status})."));
            }
            Err(error) => {
                notes.add(Kind::Note, "discovery", format!("The document of {name} cannot be used: {error}."));
            }
        }
    }
}

fn endpoints(server: &Server, notes: &mut Notes) {
    let published = &server.metadata;
    let (codes, tokens) = (&server.device_authorization, &server.token);
    match published.device_authorization_endpoint {
        Some(_) => notes.add(Kind::Supported, "device_flow", format!("It gives codes at {codes}.")),
        None => {
            let message = format!("It does not say where codes are given; its profile does: {codes}.");
            notes.add(Kind::WorkedAround, "device_flow", message);
        }
    }
    if server.provider.dialect.carrier == Carrier::CamelJson {
        notes.add(Kind::WorkedAround, "dialect", "It is spoken to in JSON.");
    }
    if tokens.host() != server.issuer.host() {
        notes.add(Kind::Note, "hosts", format!("Tokens come from another host, {}.", tokens.host()));
    }
    let listed = &published.grant_types_supported;
    if !listed.is_empty() && !listed.iter().any(|grant| grant == GRANT_TYPE_DEVICE_CODE) {
        notes.add(
            Kind::WorkedAround,
            "grant_types",
            "It does not list the device grant among its grants. It is tried.",
        );
    }
}

fn features(metadata: &AuthorizationServerMetadata, provider: &Provider, notes: &mut Notes) {
    let lists = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
    let grants = &metadata.grant_types_supported;
    if !grants.is_empty() {
        let (yes, no) =
            ("Access can be renewed.", "It does not list refresh tokens: access may end with its first token.");
        notes.whether(lists(grants, "refresh_token"), "refresh", yes, no);
    }
    match proof_key::offered(metadata) {
        Some(algorithm) => {
            notes.add(Kind::Supported, "dpop", format!("Tokens are bound to a key of this device ({algorithm})."));
        }
        None => notes.add(Kind::Missing, "dpop", "Tokens are not bound to a key: whoever has a copy can use it."),
    }
    if lists(&metadata.code_challenge_methods_supported, pkce::S256) {
        let message = match provider.pkce {
            true => "PKCE goes along, and is left out if the server minds.",
            false => "PKCE is listed, but is known to be meant for other grants: it is left out.",
        };
        notes.add(Kind::Supported, "pkce", message);
    }
    let has = |endpoint: &Option<String>| endpoint.is_some();
    let revokes = has(&metadata.revocation_endpoint) || provider.revocation.is_some();
    notes.whether(
        revokes,
        "revocation",
        "A sign-out takes the access back.",
        "A sign-out cannot take the access back.",
    );
    let (yes, no) = ("It tells who signed in (UserInfo).", "It has no UserInfo endpoint.");
    notes.whether(has(&metadata.userinfo_endpoint), "userinfo", yes, no);
    if has(&metadata.registration_endpoint) {
        notes.add(Kind::Supported, "registration", "Applications can register themselves.");
    }
    let methods = &metadata.token_endpoint_auth_methods_supported;
    if !methods.is_empty() {
        let message = format!("Applications authenticate by {}.", methods.join(", "));
        notes.add(Kind::Note, "authentication", message);
        if !lists(methods, "none") && provider.secret == Secret::Optional {
            let message = "It does not list applications without a secret or a key. It is tried all the same.";
            notes.add(Kind::Note, "authentication", message);
        }
    }
}

/// The keys that id_tokens are checked with.
async fn keys<T: Transport>(transport: &T, server: &Server, notes: &mut Notes) {
    let Some(endpoint) = &server.jwks else {
        notes.add(
            Kind::Missing,
            "keys",
            "It publishes no keys: its word on who signed in cannot be checked, and is not used.",
        );
        return;
    };
    let found = match fetch(transport, endpoint.url().clone(), server.plaintext).await {
        Ok(response) => JwkSet::parse(&response.body).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match found {
        Ok(_) => notes.add(Kind::Supported, "keys", "Its keys can be read: its word on who signed in is checked."),
        Err(why) => notes.add(Kind::Note, "keys", format!("Its keys cannot be used: {why}.")),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
