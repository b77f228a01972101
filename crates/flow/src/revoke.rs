//! A client gives a token back (RFC 7009): its family ends before the reply is sent.

use proto::change::Decision;
use proto::grant::Refusal;
use proto::grant::authenticate::Endpoint;
use proto::grant::revoke;
use proto::model::{GrantId, UserId};

use crate::Flow;
use crate::caller::Request;
use crate::commit::{Failed, commit};

/// What ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The grant it came from.
    pub grant_id: GrantId,
    /// The person whose it was.
    pub user_id: UserId,
}

impl Flow {
    /// Ends the family of `token`, an access token or a refresh token; what kind it is, it says itself, so a hint is not
    /// needed. `None` when there was nothing to end, which its client need not know.
    ///
    /// # Errors
    /// The client, a token of another client, or the store.
    pub async fn revoke(&self, request: Request<'_>, token: &str) -> Result<Option<Revoked>, Refusal> {
        let caller = self.caller(request, Endpoint::Token).await?;
        let Some((family_id, _)) = self.shown_token(token) else { return Ok(None) };
        let revoked = commit!(&self.store, &self.env, async {
            let Some(view) = self.store.family_view(family_id).await? else { return Ok(Decision::only(None)) };
            let Decision { reply, requires, changes } =
                revoke::revoke(&view.family, caller.client_id(), self.env.now()).map_err(Failed::Refused)?;
            let revoked = Revoked { grant_id: view.family.grant_id, user_id: view.family.user_id };
            Ok(caller.spend(Decision { reply: reply.then_some(revoked), requires, changes }))
        })
        .await;
        match revoked {
            Ok(revoked) => Ok(revoked),
            Err(failed) => Err(caller.refused(&self.store, failed).await),
        }
    }
}
