//! Who calls, and by what they prove it: a client with its secret or its assertion, and the key of a DPoP proof.
//!
//! Everything here was judged once when it is made. What it used up (the `jti` of an assertion or a proof) is remembered on
//! this node at once, and in the store by the commit that the request leads to, so that it changes something once on all
//! nodes together, while a poll that stays pending never touches the store (CF-23).

mod assertion;
mod dpop;
mod memory;

use std::sync::Arc;

use proto::change::{Change, Decision, Key, Row, Spent};
use proto::grant::Refusal;
use proto::grant::authenticate::{Authenticated, Endpoint, authenticate};
use proto::grant::bind::Carried;
use proto::model::{Client, ClientId, KeyThumbprint};
use proto::wire::credentials::{Credentials, Presented};
use store::Store;

use crate::commit::Failed;
use crate::{Flow, refused};

pub use dpop::{DpopPolicy, DpopProof};
pub(crate) use memory::Memory;

/// Who calls, as far as the request says.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The client and its secret or assertion.
    pub credentials: &'a Credentials,
    /// The DPoP proof, if there is one.
    pub dpop: Option<&'a DpopProof>,
}

/// Who calls, once that was judged.
pub(crate) struct Caller {
    client: Arc<Client>,
    /// As sent; an assertion is replaced by what it proved.
    credentials: Credentials,
    endpoint: Endpoint,
    dpop: Option<KeyThumbprint>,
    /// What the request uses up, and what it is when that was used before.
    spent: Vec<(Spent, Refusal)>,
}

/// Which client an assertion says it is from.
#[must_use]
pub fn claimed_client(assertion: &str) -> Option<ClientId> {
    jose::client_assertion::claimed_client(assertion).ok()
}

impl Flow {
    /// Judges who calls: the client first, then the proof.
    pub(crate) async fn caller(&self, request: Request<'_>, endpoint: Endpoint) -> Result<Caller, Refusal> {
        let mut credentials = request.credentials.clone();
        let client = self.client(&credentials.client_id).await?;
        let mut spent = Vec::new();
        if let (Presented::Assertion(text), Some(client)) = (&credentials.presented, &client) {
            let used = self.check_assertion(client, text).await?;
            spent.extend(used.map(|used| (used, Refusal::AssertionReplayed)));
            credentials.presented = Presented::Key;
        }
        authenticate(client.as_deref(), &credentials, endpoint)?;
        let client = client.ok_or(Refusal::ClientUnknown)?;
        let mut dpop = None;
        if let Some(proof) = request.dpop {
            let (key, proof) = self.check_proof(proof)?;
            dpop = Some(key);
            spent.push((proof, Refusal::DpopReplayed));
        }
        Ok(Caller { client, credentials, endpoint, dpop, spent })
    }
}

impl Caller {
    pub(crate) fn client_id(&self) -> &ClientId {
        &self.client.id
    }

    /// What the request carries beside its code or token.
    pub(crate) fn carried(&self) -> Carried<'_> {
        Carried { dpop: self.dpop, ..Carried::default() }
    }

    pub(crate) const fn dpop(&self) -> Option<KeyThumbprint> {
        self.dpop
    }

    /// The caller by the registration that was known when they called.
    pub(crate) fn known(&self) -> Result<Authenticated<'_>, Refusal> {
        authenticate(Some(&self.client), &self.credentials, self.endpoint)
    }

    /// The caller by `fresh`, the registration just read, when it is theirs: a cached one may have been changed since.
    pub(crate) fn judged_by<'a>(&'a self, fresh: Option<&'a Client>) -> Result<Authenticated<'a>, Failed<Refusal>> {
        let client = fresh.filter(|client| client.id == self.client.id).unwrap_or(&self.client);
        let keys_changed = client.keys != self.client.keys || client.assertion_alg != self.client.assertion_alg;
        if keys_changed && matches!(self.credentials.presented, Presented::Key) {
            // What was proven, was proven under keys that count no more.
            return Err(Failed::Refused(Refusal::AssertionInvalid));
        }
        authenticate(Some(client), &self.credentials, self.endpoint).map_err(Failed::Refused)
    }

    /// Adds what the request uses up to a decision that goes to the store: one that changes something, or requires that
    /// nothing changed. Any other uses up nothing there.
    ///
    /// It comes first: nobody writes such a row again, so it is the best witness of a commit whose reply was lost.
    pub(crate) fn spend<T>(&self, decision: Decision<T>) -> Decision<T> {
        let Decision { reply, requires, changes } = decision;
        if changes.is_empty() && requires.is_empty() {
            return Decision { reply, requires, changes };
        }
        let spent = self.spent.iter().map(|(spent, _)| Change::Put(Row::Spent(*spent)));
        Decision { reply, requires, changes: spent.chain(changes).collect() }
    }

    /// What a failed decision is to this caller.
    pub(crate) async fn refused(&self, store: &Store, failed: Failed<Refusal>) -> Refusal {
        match failed {
            Failed::Spent => self.replayed(store).await,
            other => refused(other),
        }
    }

    /// Which of the things that came with the request was used before: who calls is judged first.
    async fn replayed(&self, store: &Store) -> Refusal {
        if let [(_, replayed)] = self.spent.as_slice() {
            return replayed.clone();
        }
        for (spent, replayed) in &self.spent {
            match store.stamp(&Key::Spent(spent.id)).await {
                Ok(Some(_)) => return replayed.clone(),
                Ok(None) => {}
                Err(error) => return refused(error.into()),
            }
        }
        // It was forgotten in this moment.
        Refusal::Overloaded
    }
}
