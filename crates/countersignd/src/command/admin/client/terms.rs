//! What a client may differ in: the options that `client add` and `client edit` share, and what they mean together.

use std::time::Duration;

use clap::Args;
use proto::grant::Lifetimes;
use proto::model::{AuthMethod, Client, Demand, DeviceAuth, DevicePolicy, LinkPolicy, Origin, SigningAlg};
use proto::secret::Alphabet;

use super::super::options::{Choice, Own, own};
use super::super::output::say;
use super::keys::KeyTerms;
use super::tokens::TokenTerms;
use crate::config::{Says, faults, option};

/// The terms that were given.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Terms {
    /// What the link in the QR code does: "same_network" fills in the code for a browser on the device's own network and
    /// asks others to type it
    #[arg(long, value_name = "POLICY", value_parser = Choice::<LinkPolicy>::new(), help_heading = "Terms")]
    pub(super) link: Option<LinkPolicy>,
    /// Whether a client with a secret or a key must show it when it asks for codes, as RFC 8628 says; "optional" is for
    /// programs that cannot
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
    /// Whether it must ask for codes with a challenge (RFC 7636)
    #[arg(long, value_name = "RULE", value_parser = Choice::<Demand>::new(), help_heading = "Terms")]
    pkce: Option<Demand>,
    #[command(flatten)]
    pub(super) tokens: TokenTerms,
    #[command(flatten)]
    pub(super) keys: KeyTerms,
}

impl Terms {
    /// The origins, if any were given; an empty text among them stands for none.
    pub(super) fn origins(&self) -> Option<Vec<Origin>> {
        (!self.origins.is_empty()).then(|| self.origins.iter().flatten().cloned().collect())
    }

    /// `before` with what was given; `None` when that is nothing.
    pub(super) fn device(&self, before: &DevicePolicy) -> Option<DevicePolicy> {
        let Self { alphabet, hold, interval, lifetime, pkce, .. } = self;
        let is_given =
            alphabet.is_some() || hold.is_some() || interval.is_some() || lifetime.is_some() || pkce.is_some();
        is_given.then(|| DevicePolicy {
            alphabet: alphabet.map_or(before.alphabet, Own::value),
            hold: hold.map_or(before.hold, Own::value),
            interval: interval.map_or(before.interval, Own::value),
            lifetime: lifetime.map_or(before.lifetime, Own::value),
            pkce: pkce.unwrap_or(before.pkce),
        })
    }

    /// What `after` could not live with, in one sentence; the configuration refuses the same. What was wrong `before` is not
    /// this command's mistake: a client must be disabled whatever else is the matter with it.
    pub(super) fn check(&self, before: Option<&Client>, after: &Client, server: Lifetimes) -> Result<(), String> {
        if self.device_auth.is_some() && after.auth == AuthMethod::None {
            return Err(
                "--device-auth is about a secret or a key, and a public client (--auth none) has none".to_owned()
            );
        }
        let known = before.map_or_else(Vec::new, |before| faults(before, server, Says::Options));
        let mut advice = Vec::new();
        for fault in faults(after, server, Says::Options).into_iter().filter(|fault| !known.contains(fault)) {
            if !fault.is_advice {
                return Err(fault.text);
            }
            advice.push(fault.text);
        }
        advice.iter().for_each(|text| say(&format!("Advice: {text}.")));
        Ok(())
    }
}

fn origin(text: &str) -> Result<Option<Origin>, String> {
    if text.is_empty() { Ok(None) } else { option::origin(text).map(Some) }
}
