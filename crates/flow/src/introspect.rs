//! An API asks what a token is good for (RFC 7662).

use proto::grant::Refusal;
use proto::grant::authenticate::{Endpoint, authenticate};
use proto::grant::introspect::{self, INACTIVE, Introspection, Scene, Shown};
use proto::model::FamilyId;
use proto::secret::RefreshToken;
use proto::wire::credentials::Credentials;

use crate::commit::Failed;
use crate::{Flow, refused};

impl Flow {
    /// What `token` is good for. Whatever it is, a caller who may ask gets an answer.
    ///
    /// # Errors
    /// The caller may not ask, or the store.
    pub async fn introspect(&self, credentials: &Credentials, token: &str) -> Result<Introspection, Refusal> {
        let client = self.client(&credentials.client_id).await?;
        let caller = authenticate(client.as_deref(), credentials, Endpoint::Token)?;
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
        Ok(introspect::introspect(scene, shown, caller, &self.settings.issuer, self.env.now()))
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
        let shown = Shown::Access { scope: read.scope, aud: read.aud, exp: read.exp, iat: read.iat, jti: read.jti };
        Some((read.family_id, shown))
    }
}
