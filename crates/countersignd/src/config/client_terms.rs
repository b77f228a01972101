//! What the terms of a client mean together: each may be valid and the whole still be wrong or weak. One list for the
//! configuration and for commands, which call the same things by names of their own.

use flow::admin::registered_keys;
use proto::grant::Lifetimes;
use proto::grant::start::OFFLINE_ACCESS;
use proto::model::{AccessTokenFormat, AuthMethod, Client, ClientKeys, GrantType};

use super::choice::name;
use super::shown::show_duration;

/// By which names a client is spoken of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// Those of the configuration.
    File,
    /// Those of the command line.
    Options,
}

/// Something that is wrong or weak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Keys of the configuration that it lies between: bare ones of the client, others with their section.
    pub(crate) keys: &'static [&'static str],
    /// What it is and what to do, in one sentence.
    pub(crate) text: String,
    /// Whether it only is probably not meant.
    pub(crate) is_advice: bool,
}

impl Says {
    /// What the client is called.
    fn who(self, client: &Client) -> String {
        match self {
            Self::File => format!("client {:?}", client.id.as_str()),
            Self::Options => "the client".to_owned(),
        }
    }

    /// What a key is called.
    fn key(self, key: &str) -> String {
        match (self, key) {
            (Self::File, key) => key.to_owned(),
            (Self::Options, "introspection") => "--introspect".to_owned(),
            (Self::Options, key) => {
                let singular = ["grants", "scopes", "resources", "origins"].contains(&key);
                format!("--{}", if singular { key.trim_end_matches('s') } else { key }.replace('_', "-"))
            }
        }
    }

    /// How it is set to a value.
    fn set(self, key: &str, value: &str) -> String {
        match self {
            Self::File => format!("{key} = {value:?}"),
            Self::Options => format!("{} {value}", self.key(key)),
        }
    }

    /// How a value is added to its list.
    fn add(self, key: &str, value: &str) -> String {
        match self {
            Self::File => format!("add {value:?} to {key}"),
            Self::Options => format!("add {} {value}", self.key(key)),
        }
    }
}

/// What is to be said about a client on a server whose tokens live for so long.
pub(crate) fn faults(client: &Client, server: Lifetimes, says: Says) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut wrong = |keys: &'static [&'static str], text: String| faults.push(Fault { keys, text, is_advice: false });
    authentication(client, says, &mut wrong);
    grants(client, says, &mut wrong);
    tokens(client, server, says, &mut wrong);
    faults.extend(unused(client, says));
    faults
}

fn authentication(client: &Client, says: Says, wrong: &mut dyn FnMut(&'static [&'static str], String)) {
    const ALG: &str = "token_endpoint_auth_signing_alg";
    let who = says.who(client);
    let signs = says.set("auth", name(AuthMethod::PrivateKeyJwt));
    match client.auth {
        AuthMethod::PrivateKeyJwt => match (&client.keys, client.assertion_alg) {
            (None, _) => wrong(
                &["auth", "jwks", "jwks_uri"],
                format!("{who} needs its public keys; set {} or {}", says.key("jwks_file"), says.key("jwks_uri")),
            ),
            (Some(keys @ ClientKeys::Set(_)), Some(alg)) if registered_keys(keys).iter().all(|key| key.alg != alg) => {
                wrong(&[ALG, "jwks"], format!("none of the keys of {who} is for {}", name(alg)));
            }
            (Some(_), _) => {}
        },
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::None => {
            let auth = says.set("auth", name(client.auth));
            if client.keys.is_some() {
                wrong(
                    &["jwks", "jwks_uri", "auth"],
                    format!(
                        "{who} has keys, but with {auth} it never signs with them; set {signs}, or remove the keys"
                    ),
                );
            }
            if client.assertion_alg.is_some() {
                wrong(&[ALG, "auth"], format!("{who} signs no assertions with {auth}; set {signs}, or remove it"));
            }
        }
    }
    if client.introspects && client.auth == AuthMethod::None {
        let auth = says.set("auth", name(client.auth));
        wrong(
            &["introspection", "auth"],
            format!("with {auth} {who} could not prove that it may ask about tokens; give it a secret or a key"),
        );
    }
}

fn grants(client: &Client, says: Says, wrong: &mut dyn FnMut(&'static [&'static str], String)) {
    let who = says.who(client);
    if !client.may_use(GrantType::DeviceCode) && !client.introspects {
        wrong(&["grants"], format!("{who} could sign nobody in; {}", says.add("grants", "device")));
    }
    if client.scopes.contains(OFFLINE_ACCESS) && !client.may_use(GrantType::RefreshToken) {
        wrong(
            &["scopes", "grants"],
            format!(
                "{who} may ask for {OFFLINE_ACCESS}, but not use refresh tokens; {}",
                says.add("grants", "refresh_token")
            ),
        );
    }
}

fn tokens(client: &Client, server: Lifetimes, says: Says, wrong: &mut dyn FnMut(&'static [&'static str], String)) {
    let own = &client.tokens;
    if own.format == AccessTokenFormat::Opaque && own.alg.is_some() {
        let opaque = says.set("access_token_format", name(own.format));
        wrong(
            &["access_token_alg", "access_token_format"],
            format!("with {opaque} the access tokens of {} are not signed; remove the algorithm", says.who(client)),
        );
    }
    let whole = server.of(client);
    let [access, idle, absolute] = [whole.access, whole.refresh_idle, whole.refresh_absolute].map(show_duration);
    let own_refresh = own.refresh_idle.is_some() || own.refresh_absolute.is_some();
    if own_refresh && whole.refresh_idle > whole.refresh_absolute {
        wrong(
            &["refresh_idle", "refresh_absolute", "tokens.refresh_idle", "tokens.refresh_absolute"],
            format!("a device would be idle for longer ({idle}) than it may stay signed in at all ({absolute})"),
        );
    }
    if (own_refresh || own.access_lifetime.is_some()) && whole.access > whole.refresh_idle {
        wrong(
            &["access_lifetime", "refresh_idle", "tokens.access_lifetime", "tokens.refresh_idle"],
            format!("an access token would be good for longer ({access}) than a device may be idle ({idle})"),
        );
    }
}

/// What says something about refresh tokens although there are none.
fn unused(client: &Client, says: Says) -> Option<Fault> {
    const KEYS: &[&str] = &["refresh_idle", "refresh_absolute", "refresh_rotation"];
    let own = &client.tokens;
    let given = [own.refresh_idle.is_some(), own.refresh_absolute.is_some(), own.rotation != Default::default()];
    let first = KEYS.iter().zip(given).find(|(_, given)| *given)?;
    let text = format!(
        "{} has {}, but no refresh tokens; {}",
        says.who(client),
        says.key(first.0),
        says.add("grants", "refresh_token")
    );
    (!client.may_use(GrantType::RefreshToken)).then_some(Fault { keys: KEYS, text, is_advice: true })
}
