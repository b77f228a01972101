//! A client asks about the person (OpenID Connect Core §5.3): what the token's scopes allow, while everything is fit.

use proto::gate::MayIssue;
use proto::grant::Refusal;
use proto::grant::mint::{OPENID, UserInfo};

use crate::{DpopProof, Flow, Unavailable};

/// Why a token is good for nothing here.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// It has not the `openid` scope.
    #[error("the token was not issued for openid")]
    InsufficientScope,
    /// It is malformed, expired, revoked, or its person, client or session is not fit any more.
    #[error("the token is not valid")]
    Invalid,
    /// The DPoP proof beside it is not good, and why.
    #[error("the DPoP proof is not acceptable")]
    Proof(Refusal),
    /// The store.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Flow {
    /// What the holder of `token` may know. A token that is bound to a key needs a proof under
    /// it, and one that is not needs none (RFC 9449 §7.1, §7.2).
    ///
    /// # Errors
    /// The token is not good for it.
    pub async fn userinfo(&self, token: &str, proof: Option<&DpopProof>) -> Result<UserInfo, TokenRefusal> {
        let now = self.env.now();
        let token = self.read_access_token(token).ok_or(TokenRefusal::Invalid)?;
        if !token.aud.contains(&self.settings.issuer) {
            return Err(TokenRefusal::Invalid);
        }
        match (token.dpop, proof) {
            (None, None) => {}
            (Some(bound), Some(proof)) => {
                if !self.check_proof_of(bound, proof).map_err(TokenRefusal::Proof)? {
                    return Err(TokenRefusal::Invalid);
                }
            }
            (Some(_), None) | (None, Some(_)) => return Err(TokenRefusal::Invalid),
        }
        let view = self.store.family_view(token.family_id).await.map_err(Unavailable::from)?;
        let view = view.filter(|view| view.family.is_live(now)).ok_or(TokenRefusal::Invalid)?;
        let may = MayIssue::check(&view.family, view.user.as_ref(), view.client.as_ref(), view.session.as_ref())
            .map_err(|_| TokenRefusal::Invalid)?;
        if !token.scope.contains(OPENID) {
            return Err(TokenRefusal::InsufficientScope);
        }
        Ok(UserInfo::of(may.user(), &token.scope, may.client(), self.ring.keys().subject.active()))
    }
}
