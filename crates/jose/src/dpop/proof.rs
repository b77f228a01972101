//! The checks a proof must pass (RFC 9449 §4.3), at an authorization server and at a resource alike.

use std::fmt;
use std::time::Duration;

use proto::Timestamp;
use serde_json::{Map, Value};

use super::{TYP, ath, htu};
use crate::compact::Compact;
use crate::{Algorithm, Claims, ClaimsError, Expectation, Jwk, JwkError, VerifyError};

/// The longest name a proof may have: it is kept, so it is bounded.
const MAX_JTI: usize = 256;

/// How far `iat` may lie from the present (RFC 9449 §11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How long ago a proof may have been made.
    pub past: Duration,
    /// How far the clock of its maker may be ahead.
    pub future: Duration,
}

impl Default for Window {
    fn default() -> Self {
        Self { past: Duration::from_secs(60), future: Duration::from_secs(15) }
    }
}

impl Window {
    /// From the first moment a proof is acceptable to the last: how long its `jti` must be remembered.
    #[must_use]
    pub const fn span(self) -> Duration {
        self.past.saturating_add(self.future)
    }
}

/// What is asked of the `nonce` (RFC 9449 §8, §9). The function says whether a nonce was issued here, not long ago.
///
/// A fresh nonce dates the proof better than its maker's clock does, so `iat` is then not looked at: a device whose
/// clock is wrong gets in at its second attempt. Its `jti` must be remembered for as long as the nonce is fresh.
#[derive(Clone, Copy)]
pub enum NoncePolicy<'a> {
    /// A proof may come without, and is then judged by `iat`; a nonce that comes must be fresh.
    Optional(&'a dyn Fn(&str) -> bool),
    /// Every proof has a fresh one.
    Required(&'a dyn Fn(&str) -> bool),
    /// None was ever handed out, so none is looked at.
    Unused,
}

impl fmt::Debug for NoncePolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Optional(_) => "Optional",
            Self::Required(_) => "Required",
            Self::Unused => "Unused",
        })
    }
}

/// The request that a proof came with, and what is demanded here.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its URL as the client sees it: the external base URL and the path. A query does not matter.
    pub url: &'a str,
    /// The algorithms allowed.
    pub algorithms: &'a [Algorithm],
    /// The present time.
    pub now: Timestamp,
    /// How old a proof may be.
    pub window: Window,
    /// What is asked of the nonce.
    pub nonce: NoncePolicy<'a>,
    /// The access token of the same request, at a resource.
    pub access_token: Option<&'a str>,
}

/// A proof to act on, once its `jti` turned out to be new under its key (RFC 9449 §11.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The thumbprint of the key (RFC 9449 §6.1).
    pub jkt: String,
    /// Its name, unique under the key: 1 to 256 bytes.
    pub jti: String,
    /// When its maker says it was made.
    pub iat: Timestamp,
    /// The nonce, as sent: with [`NoncePolicy::Unused`] not checked.
    pub nonce: Option<String>,
}

