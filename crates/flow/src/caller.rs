//! Who calls, and by what they prove it: a client with its secret or its assertion, and the key of a DPoP proof.
//!
//! Everything here was judged once when it is made. What it used up (the `jti` of an assertion or a proof) is remembered on
//! this node at once, and in the store by the commit that the request leads to, so that it changes something once on all
//! nodes together, while a poll that stays pending never touches the store (CF-23).

mod assertion;
mod dpop;
mod memory;

use std::sync::Arc;

use proto::change::{Change, Row, Spent};
use proto::grant::Refusal;
use proto::grant::authenticate::{Authenticated, Endpoint, authenticate};
use proto::grant::bind::Carried;
use proto::model::{Client, ClientId, KeyThumbprint};
use proto::wire::credentials::{Credentials, Presented};

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
    spent: Vec<Spent>,
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
            spent.push(self.check_assertion(client, text).await?);
            credentials.presented = Presented::Key;
        }
        authenticate(client.as_deref(), &credentials, endpoint)?;
        let client = client.ok_or(Refusal::ClientUnknown)?;
        let mut dpop = None;
        if let Some(proof) = request.dpop {
            let (key, proof) = self.check_proof(proof)?;
            dpop = Some(key);
            spent.push(proof);
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

    /// Adds what the request uses up to what it changes. What changes nothing uses up nothing in the store.
    ///
    /// It comes first: nobody writes such a row again, so it is the best witness of a commit whose reply was lost.
    pub(crate) fn spend(&self, changes: Vec<Change>) -> Vec<Change> {
        if changes.is_empty() {
            return changes;
        }
        self.spent.iter().map(|spent| Change::Put(Row::Spent(*spent))).chain(changes).collect()
    }

    /// What a failed decision is to this caller.
    pub(crate) fn refused(&self, failed: Failed<Refusal>) -> Refusal {
        match failed {
            Failed::Spent if self.dpop.is_some() => Refusal::DpopReplayed,
            Failed::Spent => Refusal::AssertionReplayed,
            other => refused(other),
        }
    }
}
