//! JWT access tokens as a resource server sees them (RFC 9068 §4). Every cause is `invalid_token` on the wire.
//! A client never looks inside one (RFC 9068 §6).

use std::time::Duration;

use proto::Timestamp;

use crate::validation::{check, require};
use crate::{Algorithm, Claims, Expectation, Keys, TokenError, TypPolicy, verify};

/// The `typ` header, as [`crate::SigningKey::sign`] takes it.
pub const TYP: &str = "at+jwt";

/// What a resource server knows before it reads a token.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, compared exactly.
    pub issuer: &'a str,
    /// The name of this resource; one of the token's audiences.
    pub audience: &'a str,
    /// The algorithms allowed.
    pub algorithms: &'a [Algorithm],
    /// The keys of the issuer.
    pub keys: Keys<'a>,
    /// The present time.
    pub now: Timestamp,
    /// How far clocks may be apart, at most [`crate::MAX_LEEWAY`].
    pub leeway: Duration,
}

/// An access token to act on, with all that RFC 9068 §2.2 requires of it.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessToken {
    /// The client it was issued to.
    pub client_id: String,
    /// When it ends.
    pub exp: Timestamp,
    /// When it was issued.
    pub iat: Timestamp,
    /// Its name.
    pub jti: String,
    /// On whose behalf it acts.
    pub sub: String,
    /// Every claim.
    pub claims: Claims,
}

/// Judges `token`.
///
/// # Errors
/// [`TokenError`].
pub fn validate(token: &str, expected: &Expected<'_>) -> Result<AccessToken, TokenError> {
    let verified = verify(token, &Expectation::new(TypPolicy::Required(TYP), expected.algorithms, expected.keys))?;
    let claims = Claims::from_members(verified.members)?;
    let required = check(&claims, expected.issuer, expected.audience, expected.now, expected.leeway)?;
    Ok(AccessToken {
        client_id: require(claims.client_id.clone(), "client_id")?,
        exp: required.exp,
        iat: required.iat,
        jti: require(claims.jti.clone(), "jti")?,
        sub: required.sub,
        claims,
    })
}
