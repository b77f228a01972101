//! Whose software statements count (RFC 7591 §2.3): issuers that the operator named, with their keys.

use jose::software_statement::{Expected, StatementError, validate};
use jose::{JwkSet, Keys, MAX_LEEWAY};
use proto::Timestamp;
use proto::model::{Ceiling, ClientKeys};
use proto::wire::members::Members;

use crate::admin::{JwksError, read_jwks};

/// An issuer whose software statements count.
#[derive(Clone, Debug)]
pub struct TrustedSoftware {
    /// What stands in `iss`.
    pub(super) issuer: String,
    keys: JwkSet,
    /// What its statements allow by themselves, where they stand for an initial access token.
    pub(super) admits: Option<Ceiling>,
}

/// Why the keys of an issuer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct UntrustedSoftware(#[from] JwksError);

impl TrustedSoftware {
    /// The issuer called `issuer` with the JWK set `keys`, each key of which must be of use. `admits`: what a statement
    /// allows without an initial access token; `None` where it does not stand for one.
    ///
    /// # Errors
    /// The keys cannot be used.
    pub fn new(issuer: &str, keys: &[u8], admits: Option<Ceiling>) -> Result<Self, UntrustedSoftware> {
        let keys = match read_jwks(keys)? {
            ClientKeys::Set(set) => JwkSet::parse(set.as_bytes()).map_err(JwksError::Set)?,
            // What is read is a set.
            ClientKeys::At(_) => JwkSet::default(),
        };
        Ok(Self { issuer: issuer.to_owned(), keys, admits })
    }

    /// What a statement of this issuer says.
    pub(super) fn validate(
        &self,
        statement: &str,
        audiences: &[&str],
        now: Option<Timestamp>,
    ) -> Result<Members, StatementError> {
        let keys = Keys::from(&self.keys);
        validate(statement, &Expected { issuer: &self.issuer, audiences, keys, now, leeway: MAX_LEEWAY })
    }
}
