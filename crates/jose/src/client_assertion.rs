//! Client assertions, `private_key_jwt` (RFC 7523 §2.2 and §3 with RFC 10070). Every cause is `invalid_client` on the
//! wire. Leaves to the caller that a `jti` is used once, and the fetching of keys.

use std::time::Duration;

use proto::model::ClientId;
use proto::{Entropy, Timestamp, entropy};
use serde_json::json;

use crate::compact::Compact;
use crate::{
    Algorithm, Claims, ClaimsError, Expectation, Keys, MAX_LEEWAY, SigningKey, SigningKeyError, TypPolicy, VerifyError,
    base64url, verify,
};

/// The `typ` header (RFC 10070). Clients older than it leave it out.
pub const TYP: &str = "client-authentication+jwt";

/// The value of `client_assertion_type` (RFC 7523 §2.2).
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead `exp` may lie, unless the caller says otherwise.
pub const MAX_LIFETIME: Duration = Duration::from_secs(300);

/// The most bytes of an assertion.
pub const MAX_LEN: usize = 16 * 1024;

const MAX_JTI: usize = 256;

/// What a server knows about the client before it judges its assertion.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The client.
    pub client_id: &'a str,
    /// The server's own issuer identifier: the sole audience (RFC 10070).
    pub issuer: &'a str,
    /// For a client that cannot do better: another sole audience it may use, such as the token endpoint's URL.
    pub legacy_audience: Option<&'a str>,
    /// The keys registered for the client.
    pub keys: Keys<'a>,
    /// The algorithm registered for the client, or those allowed.
    pub algorithms: &'a [Algorithm],
    /// The present time.
    pub now: Timestamp,
    /// How far ahead `exp` may lie: [`MAX_LIFETIME`] is plenty.
    pub max_lifetime: Duration,
    /// How far clocks may be apart, at most [`MAX_LEEWAY`].
    pub leeway: Duration,
}

/// An assertion that authenticates the client, once its `jti` turned out to be new for this client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Its name, unique for the client: 1 to 256 bytes.
    pub jti: String,
    /// When it ends.
    pub exp: Timestamp,
    /// Until when it could be shown again, so how long its `jti` must be remembered: `exp` and the leeway.
    pub remember_until: Timestamp,
    /// Whether it names the audience of [`Expected::legacy_audience`], which is worth logging.
    pub is_legacy: bool,
}

/// Why an assertion does not authenticate the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// `aud` is not the issuer and nothing else.
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
    /// `iss` is not the client.
    #[error("from another client")]
    Issuer,
    /// `jti` is empty or too long.
    #[error("not an acceptable jti")]
    Jti,
    /// A required claim is absent.
    #[error("{0} is missing")]
    MissingClaim(&'static str),
    /// `nbf` has not come.
    #[error("not valid yet")]
    NotYetValid,
    /// `sub` is not the client.
    #[error("about another client")]
    Subject,
    /// `exp` lies too far ahead.
    #[error("valid for too long")]
    TooLongLived,
    /// Signature, form or kind of token.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// The client that an assertion claims to be from, to find the keys it must then be judged with by [`validate`].
/// Nothing is verified yet.
///
/// # Errors
/// [`AssertionError`], where no key could make it valid.
pub fn claimed_client(assertion: &str) -> Result<ClientId, AssertionError> {
    let claims = Claims::from_members(Compact::parse(assertion, MAX_LEN)?.members()?)?;
    let iss = require(claims.iss, "iss")?;
    if require(claims.sub, "sub")? != iss {
        return Err(AssertionError::Subject);
    }
    ClientId::parse(&iss).ok_or(AssertionError::Issuer)
}

/// The `kid` that an assertion says its key has: untrusted, and good only for finding the key (RFC 8725 §3.10).
#[must_use]
pub fn claimed_kid(assertion: &str) -> Option<String> {
    Compact::parse(assertion, MAX_LEN).ok()?.header.kid
}

/// Judges `assertion`.
///
/// # Errors
/// [`AssertionError`].
pub fn validate(assertion: &str, expected: &Expected<'_>) -> Result<Assertion, AssertionError> {
    let expectation = Expectation {
        max_len: MAX_LEN,
        ..Expectation::new(TypPolicy::Optional(TYP), expected.algorithms, expected.keys)
    };
    let claims = Claims::from_members(verify(assertion, &expectation)?.members)?;
    if require(claims.iss, "iss")? != expected.client_id {
        return Err(AssertionError::Issuer);
    }
    if require(claims.sub, "sub")? != expected.client_id {
        return Err(AssertionError::Subject);
    }
    let is_legacy = match claims.aud.as_slice() {
        [sole] if sole == expected.issuer => false,
        [sole] if Some(sole.as_str()) == expected.legacy_audience => true,
        _ => return Err(AssertionError::Audience),
    };
    let (now, leeway) = (expected.now, expected.leeway.min(MAX_LEEWAY));
    let exp = require(claims.exp, "exp")?;
    if now >= exp + leeway {
        return Err(AssertionError::Expired);
    }
    if exp > now + expected.max_lifetime + leeway {
        return Err(AssertionError::TooLongLived);
    }
    if claims.nbf.is_some_and(|nbf| nbf > now + leeway) {
        return Err(AssertionError::NotYetValid);
    }
    if claims.iat.is_some_and(|iat| iat > now + leeway) {
        return Err(AssertionError::IssuedInFuture);
    }
    let jti = require(claims.jti, "jti")?;
    if jti.is_empty() || jti.len() > MAX_JTI {
        return Err(AssertionError::Jti);
    }
    Ok(Assertion { jti, exp, remember_until: exp + leeway, is_legacy })
}

/// An assertion of the client `client_id` for the server `issuer`, good once, within a minute. `issuer` is the one the
/// client was configured with, never a URL from the server's metadata (RFC 10070).
///
/// # Errors
/// [`SigningKeyError::Crypto`].
pub fn issue(
    key: &SigningKey,
    client_id: &str,
    issuer: &str,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<String, SigningKeyError> {
    key.sign(TYP, &claims(client_id, issuer, now, entropy))
}

/// The same with the name the key was registered under at that server, where it is not the thumbprint.
///
/// # Errors
/// [`SigningKeyError::Crypto`].
pub fn issue_as(
    (key, kid): (&SigningKey, &str),
    client_id: &str,
    issuer: &str,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<String, SigningKeyError> {
    key.sign_as(kid, TYP, &claims(client_id, issuer, now, entropy))
}

fn claims(client_id: &str, issuer: &str, now: Timestamp, entropy: &mut dyn Entropy) -> Vec<u8> {
    let now = now.as_seconds();
    let jti = base64url::encode(entropy::bytes::<16>(entropy));
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": issuer, "jti": jti, "iat": now, "exp": now.saturating_add(60),
    });
    claims.to_string().into_bytes()
}

fn require<T>(claim: Option<T>, name: &'static str) -> Result<T, AssertionError> {
    claim.ok_or(AssertionError::MissingClaim(name))
}
