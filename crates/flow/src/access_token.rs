//! Access tokens as this server reads them again: JWTs that it signed, and opaque ones, which it sealed.
//!
//! An opaque token holds the same claims as a JWT, sealed under a key of the ring: nobody else can read or make one, and no
//! row is kept for it, since whether it is good is up to its family.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jose::access_token::TYP;
use jose::{Algorithm, Claims, Expectation, Keys as VerifyingKeys, TypPolicy, verify};
use proto::Timestamp;
use proto::grant::Refusal;
use proto::grant::mint::AccessTokenClaims;
use proto::model::{FamilyId, KeyThumbprint, Scope};

use crate::Flow;

/// What opaque access tokens begin with, so that scanners for secrets find them.
const PREFIX: &str = "cs_at_";
/// What they are sealed for.
const PLACE: &[u8] = b"access token";
/// Longest text that is looked at.
const MAX_LEN: usize = 8 * 1024;

/// What an access token of this server says.
pub(crate) struct ReadToken {
    pub(crate) family_id: FamilyId,
    pub(crate) scope: Scope,
    pub(crate) aud: Vec<String>,
    pub(crate) dpop: Option<KeyThumbprint>,
    pub(crate) exp: Timestamp,
    pub(crate) iat: Timestamp,
    pub(crate) jti: String,
}

impl Flow {
    /// The opaque form of `claims`.
    pub(crate) fn seal_access_token(&self, claims: &AccessTokenClaims) -> Result<String, Refusal> {
        let keys = self.ring.keys();
        let plain = serde_json::to_vec(claims).ok();
        let sealed = plain
            .zip(keys.access_token.first())
            .and_then(|(plain, key)| key.seal(PLACE, &plain, &mut self.env.entropy()).ok());
        sealed.map(|sealed| format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed))).ok_or_else(|| {
            tracing::error!("an access token cannot be sealed; nothing was redeemed");
            Refusal::Overloaded
        })
    }

    /// Reads an access token that this server made and that has not expired, for whichever API it is.
    pub(crate) fn read_access_token(&self, token: &str) -> Option<ReadToken> {
        let claims = match token.strip_prefix(PREFIX) {
            Some(sealed) => self.open_access_token(sealed)?,
            None => self.verify_access_token(token)?,
        };
        if claims.iss.as_deref() != Some(self.settings.issuer.as_str()) {
            return None;
        }
        let Claims { exp, iat, jti, scope, aud, other, .. } = claims;
        let dpop = match other.get("cnf") {
            None => None,
            Some(cnf) => Some(KeyThumbprint::parse(cnf.get("jkt")?.as_str()?)?),
        };
        Some(ReadToken {
            family_id: other.get("family")?.as_str()?.parse().ok()?,
            scope: Scope::parse(scope.as_deref().unwrap_or_default()).ok()?,
            aud,
            dpop,
            exp: exp.filter(|exp| self.env.now() < *exp)?,
            iat: iat?,
            jti: jti?,
        })
    }

    fn open_access_token(&self, sealed: &str) -> Option<Claims> {
        let sealed =
            Some(sealed).filter(|text| text.len() <= MAX_LEN).map(|text| URL_SAFE_NO_PAD.decode(text))?.ok()?;
        let keys = self.ring.keys();
        let plain = keys.access_token.iter().find_map(|key| key.open(PLACE, &sealed).ok())?;
        let members = serde_json::from_slice(&plain).ok()?;
        Claims::from_members(members).ok()
    }

    /// Which API it is for is up to who asks.
    fn verify_access_token(&self, token: &str) -> Option<Claims> {
        let keys = self.ring.keys();
        let jwks = VerifyingKeys::from(&keys.jwks);
        let verified = verify(token, &Expectation::new(TypPolicy::Required(TYP), Algorithm::ALL, jwks)).ok()?;
        Claims::from_members(verified.members).ok()
    }
}
