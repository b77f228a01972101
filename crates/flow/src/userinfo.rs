//! A client asks about the person (OpenID Connect Core §5.3): what the token's scopes allow, while everything is fit.

use std::time::Duration;

use jose::{Algorithm, Keys as VerifyingKeys, access_token};
use proto::Timestamp;
use proto::gate::MayIssue;
use proto::grant::mint::{OPENID, UserInfo};
use proto::model::{FamilyId, Scope};

use crate::{Flow, Unavailable};

/// Why a token is good for nothing here.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// It has not the `openid` scope.
    #[error("the token was not issued for openid")]
    InsufficientScope,
    /// It is malformed, expired, revoked, or its person, client or session is not fit any more.
    #[error("the token is not valid")]
    Invalid,
    /// The store.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What an access token of this server says.
pub(crate) struct ReadToken {
    pub(crate) family_id: FamilyId,
    pub(crate) scope: Scope,
    pub(crate) aud: String,
    pub(crate) exp: Timestamp,
    pub(crate) iat: Timestamp,
    pub(crate) jti: String,
}

impl Flow {
    /// What the bearer of `token` may know.
    ///
    /// # Errors
    /// The token is not good for it.
    pub async fn userinfo(&self, token: &str) -> Result<UserInfo, TokenRefusal> {
        let now = self.env.now();
        let ReadToken { family_id, scope, .. } = self.read_access_token(token).ok_or(TokenRefusal::Invalid)?;
        let view = self.store.family_view(family_id).await.map_err(Unavailable::from)?.ok_or(TokenRefusal::Invalid)?;
        if !view.family.is_live(now) {
            return Err(TokenRefusal::Invalid);
        }
        let may = MayIssue::check(&view.family, view.user.as_ref(), view.client.as_ref(), view.session.as_ref())
            .map_err(|_| TokenRefusal::Invalid)?;
        if !scope.contains(OPENID) {
            return Err(TokenRefusal::InsufficientScope);
        }
        Ok(UserInfo::of(may.user(), &scope))
    }

    /// Reads an access token that this server signed and that has not expired.
    pub(crate) fn read_access_token(&self, token: &str) -> Option<ReadToken> {
        let keys = self.ring.keys();
        let expected = access_token::Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.issuer,
            algorithms: &[Algorithm::Es256],
            keys: VerifyingKeys::from(&keys.jwks),
            now: self.env.now(),
            leeway: Duration::ZERO,
        };
        let token = access_token::validate(token, &expected).ok()?;
        let family_id = token.claims.other.get("family")?.as_str()?.parse().ok()?;
        let scope = Scope::parse(token.claims.scope.as_deref().unwrap_or_default()).ok()?;
        let aud = token.claims.aud.into_iter().next()?;
        Some(ReadToken { family_id, scope, aud, exp: token.exp, iat: token.iat, jti: token.jti })
    }
}
