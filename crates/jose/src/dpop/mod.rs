//! DPoP (RFC 9449): proofs that the sender of a request holds a private key.
//!
//! Owns a proof from both ends, [`validate`] and [`Prover`], nonces, and the memory that makes a replay visible. Leaves
//! the headers it travels in, and what a key is bound to, to its callers.

mod htu;
mod nonces;
mod proof;
mod prover;
mod replays;

use aws_lc_rs::digest::{SHA256, digest};

use crate::base64url;

pub use nonces::Nonces;
pub use proof::{Expected, NoncePolicy, Proof, ProofError, Window, validate};
pub use prover::{Prover, Request};
pub use replays::{Replays, Seen};

/// The `typ` header of a proof.
pub const TYP: &str = "dpop+jwt";

/// The hash by which a proof names the access token it comes with (RFC 9449 §4.2).
#[must_use]
pub fn ath(access_token: &str) -> String {
    base64url::encode(digest(&SHA256, access_token.as_bytes()))
}

/// The one proof among the values of a request's `DPoP` header; `None` without the header (RFC 9449 §4.3, rule 1).
///
/// # Errors
/// [`ProofError::NotText`], [`ProofError::Several`].
pub fn only_one<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<&'a str>, ProofError> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(ProofError::Several),
        (Some(value), None) => str::from_utf8(value).map(Some).map_err(|_| ProofError::NotText),
        (None, None) => Ok(None),
    }
}
