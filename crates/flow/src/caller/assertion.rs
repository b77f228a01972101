//! Client assertions (RFC 7523 §3, RFC 10070): judged under the keys of the client, and good once.

use std::time::Duration;

use jose::client_assertion::{self, Expected, MAX_LIFETIME};
use jose::dpop::{Proof, Seen};
use jose::{Algorithm, Keys as VerifyingKeys, MAX_LEEWAY};
use proto::change::{Change, Decision, Row, Spent, SpentId};
use proto::grant::Refusal;
use proto::model::{AuthMethod, Client, SigningAlg};

use crate::Flow;
use crate::client_keys::KeysUnavailable;
use crate::commit::{Failed, commit};
use crate::refused;

impl Flow {
    /// How long an assertion must be remembered.
    pub(crate) const ASSERTION_SPAN: Duration = MAX_LIFETIME.saturating_add(MAX_LEEWAY.saturating_mul(2));

    /// Judges the assertion of `client`. What it is called is used up; `None` when the store knows that already.
    pub(super) async fn check_assertion(&self, client: &Client, text: &str) -> Result<Option<Spent>, Refusal> {
        let no = |why: &dyn std::fmt::Display| {
            tracing::info!(client = ?client.id, cause = %why, "a client assertion was refused");
            Refusal::AssertionInvalid
        };
        let keys = match (&client.keys, client.auth) {
            (Some(keys), AuthMethod::PrivateKeyJwt) if client.enabled => keys,
            _ => return Err(Refusal::ClientAuthMethod),
        };
        let now = self.env.now();
        let kid = client_assertion::claimed_kid(text);
        let keys = match self.client_keys.get(&client.id, keys, kid.as_deref(), now).await {
            Ok(keys) => keys,
            Err(KeysUnavailable::Busy) => return Err(Refusal::Overloaded),
            Err(why) => return Err(no(&why)),
        };
        let registered = client.assertion_alg.map(algorithm);
        let expected = Expected {
            client_id: client.id.as_str(),
            issuer: &self.settings.issuer,
            legacy_audience: None,
            keys: VerifyingKeys::from(&*keys),
            algorithms: registered.as_ref().map_or(Algorithm::ALL, std::slice::from_ref),
            now,
            max_lifetime: MAX_LIFETIME,
            leeway: MAX_LEEWAY,
        };
        let assertion = client_assertion::validate(text, &expected).map_err(|why| no(&why))?;
        let id = SpentId::of("assertion", &[client.id.as_str(), &assertion.jti]);
        let name = Proof { jkt: client.id.to_string(), jti: assertion.jti, iat: now, nonce: None };
        let spent = Spent { id, until: assertion.remember_until };
        match self.seen_assertions.remember_or_doubt(&name, now) {
            Seen::Before => Err(Refusal::AssertionReplayed),
            Seen::Never => Ok(Some(spent)),
            Seen::NoRoom => self.spend_at_once(spent).await.map(|()| None),
        }
    }

    /// Uses an assertion up in the store, which has room: a few clients that sign more than this node remembers must not
    /// lock all others out, and an assertion that counted twice would prove nothing.
    async fn spend_at_once(&self, spent: Spent) -> Result<(), Refusal> {
        let spending: Result<(), Failed<Refusal>> = commit!(&self.store, &self.env, async {
            Ok(Decision { reply: (), requires: Vec::new(), changes: vec![Change::Put(Row::Spent(spent))] })
        })
        .await;
        spending.map_err(|failed| match failed {
            Failed::Spent => Refusal::AssertionReplayed,
            other => refused(other),
        })
    }
}

/// The same algorithm in the terms of `jose`.
pub(crate) const fn algorithm(alg: SigningAlg) -> Algorithm {
    match alg {
        SigningAlg::EdDsa => Algorithm::EdDsa,
        SigningAlg::Es256 => Algorithm::Es256,
        SigningAlg::Rs256 => Algorithm::Rs256,
    }
}
