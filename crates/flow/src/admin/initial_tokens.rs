//! Initial access tokens (RFC 7591 §1.2): whom the operator lets register clients.

use std::time::Duration;

use proto::change::{Change, Decision, Row};
use proto::model::{Ceiling, InitialToken, InitialTokenId};
use proto::secret::InitialAccessToken;

use super::{Admin, AdminError, failed};
use crate::commit::commit;

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewInitialToken {
    /// What it is for.
    pub note: String,
    /// What clients that are registered with it may be.
    pub ceiling: Ceiling,
    /// How many may be; `None` for as many as will.
    pub uses: Option<u32>,
    /// How long it is good; `None` for ever.
    pub lifetime: Option<Duration>,
}

impl Admin<'_> {
    /// Makes a token, which is returned once and never again.
    ///
    /// # Errors
    /// The store.
    pub async fn add_initial_token(
        &self,
        new: &NewInitialToken,
    ) -> Result<(InitialAccessToken, InitialToken), AdminError> {
        let flow = self.0;
        let token = InitialAccessToken::draw(&mut flow.env.entropy());
        let (hash, now) = (token.hash(), flow.env.now());
        let row = InitialToken {
            id: InitialToken::id_of(&hash),
            token: hash,
            note: new.note.clone(),
            ceiling: new.ceiling.clone(),
            uses_left: new.uses,
            expires_at: new.lifetime.map(|lifetime| now + lifetime),
            revoked_at: None,
            created_at: now,
            version: 0,
        };
        commit!(&flow.store, &flow.env, async {
            let changes = vec![Change::Put(Row::InitialToken(Box::new(row.clone())))];
            Ok(Decision { reply: (), requires: Vec::new(), changes })
        })
        .await
        .map_err(failed("initial access token"))?;
        Ok((token, row))
    }

    /// All of them, the oldest first, those that are no good any more too.
    ///
    /// # Errors
    /// The store.
    pub async fn initial_tokens(&self) -> Result<Vec<InitialToken>, AdminError> {
        Ok(self.0.store.initial_tokens().await?)
    }

    /// Ends one at once. Clients that were registered with it stay.
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn revoke_initial_token(&self, id: InitialTokenId) -> Result<(), AdminError> {
        let flow = self.0;
        commit!(&flow.store, &flow.env, async {
            let Some(row) = flow.store.initial_token(id).await? else { return Ok(Decision::only(false)) };
            if row.revoked_at.is_some() {
                return Ok(Decision::only(true));
            }
            let row = InitialToken { revoked_at: Some(flow.env.now()), ..row };
            let changes = vec![Change::Put(Row::InitialToken(Box::new(row)))];
            Ok(Decision { reply: true, requires: Vec::new(), changes })
        })
        .await
        .map_err(failed("initial access token"))?
        .then_some(())
        .ok_or_else(|| AdminError::Unknown(format!("initial access token {id}")))
    }
}
