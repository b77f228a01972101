//! Strict verification of compact JWS (RFC 7515 §5.2, RFC 8725 §3).
//!
//! The caller fixes what is acceptable, the token only chooses among it. Header parameters that bring a key or say
//! where to get one (`jku`, `jwk`, `x5u`, `x5c`) are not looked at. What a payload means is left to the validators.

use serde_json::{Map, Value};

use crate::compact::Compact;
use crate::json::{self, JsonError, MAX_DEPTH};
use crate::{Algorithm, Jwk, JwkSet};

/// How many keys are tried for a token that names none.
const MAX_UNNAMED_KEYS: usize = 8;

/// Why a token is not accepted. Any of these rejects the whole token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The algorithm is supported, but not one the caller allows here.
    #[error("signature algorithm not allowed")]
    AlgorithmNotAllowed,
    /// The token names no key, and there are too many it could be.
    #[error("the token names no key and too many could be it")]
    AmbiguousKey,
    /// `crit`: an extension must be understood, and none is.
    #[error("a critical header parameter is not understood")]
    CriticalHeader,
    /// A header parameter has a value of the wrong type, or `alg` is absent.
    #[error("malformed header parameter")]
    Header,
    /// Header or payload is not acceptable as a JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The named key is for another algorithm.
    #[error("the key is for another algorithm")]
    KeyMismatch,
    /// No key of that name, or none for that algorithm. Worth fetching the key set again, at a bounded rate.
    #[error("key not found")]
    KeyNotFound,
    /// Not three parts of strict base64url: also what a JWE and the JSON serialisations are.
    #[error("not a compact JWS")]
    Malformed,
    /// The signature is not by the key.
    #[error("wrong signature")]
    Signature,
    /// Longer than allowed.
    #[error("the token is too long")]
    TooLong,
    /// `typ` says that this is another kind of token.
    #[error("another kind of token")]
    Typ,
    /// An algorithm that is not supported, among them `none` and HMAC.
    #[error("unsupported signature algorithm")]
    UnsupportedAlgorithm,
}

/// Which `typ` header is acceptable. Names are given without `application/`; case does not matter (RFC 7515 §4.1.9).
#[derive(Clone, Copy, Debug)]
pub enum TypPolicy<'a> {
    /// Absent, or this. For kinds of token older than explicit typing.
    Optional(&'a str),
    /// Present, and this (RFC 8725 §3.11).
    Required(&'a str),
}

/// Where the key may come from.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    /// This key. A `kid` in the token must not name another.
    One(&'a Jwk),
    /// The key of the set that the token's `kid` names; without a `kid`, any for the token's algorithm.
    Set(&'a JwkSet),
}

impl<'a> From<&'a Jwk> for Keys<'a> {
    fn from(key: &'a Jwk) -> Self {
        Self::One(key)
    }
}

impl<'a> From<&'a JwkSet> for Keys<'a> {
    fn from(set: &'a JwkSet) -> Self {
        Self::Set(set)
    }
}

/// What a caller is prepared to accept.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The kind of token.
    pub typ: TypPolicy<'a>,
    /// The algorithms allowed here.
    pub algorithms: &'a [Algorithm],
    /// The keys trusted for this.
    pub keys: Keys<'a>,
    /// The most bytes a token may have.
    pub max_len: usize,
}

impl<'a> Expectation<'a> {
    /// The most bytes of a token unless the caller says otherwise.
    pub const MAX_LEN: usize = 8 * 1024;

    /// With the usual cap on length.
    pub fn new(typ: TypPolicy<'a>, algorithms: &'a [Algorithm], keys: impl Into<Keys<'a>>) -> Self {
        Self { typ, algorithms, keys: keys.into(), max_len: Self::MAX_LEN }
    }
}

/// The header parameters that are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithm.
    pub alg: Algorithm,
    /// The name of the key: untrusted text, to be compared and nothing else (RFC 8725 §3.10).
    pub kid: Option<String>,
    /// The kind of token, as written.
    pub typ: Option<String>,
}

/// A token whose signature, kind and form are right. Its claims are still to be judged.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The header.
    pub header: Header,
    /// The payload, parsed.
    pub members: Map<String, Value>,
    /// The payload, byte for byte.
    pub payload: Vec<u8>,
}

/// Verifies `token`.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(token: &str, expected: &Expectation<'_>) -> Result<Verified, VerifyError> {
    let Compact { message, header, payload, signature, .. } = Compact::parse(token, expected.max_len)?;
    if !expected.algorithms.contains(&header.alg) {
        return Err(VerifyError::AlgorithmNotAllowed);
    }
    if !expected.typ.admits(header.typ.as_deref()) {
        return Err(VerifyError::Typ);
    }
    if !expected.keys.candidates(&header)?.iter().any(|key| key.verifies(message.as_bytes(), &signature)) {
        return Err(VerifyError::Signature);
    }
    let members = json::parse_object(&payload, MAX_DEPTH)?;
    Ok(Verified { header, members, payload })
}

impl TypPolicy<'_> {
    fn admits(self, typ: Option<&str>) -> bool {
        match (self, typ) {
            (Self::Optional(_), None) => true,
            (Self::Required(_), None) => false,
            (Self::Optional(wanted) | Self::Required(wanted), Some(typ)) => {
                typ.eq_ignore_ascii_case(wanted)
                    || typ.split_once('/').is_some_and(|(kind, name)| {
                        kind.eq_ignore_ascii_case("application") && name.eq_ignore_ascii_case(wanted)
                    })
            }
        }
    }
}

impl<'a> Keys<'a> {
    /// The keys that may have signed: exactly one if the token names it.
    fn candidates(self, header: &Header) -> Result<Vec<&'a Jwk>, VerifyError> {
        let named = match (self, header.kid.as_deref()) {
            (Self::One(key), Some(kid)) if key.kid().is_some_and(|own| own != kid) => None,
            (Self::One(key), _) => Some(key),
            (Self::Set(set), Some(kid)) => set.find(kid),
            (Self::Set(set), None) => {
                let keys: Vec<_> = set.with_algorithm(header.alg).take(MAX_UNNAMED_KEYS + 1).collect();
                return match keys.len() {
                    0 => Err(VerifyError::KeyNotFound),
                    1..=MAX_UNNAMED_KEYS => Ok(keys),
                    _ => Err(VerifyError::AmbiguousKey),
                };
            }
        };
        let key = named.ok_or(VerifyError::KeyNotFound)?;
        if key.algorithm() == header.alg { Ok(vec![key]) } else { Err(VerifyError::KeyMismatch) }
    }
}
