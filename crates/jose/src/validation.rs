//! What the validators of all kinds of token have in common: their causes of refusal, times, issuer and audience.
//! Which of these a kind of token needs is said in its own file, `access_token.rs` or `id_token.rs`.

use std::time::Duration;

use proto::Timestamp;

use crate::{Claims, ClaimsError, VerifyError};

/// The most that clocks may disagree. A larger `leeway` is cut to this (RFC 9068 §4).
pub const MAX_LEEWAY: Duration = Duration::from_secs(60);

/// Why a token that may be genuine is not the one that is wanted, here and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// `at_hash` belongs to another access token.
    #[error("at_hash is of another access token")]
    AtHash,
    /// `aud` does not contain the recipient, or contains others that are not trusted.
    #[error("for another audience")]
    Audience,
    /// `azp` is not the recipient, or is missing beside several audiences.
    #[error("for another authorized party")]
    AuthorizedParty,
    /// A claim has a wrong shape.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `iat` lies in the future.
    #[error("issued in the future")]
    IssuedInFuture,
    /// `iat` lies further back than a token that was just received can have been issued.
    #[error("issued too long ago")]
    IssuedTooLongAgo,
    /// `iss` is another issuer.
    #[error("from another issuer")]
    Issuer,
    /// A required claim is absent.
    #[error("{0} is missing")]
    MissingClaim(&'static str),
    /// `nonce` is not the one that was sent, or there is one though none was sent.
    #[error("for another request")]
    Nonce,
    /// `nbf` has not come.
    #[error("not valid yet")]
    NotYetValid,
    /// `sub` is empty, longer than 255 characters or not ASCII.
    #[error("not an acceptable subject")]
    Subject,
    /// Signature, form or kind of token.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// The claims both kinds of token require, in hand.
pub(crate) struct Required {
    pub(crate) exp: Timestamp,
    pub(crate) iat: Timestamp,
    pub(crate) sub: String,
}

/// Issuer and audience first, then the times, so that the cause tells most.
pub(crate) fn check(
    claims: &Claims,
    issuer: &str,
    audience: &str,
    now: Timestamp,
    leeway: Duration,
) -> Result<Required, TokenError> {
    if require(claims.iss.as_deref(), "iss")? != issuer {
        return Err(TokenError::Issuer);
    }
    if !claims.aud.iter().any(|entry| entry == audience) {
        return Err(TokenError::Audience);
    }
    let leeway = leeway.min(MAX_LEEWAY);
    let (exp, iat) = (require(claims.exp, "exp")?, require(claims.iat, "iat")?);
    if now >= exp + leeway {
        return Err(TokenError::Expired);
    }
    if claims.nbf.is_some_and(|nbf| nbf > now + leeway) {
        return Err(TokenError::NotYetValid);
    }
    if iat > now + leeway {
        return Err(TokenError::IssuedInFuture);
    }
    let sub = require(claims.sub.clone(), "sub")?;
    if sub.is_empty() {
        return Err(TokenError::Subject);
    }
    Ok(Required { exp, iat, sub })
}

pub(crate) fn require<T>(claim: Option<T>, name: &'static str) -> Result<T, TokenError> {
    claim.ok_or(TokenError::MissingClaim(name))
}