/// Why a proof is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// `ath` is of another access token.
    #[error("for another access token")]
    AccessToken,
    /// A claim has a wrong shape.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// `exp`, which a proof need not have, has passed.
    #[error("expired")]
    Expired,
    /// `iat` lies in the future.
    #[error("made in the future")]
    IssuedInFuture,
    /// `iat` lies too far back.
    #[error("made too long ago")]
    IssuedTooLongAgo,
    /// `jti` is empty or too long.
    #[error("not an acceptable jti")]
    Jti,
    /// `jwk` is not a public key that can be used.
    #[error(transparent)]
    Key(#[from] JwkError),
    /// `htm` is another method.
    #[error("for another method")]
    Method,
    /// A required claim is absent.
    #[error("{0} is missing")]
    MissingClaim(&'static str),
    /// The header has no `jwk`.
    #[error("the key is missing")]
    MissingKey,
    /// A nonce is demanded, and there is none.
    #[error("the nonce is missing")]
    MissingNonce,
    /// The value of the header is not text.
    #[error("not text")]
    NotText,
    /// `nbf`, which a proof need not have, has not come.
    #[error("not valid yet")]
    NotYetValid,
    /// The request has more than one `DPoP` header.
    #[error("more than one proof")]
    Several,
    /// The nonce was not issued here, or too long ago.
    #[error("the nonce is not a fresh one")]
    StaleNonce,
    /// `htu` is another URL.
    #[error("for another URL")]
    Url,
    /// Signature, form or kind of token.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl ProofError {
    /// Whether the client can mend it by taking the nonce of the answer: `use_dpop_nonce` on the wire (RFC 9449 §8).
    /// Every other cause is `invalid_dpop_proof` (§5).
    #[must_use]
    pub const fn is_about_nonce(self) -> bool {
        matches!(self, Self::MissingNonce | Self::StaleNonce)
    }
}

/// Judges `proof`.
///
/// # Errors
/// [`ProofError`].
pub fn validate(proof: &str, expected: &Expected<'_>) -> Result<Proof, ProofError> {
    let compact = Compact::parse(proof, Expectation::MAX_LEN)?;
    if compact.header.typ.as_deref() != Some(TYP) {
        return Err(VerifyError::Typ.into());
    }
    if !expected.algorithms.contains(&compact.header.alg) {
        return Err(VerifyError::AlgorithmNotAllowed.into());
    }
    let key = verified_key(&compact)?;
    let mut claims = Claims::from_members(compact.members()?)?;

    let htm = text(&mut claims.other, "htm")?;
    let htu = text(&mut claims.other, "htu")?;
    let iat = claims.iat.ok_or(ProofError::MissingClaim("iat"))?;
    let jti = claims.jti.take().ok_or(ProofError::MissingClaim("jti"))?;
    if jti.is_empty() || jti.len() > MAX_JTI {
        return Err(ProofError::Jti);
    }
    if htm != expected.method {
        return Err(ProofError::Method);
    }
    if !htu::matches(&htu, expected.url) {
        return Err(ProofError::Url);
    }
    if !is_dated_by_nonce(expected.nonce, claims.nonce.as_deref())? {
        check_dates(&claims, iat, expected.now, expected.window)?;
    }
    if let Some(access_token) = expected.access_token
        && text(&mut claims.other, "ath")? != ath(access_token)
    {
        return Err(ProofError::AccessToken);
    }
    Ok(Proof { jkt: key.thumbprint(), jti, iat, nonce: claims.nonce })
}

/// The key in the header, once the signature turned out to be by it. Any `kid` beside it names nothing.
fn verified_key(compact: &Compact<'_>) -> Result<Jwk, ProofError> {
    let members = compact.parameters.get("jwk").ok_or(ProofError::MissingKey)?;
    let key = Jwk::from_members(members.as_object().ok_or(VerifyError::Header)?)?;
    if key.algorithm() != compact.header.alg {
        return Err(VerifyError::KeyMismatch.into());
    }
    if !key.verifies(compact.message.as_bytes(), &compact.signature) {
        return Err(VerifyError::Signature.into());
    }
    Ok(key)
}

fn is_dated_by_nonce(policy: NoncePolicy<'_>, nonce: Option<&str>) -> Result<bool, ProofError> {
    match (policy, nonce) {
        (NoncePolicy::Unused, _) | (NoncePolicy::Optional(_), None) => Ok(false),
        (NoncePolicy::Required(_), None) => Err(ProofError::MissingNonce),
        (NoncePolicy::Optional(is_fresh) | NoncePolicy::Required(is_fresh), Some(nonce)) => {
            if is_fresh(nonce) {
                Ok(true)
            } else {
                Err(ProofError::StaleNonce)
            }
        }
    }
}

fn check_dates(claims: &Claims, iat: Timestamp, now: Timestamp, window: Window) -> Result<(), ProofError> {
    if iat > now + window.future {
        return Err(ProofError::IssuedInFuture);
    }
    if now.since(iat) > window.past {
        return Err(ProofError::IssuedTooLongAgo);
    }
    if claims.exp.is_some_and(|exp| now >= exp + window.future) {
        return Err(ProofError::Expired);
    }
    if claims.nbf.is_some_and(|nbf| nbf > now + window.future) {
        return Err(ProofError::NotYetValid);
    }
    Ok(())
}

fn text(members: &mut Map<String, Value>, name: &'static str) -> Result<String, ProofError> {
    match members.remove(name) {
        None => Err(ProofError::MissingClaim(name)),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ClaimsError::WrongType(name).into()),
    }
}
