//! ID tokens as a client sees them (OpenID Connect Core §3.1.3.7 and §3.1.3.8). The signature is always checked: the
//! shortcut of trusting TLS instead is not taken.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use proto::Timestamp;
use serde_json::{Map, Value};

use crate::validation::check;
use crate::{Algorithm, Claims, Expectation, Keys, TokenError, TypPolicy, base64url, verify};

/// The `typ` header, as [`crate::SigningKey::sign`] takes it. Many issuers leave it out.
pub const TYP: &str = "JWT";

/// How long ago, at most, a token that was just received was issued, unless the caller says otherwise.
pub const MAX_AGE: Duration = Duration::from_secs(600);

const MAX_SUBJECT: usize = 255;

/// What a client knows before it reads an ID token.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, compared exactly.
    pub issuer: &'a str,
    /// The client's own identifier.
    pub client_id: &'a str,
    /// Other audiences the client knows and trusts; usually none.
    pub trusted_audiences: &'a [&'a str],
    /// The algorithms allowed.
    pub algorithms: &'a [Algorithm],
    /// The keys of the issuer.
    pub keys: Keys<'a>,
    /// The access token of the same response.
    pub access_token: Option<&'a str>,
    /// The nonce that was sent. The device flow sends none (RFC 8628 §3.1), so the token must have none.
    pub nonce: Option<&'a str>,
    /// The present time.
    pub now: Timestamp,
    /// How far clocks may be apart, at most [`crate::MAX_LEEWAY`].
    pub leeway: Duration,
    /// How long ago it may have been issued: [`MAX_AGE`] suits a token response.
    pub max_age: Duration,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq)]
pub struct IdToken {
    /// When it ends.
    pub exp: Timestamp,
    /// When it was issued.
    pub iat: Timestamp,
    /// The person, unique and never reassigned within the issuer: 1 to 255 ASCII characters.
    pub sub: String,
    /// Every claim, read.
    pub claims: Claims,
    /// Every claim, as it was sent.
    pub members: Map<String, Value>,
}

/// Judges `token`.
///
/// # Errors
/// [`TokenError`].
pub fn validate(token: &str, expected: &Expected<'_>) -> Result<IdToken, TokenError> {
    let verified = verify(token, &Expectation::new(TypPolicy::Optional(TYP), expected.algorithms, expected.keys))?;
    let members = verified.members.clone();
    let claims = Claims::from_members(verified.members)?;
    let required = check(&claims, expected.issuer, expected.client_id, expected.now, expected.leeway)?;

    let trusted = |entry: &String| entry == expected.client_id || expected.trusted_audiences.contains(&entry.as_str());
    if !claims.aud.iter().all(trusted) {
        return Err(TokenError::Audience);
    }
    match &claims.azp {
        Some(azp) if azp != expected.client_id => return Err(TokenError::AuthorizedParty),
        None if claims.aud.len() > 1 => return Err(TokenError::AuthorizedParty),
        Some(_) | None => {}
    }
    if expected.now.since(required.iat) > expected.max_age {
        return Err(TokenError::IssuedTooLongAgo);
    }
    if claims.nonce.as_deref() != expected.nonce {
        return Err(TokenError::Nonce);
    }
    if required.sub.len() > MAX_SUBJECT || !required.sub.is_ascii() {
        return Err(TokenError::Subject);
    }
    if let (Some(written), Some(access_token)) = (&claims.at_hash, expected.access_token)
        && *written != at_hash(verified.header.alg, access_token)
    {
        return Err(TokenError::AtHash);
    }
    Ok(IdToken { exp: required.exp, iat: required.iat, sub: required.sub, claims, members })
}

/// The `at_hash` of an access token for an ID token signed with `algorithm` (OpenID Connect Core §3.1.3.6): the left
/// half of the hash the algorithm uses, which for Ed25519 is SHA-512.
#[must_use]
pub fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    let hash = match algorithm {
        Algorithm::EdDsa => &SHA512,
        Algorithm::Es256 | Algorithm::Rs256 => &SHA256,
    };
    let digest = digest(hash, access_token.as_bytes());
    let (left, _) = digest.as_ref().split_at(hash.output_len() / 2);
    base64url::encode(left)
}
