//! A device renews its access: load → decide → sign → commit → reply, as at the redemption.

use proto::change::Decision;
use proto::grant::Refusal;
use proto::grant::authenticate::Endpoint;
use proto::grant::bind::{Carried, read_resources};
use proto::grant::refresh::{self, Refreshed, Scene};
use proto::model::{GrantId, Scope};
use proto::secret::RefreshToken;

use crate::Flow;
use crate::caller::Request;
use crate::commit::{Failed, commit};
use crate::poll::Issued;

/// A refresh request (RFC 6749 §6). Holds the token as it was sent, so it is never printed.
#[derive(Clone)]
pub struct RefreshRequest<'a> {
    /// Who is calling.
    pub caller: Request<'a>,
    /// `refresh_token`.
    pub refresh_token: Option<&'a str>,
    /// `scope`.
    pub scope: Option<&'a str>,
    /// Every `resource`.
    pub resources: Vec<&'a str>,
}

/// What a refresh gets.
#[derive(Debug)]
pub struct Renewed {
    /// Tokens or a refusal.
    pub outcome: Result<Issued, Refusal>,
    /// The grant whose family ended, since a token that was replaced came back.
    pub replayed: Option<GrantId>,
}

impl Flow {
    /// Renews a device's access.
    pub async fn refresh(&self, request: RefreshRequest<'_>) -> Renewed {
        let mut replayed = None;
        let outcome = self.try_refresh(&request, &mut replayed).await;
        Renewed { outcome, replayed }
    }

    async fn try_refresh(
        &self,
        request: &RefreshRequest<'_>,
        replayed: &mut Option<GrantId>,
    ) -> Result<Issued, Refusal> {
        let by = self.caller(request.caller, Endpoint::Token).await?;
        let text = request.refresh_token.ok_or(Refusal::RefreshTokenMissing)?;
        let narrowed = Scope::parse(request.scope.unwrap_or_default()).map_err(|_| Refusal::ScopeMalformed)?;
        let resources = read_resources(request.resources.iter().copied())?;
        let carried = Carried { resources: &resources, ..by.carried() };
        let token = {
            let keys = self.ring.keys();
            RefreshToken::parse(text, &keys.refresh_token).map_err(|_| Refusal::RefreshTokenInvalid)?
        };
        let refreshed = commit!(&self.store, &self.env, async {
            let view = self.store.family_view(token.family_id()).await?;
            let view = view.ok_or(Failed::Refused(Refusal::RefreshTokenInvalid))?;
            let caller = by.judged_by(view.client.as_ref())?;
            let scene = Scene {
                family: &view.family,
                client: view.client.as_ref(),
                user: view.user.as_ref(),
                session: view.session.as_ref(),
            };
            let (now, lifetimes) = (self.env.now(), self.settings.tokens);
            let Decision { reply, requires, changes } = refresh::refresh(
                scene,
                caller,
                (&token, Some(&narrowed)),
                carried,
                lifetimes,
                now,
                &mut self.env.entropy(),
            );
            let reply = match reply {
                Refreshed::Refuse(refusal) => Err(refusal),
                Refreshed::Issue(issue) => Ok(self.sign(*issue).map_err(Failed::Refused)?),
            };
            Ok(by.spend(Decision { reply: (reply, view.family.grant_id), requires, changes }))
        })
        .await;
        let (outcome, grant_id) = match refreshed {
            Ok(refreshed) => refreshed,
            Err(failed) => return Err(by.refused(&self.store, failed).await),
        };
        *replayed = (outcome.as_ref().err() == Some(&Refusal::RefreshTokenReplayed)).then_some(grant_id);
        outcome
    }
}
