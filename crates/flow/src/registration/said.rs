//! What a client says about itself, read from the body of its request: its own words, those of a software statement above
//! them, and the keys that it offers.

use jose::json;
use proto::Timestamp;
use proto::model::ClientKeys;
use proto::registration::{OfferedKeys, Refusal};
use proto::wire::members::Members;
use proto::wire::registration::{ClientMetadata, Repeated, overridden, software_statement};

use super::{MayFetch, TrustedSoftware};
use crate::Flow;
use crate::admin::{read_jwks, registered_keys};

/// Arrays and objects around a value.
const DEPTH: usize = 16;

/// The members of a body.
pub(super) struct Body(Members);

/// What a client says, once whose word it is was found out.
pub(super) struct Said {
    pub(super) metadata: ClientMetadata,
    pub(super) keys: Option<OfferedKeys>,
}

impl Body {
    /// Reads a JSON object without repeated names.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        json::parse_object(bytes, DEPTH).map(Self).map_err(|_| Refusal::Body)
    }

    /// The software statement, as it was sent.
    pub(super) fn statement(&self) -> Result<Option<&str>, Refusal> {
        Ok(software_statement(&self.0)?)
    }

    /// What a client repeats of its registration.
    pub(super) fn repeated(&self) -> Result<Repeated, Refusal> {
        Ok(Repeated::parse(&self.0)?)
    }

    /// What it says, with the words of a trusted statement above it.
    pub(super) fn said(self, statement: Option<Members>, may_fetch: MayFetch) -> Result<Said, Refusal> {
        let members = match statement {
            Some(statement) => overridden(self.0, statement),
            None => self.0,
        };
        let metadata = ClientMetadata::parse(&members)?;
        let keys = offered(&metadata, may_fetch)?;
        Ok(Said { metadata, keys })
    }
}

impl Flow {
    /// Whose word a software statement is, and what it says. `now`: `None` for one that was judged before.
    pub(super) fn trusted(
        &self,
        statement: &str,
        now: Option<Timestamp>,
    ) -> Result<(&TrustedSoftware, Members), Refusal> {
        let invalid = |cause: jose::software_statement::StatementError| {
            tracing::info!(%cause, "a software statement was refused");
            Refusal::StatementInvalid
        };
        let issuer = jose::software_statement::claimed_issuer(statement).map_err(invalid)?;
        let software = self.settings.registration.software.iter().find(|software| software.issuer == issuer);
        let software = software.ok_or(Refusal::StatementUntrusted)?;
        let endpoint = format!("{}{}", self.settings.issuer, super::PATH);
        let says = software.validate(statement, &[&self.settings.issuer, &endpoint], now).map_err(invalid)?;
        Ok((software, says))
    }
}

/// The keys that a client offers: those it sends, if each of them can be used, or an address that keys are fetched from.
fn offered(metadata: &ClientMetadata, may_fetch: MayFetch) -> Result<Option<OfferedKeys>, Refusal> {
    match (&metadata.jwks, &metadata.jwks_uri) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Refusal::JwksTwice),
        (None, Some(address)) if may_fetch(address) => {
            Ok(Some(OfferedKeys { keys: ClientKeys::At(address.as_str().into()), algs: None }))
        }
        (None, Some(_)) => Err(Refusal::JwksUri),
        (Some(set), None) => {
            let text = serde_json::to_vec(set).unwrap_or_default();
            let keys = read_jwks(&text).map_err(|why| Refusal::Jwks(why.to_string()))?;
            let algs = registered_keys(&keys).into_iter().map(|key| key.alg).collect();
            Ok(Some(OfferedKeys { keys, algs: Some(algs) }))
        }
    }
}
