//! A client looks after its registration (RFC 7592): reads, replaces and ends it.

use std::sync::Arc;

use proto::change::Decision;
use proto::grant::revoke::revoke;
use proto::model::{Client, ClientId};
use proto::registration::{self as decide, Occasion, Refusal, Updated};
use proto::secret::RegistrationAccessToken;
use proto::wire::registration::ClientInformation;
use store::load::{FamilyFilter, GrantFilter, GrantSelection};

use super::said::{Body, Said};
use super::{MayFetch, refused, unavailable};
use crate::commit::{Failed, commit};
use crate::{Flow, Unavailable};

/// Rows of one commit when everything of a client ends.
const CHUNK: usize = 500;

impl Flow {
    /// What is registered of the client `id` (RFC 7592 §2.1), for who shows its registration access token.
    ///
    /// # Errors
    /// The token, or the store.
    pub async fn read_registration(&self, id: &str, token: &str) -> Result<ClientInformation, Refusal> {
        let token = RegistrationAccessToken::presented(token);
        let client = self.looked_after(id, &token).await?;
        let client = self.store.client(&client.id).await.map_err(|error| unavailable(error.into()))?;
        let found = decide::authorize(client.as_ref(), &token.hash())?;
        Ok(self.information(found, &token, None))
    }

    /// Replaces what is registered of the client `id` (RFC 7592 §2.2).
    ///
    /// # Errors
    /// The token, what the client says, or the store.
    pub async fn update_registration(
        &self,
        id: &str,
        token: &str,
        body: &[u8],
        may_fetch: MayFetch,
    ) -> Result<(ClientId, ClientInformation), Refusal> {
        let token = RegistrationAccessToken::presented(token);
        let known = self.looked_after(id, &token).await?;
        let body = Body::read(body)?;
        let repeated = body.repeated()?;
        let statement = body.statement()?.map(str::to_owned);
        let says = match &statement {
            None => None,
            Some(text) => {
                // One that the client was registered with was in its time then.
                let registered = known.registration.as_ref().and_then(|own| own.statement.as_deref());
                let now = (registered != Some(text)).then(|| self.env.now());
                Some(self.trusted(text, now)?.1)
            }
        };
        let Said { metadata, keys } = body.said(says, may_fetch)?;
        let updated: Result<Updated, _> = commit!(&self.store, &self.env, async {
            let client = self.store.client(&known.id).await?;
            let found = decide::authorize(client.as_ref(), &token.hash()).map_err(Failed::Refused)?;
            decide::repeats(found, &repeated, statement.as_deref()).map_err(Failed::Refused)?;
            let wanted = decide::judge(&metadata, keys.clone(), &found.1.ceiling, Occasion::Update);
            let wanted = wanted.map_err(Failed::Refused)?;
            Ok(decide::update(found, wanted, &repeated, statement.as_deref(), &mut self.env.entropy()))
        })
        .await;
        let updated = updated.map_err(refused)?;
        self.clients.forget(&known.id);
        let information = self.information((&updated.client, &updated.registration), &token, updated.secret.as_ref());
        Ok((known.id.clone(), information))
    }

    /// Ends the registration of the client `id` (RFC 7592 §2.3). When this returns, nothing of it is good for anything: its
    /// codes and tokens need the client, and that is gone.
    ///
    /// # Errors
    /// The token, or the store.
    pub async fn end_registration(&self, id: &str, token: &str) -> Result<ClientId, Refusal> {
        let token = RegistrationAccessToken::presented(token);
        let id = self.looked_after(id, &token).await?.id.clone();
        let mut tried = false;
        let ended: Result<(), _> = commit!(&self.store, &self.env, async {
            let client = self.store.client(&id).await?;
            if client.is_none() && tried {
                // The reply to the attempt before was lost.
                return Ok(Decision::only(()));
            }
            let (client, _) = decide::authorize(client.as_ref(), &token.hash()).map_err(Failed::Refused)?;
            tried = true;
            Ok(decide::remove(client))
        })
        .await;
        ended.map_err(refused)?;
        self.clients.forget(&id);
        if let Err(error) = self.end_grants(&id).await {
            // Nothing of it is good any more; it is only that its rows do not say so.
            tracing::warn!(client = %id, %error, "the grants of a client that is gone could not all be marked");
        }
        Ok(id)
    }

    /// The client `id` as it is known here, if `token` is its registration access token: garbage costs no look-up more than
    /// a poll of a stranger does.
    async fn looked_after(&self, id: &str, token: &RegistrationAccessToken) -> Result<Arc<Client>, Refusal> {
        let id = ClientId::parse(id).ok_or(Refusal::TokenInvalid)?;
        let known = self.clients.get(&self.store, &id, self.env.now()).await;
        let known = known.map_err(|error| unavailable(error.into()))?.ok_or(Refusal::TokenInvalid)?;
        decide::authorize(Some(&known), &token.hash())?;
        Ok(known)
    }

    /// Marks what a client that is gone was given and still waits for, so that devices and people hear of the end.
    pub(crate) async fn end_grants(&self, id: &ClientId) -> Result<(), Unavailable> {
        let client = || Some(id.clone());
        loop {
            let ended = commit!(&self.store, &self.env, async {
                let now = self.env.now();
                let selection = GrantSelection::Live(now);
                let filter = GrantFilter { selection, client: client(), limit: CHUNK, ..GrantFilter::default() };
                let grants = self.store.grants(filter).await?;
                let changes: Vec<_> = grants.iter().filter_map(|grant| decide::ended(grant, now)).collect();
                Ok(Decision { reply: changes.len(), requires: Vec::new(), changes })
            });
            if ended.await.map_err(Unavailable::from_failed)? < CHUNK {
                break;
            }
        }
        loop {
            let ended = commit!(&self.store, &self.env, async {
                let now = self.env.now();
                let filter =
                    FamilyFilter { live: Some(now), client: client(), limit: CHUNK, ..FamilyFilter::default() };
                let families = self.store.families(filter).await?;
                let decisions = families.iter().filter_map(|family| revoke(family, id, now).ok());
                let changes: Vec<_> = decisions.flat_map(|decision| decision.changes).collect();
                Ok(Decision { reply: changes.len(), requires: Vec::new(), changes })
            });
            if ended.await.map_err(Unavailable::from_failed)? < CHUNK {
                return Ok(());
            }
        }
    }
}
