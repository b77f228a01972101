//! An API asks what a token is good for (RFC 7662).

use proto::grant::Refusal;
use proto::grant::authenticate::Endpoint;
use proto::grant::introspect::{self, Answerer, INACTIVE, Introspection, Scene, Shown};
use proto::model::FamilyId;
use proto::secret::RefreshToken;

use crate::access_token::ReadToken;
use crate::caller::Request;
use crate::commit::Failed;
use crate::{Flow, refused};

impl Flow {
    /// What `token` is good for. Whatever it is, a caller who may ask gets an answer.
    ///
    /// # Errors
    /// The caller may not ask, or the store.
    pub async fn introspect(&self, request: Request<'_>, token: &str) -> Result<Introspection, Refusal> {
        let by = self.caller(request, Endpoint::Token).await?;
        let caller = by.known()?;
        introspect::may_introspect(caller)?;
        let Some((family_id, shown)) = self.shown_token(token) else { return Ok(INACTIVE) };
        let view = self.store.family_view(family_id).await.map_err(|error| refused(Failed::Store(error)))?;
        let Some(view) = view else { return Ok(INACTIVE) };
        let scene = Scene {
            family: &view.family,
            client: view.client.as_ref(),
            user: view.user.as_ref(),
            session: view.session.as_ref(),
        };
        let keys = self.ring.keys();
        let answerer = Answerer { issuer: &self.settings.issuer, subjects: keys.subject.active() };
        Ok(introspect::introspect(scene, shown, caller, answerer, self.env.now()))
    }

    /// What kind of token this is, and its family: a refresh token whatever became of it, an access token until it expires.
    pub(crate) fn shown_token(&self, token: &str) -> Option<(FamilyId, Shown)> {
        let refresh_token = {
            let keys = self.ring.keys();
            RefreshToken::parse(token, &keys.refresh_token)
        };
        if let Ok(token) = refresh_token {
            return Some((token.family_id(), Shown::Refresh(token)));
        }
        let read = self.read_access_token(token)?;
        let ReadToken { family_id, scope, aud, dpop, exp, iat, jti } = read;
        let shown = Shown::Access { scope, aud, dpop, exp, iat, jti };
        Some((family_id, shown))
    }
}
