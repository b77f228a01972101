//! What a client may differ in: the options that `client add` and `client edit` share, and what they mean together.

use std::time::Duration;

use clap::Args;
use proto::grant::start::OFFLINE_ACCESS;
use proto::model::{AuthMethod, Client, DeviceAuth, DevicePolicy, GrantType, LinkPolicy, Origin, SigningAlg};
use proto::secret::Alphabet;

use super::super::options::{Choice, Own, own};
use crate::config::option;

/// The terms that were given.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Terms {
    /// What the link in the QR code does: "same_network" fills in the code for a browser on the device's own network and
    /// asks others to type it
    #[arg(long, value_name = "POLICY", value_parser = Choice::<LinkPolicy>::new(), help_heading = "Terms")]
    pub(super) link: Option<LinkPolicy>,
    /// Whether a client with a secret must show it when it asks for codes, as RFC 8628 says; "optional" is for programs
    /// that cannot
    #[arg(long, value_name = "RULE", value_parser = Choice::<DeviceAuth>::new(), help_heading = "Terms")]
    pub(super) device_auth: Option<DeviceAuth>,
    /// Web applications: an origin whose scripts may call the endpoints, such as https://tv.example.com
    #[arg(long = "origin", value_name = "ORIGIN", num_args = 1.., value_parser = origin, help_heading = "Terms")]
    origins: Vec<Option<Origin>>,
    /// Signature algorithm of its id_tokens; clients assume RS256
    #[arg(long, value_name = "ALG", value_parser = Choice::<SigningAlg>::new(), help_heading = "Terms")]
    pub(super) id_token_alg: Option<SigningAlg>,
    /// Characters of its user codes: base20, digits, or "default" for what [device] says
    #[arg(long, value_name = "CHARACTERS", value_parser = own(option::alphabet), help_heading = "Terms")]
    alphabet: Option<Own<Alphabet>>,
    /// How long its codes live, such as 5m, or "default"
    #[arg(long, value_name = "TIME", value_parser = own(option::lifetime), help_heading = "Terms")]
    lifetime: Option<Own<Duration>>,
    /// The polling interval that its devices are told, such as 5s, or "default"
    #[arg(long, value_name = "TIME", value_parser = own(option::interval), help_heading = "Terms")]
    interval: Option<Own<Duration>>,
    /// How long its polls are held, such as 4s, "0s" for not at all, or "default"
    #[arg(long, value_name = "TIME", value_parser = own(option::hold), help_heading = "Terms")]
    hold: Option<Own<Duration>>,
}

impl Terms {
    /// The origins, if any were given; an empty text among them stands for none.
    pub(super) fn origins(&self) -> Option<Vec<Origin>> {
        (!self.origins.is_empty()).then(|| self.origins.iter().flatten().cloned().collect())
    }

    /// Whether anything of [`DevicePolicy`] was given.
    pub(super) const fn has_device(&self) -> bool {
        self.alphabet.is_some() || self.lifetime.is_some() || self.interval.is_some() || self.hold.is_some()
    }

    /// `before` with what was given.
    pub(super) fn device(&self, before: &DevicePolicy) -> DevicePolicy {
        DevicePolicy {
            alphabet: self.alphabet.map_or(before.alphabet, Own::value),
            hold: self.hold.map_or(before.hold, Own::value),
            interval: self.interval.map_or(before.interval, Own::value),
            lifetime: self.lifetime.map_or(before.lifetime, Own::value),
            pkce: before.pkce,
        }
    }

    /// What `client` could not live with, in one sentence; the configuration refuses the same.
    pub(super) fn check(&self, client: &Client) -> Result<(), String> {
        let has = |grant| client.grants.contains(&grant);
        if client.introspects && client.auth == AuthMethod::None {
            Err("an API proves with a secret that it may ask about tokens; add --auth client_secret_basic".to_owned())
        } else if !has(GrantType::DeviceCode) && !client.introspects {
            Err("the client could sign nobody in; add --grant device".to_owned())
        } else if client.scopes.contains(OFFLINE_ACCESS) && !has(GrantType::RefreshToken) {
            Err(format!(
                "the client may ask for {OFFLINE_ACCESS}, but not use refresh tokens; add --grant refresh_token"
            ))
        } else if self.device_auth.is_some() && client.auth == AuthMethod::None {
            Err("--device-auth is about a secret, and a public client (--auth none) has none".to_owned())
        } else {
            Ok(())
        }
    }
}

fn origin(text: &str) -> Result<Option<Origin>, String> {
    if text.is_empty() { Ok(None) } else { option::origin(text).map(Some) }
}
