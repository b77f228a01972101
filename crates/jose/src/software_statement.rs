//! Software statements (RFC 7591 §2.3): what somebody whom an operator trusts says about a piece of software. Leaves to the
//! caller whose word counts, and what the claims mean.

use std::time::Duration;

use proto::Timestamp;
use serde_json::{Map, Value};

use crate::compact::Compact;
use crate::{Algorithm, Claims, ClaimsError, Expectation, Keys, MAX_LEEWAY, TypPolicy, VerifyError, verify};

/// The `typ` header, where there is one: statements have no type of their own (RFC 7591 §2.3).
pub const TYP: &str = "JWT";

/// The most bytes of a statement.
pub const MAX_LEN: usize = 16 * 1024;

/// What a server knows before it judges a statement.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer whose keys these are.
    pub issuer: &'a str,
    /// The server's own names, one of which stands in `aud` if anything does (RFC 7519 §4.1.3).
    pub audiences: &'a [&'a str],
    /// The keys of the issuer.
    pub keys: Keys<'a>,
    /// The present time; `None` for a statement that was judged before and is shown again.
    pub now: Option<Timestamp>,
    /// How far clocks may be apart, at most [`MAX_LEEWAY`].
    pub leeway: Duration,
}

/// Why a statement is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// `aud` names others alone.
    #[error("for another audience")]
    Audience,
    /// A claim has a wrong shape.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `iat` lies in the future.
    #[error("issued in the future")]
    IssuedInFuture,
    /// `iss` is missing, or another issuer.
    #[error("from another issuer")]
    Issuer,
    /// `nbf` has not come.
    #[error("not valid yet")]
    NotYetValid,
    /// Signature, form or kind of token.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// The issuer that a statement claims to be from, to find the keys it must then be judged with by [`validate`]. Nothing is
/// verified yet.
///
/// # Errors
/// [`StatementError`], where no key could make it valid.
pub fn claimed_issuer(statement: &str) -> Result<String, StatementError> {
    let claims = Claims::from_members(Compact::parse(statement, MAX_LEN)?.members()?)?;
    claims.iss.ok_or(StatementError::Issuer)
}

/// Judges `statement`. All its claims, those about itself too.
///
/// # Errors
/// [`StatementError`].
pub fn validate(statement: &str, expected: &Expected<'_>) -> Result<Map<String, Value>, StatementError> {
    let expectation =
        Expectation { max_len: MAX_LEN, ..Expectation::new(TypPolicy::Optional(TYP), Algorithm::ALL, expected.keys) };
    let members = verify(statement, &expectation)?.members;
    let claims = Claims::from_members(members.clone())?;
    if claims.iss.as_deref() != Some(expected.issuer) {
        return Err(StatementError::Issuer);
    }
    if !claims.aud.is_empty() && !claims.aud.iter().any(|aud| expected.audiences.contains(&aud.as_str())) {
        return Err(StatementError::Audience);
    }
    let Some(now) = expected.now else { return Ok(members) };
    let leeway = expected.leeway.min(MAX_LEEWAY);
    if claims.exp.is_some_and(|exp| now >= exp + leeway) {
        return Err(StatementError::Expired);
    }
    if claims.nbf.is_some_and(|nbf| nbf > now + leeway) {
        return Err(StatementError::NotYetValid);
    }
    if claims.iat.is_some_and(|iat| iat > now + leeway) {
        return Err(StatementError::IssuedInFuture);
    }
    Ok(members)
}
