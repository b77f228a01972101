//! How a client that signs is known: the options of `client add` and `client edit` about its keys, and what is said of them.

use clap::Args;
use flow::admin::registered_keys;
use proto::model::{AuthMethod, Client, ClientKeys, SigningAlg};

use super::super::options::{Own, name, own};
use super::super::output::say;
use crate::config::option;

/// The keys that were given.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct KeyTerms {
    /// Its public keys, for private_key_jwt: a file with a JWK set, public halves alone. To change keys without a gap,
    /// give both for a while
    #[arg(
        long, value_name = "FILE", value_parser = option::jwks_file, conflicts_with = "jwks_uri", help_heading = "Keys"
    )]
    jwks_file: Option<ClientKeys>,
    /// The https address where it publishes them; they are fetched when it signs in
    #[arg(long, value_name = "URL", value_parser = option::jwks_uri, help_heading = "Keys")]
    jwks_uri: Option<ClientKeys>,
    /// The one algorithm of its assertions: ES256, RS256, EdDSA, or "default" for any that its keys are for
    #[arg(long, value_name = "ALG", value_parser = own(option::signing_alg), help_heading = "Keys")]
    token_endpoint_auth_signing_alg: Option<Own<SigningAlg>>,
}

impl KeyTerms {
    /// The keys.
    pub(super) fn keys(&self) -> Option<ClientKeys> {
        self.jwks_file.as_ref().or(self.jwks_uri.as_ref()).cloned()
    }

    /// The algorithm; inside, `None` is any.
    pub(super) fn assertion_alg(&self) -> Option<Option<SigningAlg>> {
        self.token_endpoint_auth_signing_alg.map(Own::value)
    }
}

/// Says what the program of a client that signs has to do.
pub(super) fn say_how_to_sign(client: &Client, issuer: &str) {
    let (AuthMethod::PrivateKeyJwt, Some(keys)) = (client.auth, &client.keys) else { return };
    say(&format!(
        "Its program signs an assertion for each request, for the audience {issuer} alone (RFC 7523, RFC 10070)."
    ));
    match keys {
        ClientKeys::At(address) => say(&format!("Its keys are fetched from {address} when it first comes.")),
        ClientKeys::Set(_) => {
            for key in registered_keys(keys) {
                say(&format!("It is known by the key {} ({}).", key.kid, name(key.alg)));
            }
        }
    }
}
