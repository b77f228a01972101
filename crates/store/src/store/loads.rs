//! The typed loads: each one consistent view, each one round trip.
//!
//! Those over the network are boxed: their futures are large, and a load is awaited deep inside every use case.

use proto::Timestamp;
use proto::change::{Deployment, Key};
use proto::model::{
    Client, ClientId, CommitId, Family, FamilyId, Grant, GrantId, InitialToken, InitialTokenId, SealedKey, Session,
    SessionId, User, UserId, UserName,
};
use proto::secret::{DeviceCodeHash, SecretHash, UserCodeHash};

use super::Store;
use crate::access::Operation;
use crate::load::{DecideView, FamilyFilter, FamilyView, GrantFilter, RedeemView, SessionView};
use crate::view::Load;

/// Every function here fails only when the store cannot serve, or names a row that is corrupt.
#[expect(clippy::missing_errors_doc, reason = "the sentence above is all there is to say, twenty times")]
impl Store {
    /// One client.
    pub async fn client(&self, id: &ClientId) -> Load<Option<Client>> {
        if let Some(postgres) = self.remote(Operation::Client)? {
            return Box::pin(postgres.client(id)).await;
        }
        let id = id.clone();
        self.read(Operation::Client, move |view| view.client(&id)).await
    }

    /// All clients, by identifier.
    pub async fn clients(&self) -> Load<Vec<Client>> {
        if let Some(postgres) = self.remote(Operation::Clients)? {
            return Box::pin(postgres.clients()).await;
        }
        self.read(Operation::Clients, |view| view.clients()).await
    }

    /// A grant with all that its redemption looks at.
    pub async fn redeem_view(&self, code: &DeviceCodeHash) -> Load<Option<RedeemView>> {
        if let Some(postgres) = self.remote(Operation::RedeemView)? {
            return Box::pin(postgres.redeem_view(code)).await;
        }
        let code = *code;
        self.read(Operation::RedeemView, move |view| view.redeem_view(&code)).await
    }

    /// The grant of a user code, which is hashed under each live key; the first hash that finds one counts.
    pub async fn decide_view_by_user_code(&self, hashes: &[UserCodeHash]) -> Load<Option<DecideView>> {
        if let Some(postgres) = self.remote(Operation::DecideView)? {
            return Box::pin(postgres.decide_view_by_user_code(hashes)).await;
        }
        let hashes = hashes.to_vec();
        self.read(Operation::DecideView, move |view| view.decide_view_by_user_code(&hashes)).await
    }

    /// A grant with its client.
    pub async fn decide_view(&self, id: GrantId) -> Load<Option<DecideView>> {
        if let Some(postgres) = self.remote(Operation::DecideView)? {
            return Box::pin(postgres.decide_view(id)).await;
        }
        self.read(Operation::DecideView, move |view| view.decide_view(id)).await
    }

    /// The session of a cookie, with its person; `None` when that person was removed.
    pub async fn session_view(&self, token: &SecretHash) -> Load<Option<SessionView>> {
        if let Some(postgres) = self.remote(Operation::SessionView)? {
            return Box::pin(postgres.session_view(token)).await;
        }
        let token = *token;
        self.read(Operation::SessionView, move |view| view.session_view(&token)).await
    }

    /// One session.
    pub async fn session(&self, id: SessionId) -> Load<Option<Session>> {
        if let Some(postgres) = self.remote(Operation::Session)? {
            return Box::pin(postgres.session(id)).await;
        }
        self.read(Operation::Session, move |view| view.session(id)).await
    }

    /// All sessions of a person that are remembered, the newest first.
    pub async fn sessions_of(&self, user: UserId) -> Load<Vec<Session>> {
        if let Some(postgres) = self.remote(Operation::Sessions)? {
            return Box::pin(postgres.sessions_of(user)).await;
        }
        self.read(Operation::Sessions, move |view| view.sessions_of(user)).await
    }

    /// All families of a person that are remembered, the newest first.
    pub async fn families_of(&self, user: UserId) -> Load<Vec<Family>> {
        self.families(FamilyFilter { user: Some(user), ..FamilyFilter::default() }).await
    }

    /// Families, the newest first.
    pub async fn families(&self, filter: FamilyFilter) -> Load<Vec<Family>> {
        if let Some(postgres) = self.remote(Operation::Families)? {
            return Box::pin(postgres.families(&filter)).await;
        }
        self.read(Operation::Families, move |view| view.families(&filter)).await
    }

    /// A family with all that its tokens depend on.
    pub async fn family_view(&self, id: FamilyId) -> Load<Option<FamilyView>> {
        if let Some(postgres) = self.remote(Operation::FamilyView)? {
            return Box::pin(postgres.family_view(id)).await;
        }
        self.read(Operation::FamilyView, move |view| view.family_view(id)).await
    }

    /// One person.
    pub async fn user(&self, id: UserId) -> Load<Option<User>> {
        if let Some(postgres) = self.remote(Operation::User)? {
            return Box::pin(postgres.user(id)).await;
        }
        self.read(Operation::User, move |view| view.user(id)).await
    }

    /// One person, by sign-in name.
    pub async fn user_by_name(&self, name: &UserName) -> Load<Option<User>> {
        if let Some(postgres) = self.remote(Operation::User)? {
            return Box::pin(postgres.user_by_name(name)).await;
        }
        let name = name.clone();
        self.read(Operation::User, move |view| view.user_by_name(&name)).await
    }

    /// All people, by name.
    pub async fn users(&self) -> Load<Vec<User>> {
        if let Some(postgres) = self.remote(Operation::Users)? {
            return Box::pin(postgres.users()).await;
        }
        self.read(Operation::Users, |view| view.users()).await
    }

    /// One grant.
    pub async fn grant(&self, id: GrantId) -> Load<Option<Grant>> {
        if let Some(postgres) = self.remote(Operation::Grant)? {
            return Box::pin(postgres.grant(id)).await;
        }
        self.read(Operation::Grant, move |view| view.grant(id)).await
    }

    /// Grants, the newest first.
    pub async fn grants(&self, filter: GrantFilter) -> Load<Vec<Grant>> {
        if let Some(postgres) = self.remote(Operation::Grants)? {
            return Box::pin(postgres.grants(&filter)).await;
        }
        self.read(Operation::Grants, move |view| view.grants(&filter)).await
    }

    /// One initial access token.
    pub async fn initial_token(&self, id: InitialTokenId) -> Load<Option<InitialToken>> {
        if let Some(postgres) = self.remote(Operation::InitialToken)? {
            return Box::pin(postgres.initial_token(id)).await;
        }
        self.read(Operation::InitialToken, move |view| view.initial_token(id)).await
    }

    /// All initial access tokens, the oldest first.
    pub async fn initial_tokens(&self) -> Load<Vec<InitialToken>> {
        if let Some(postgres) = self.remote(Operation::InitialTokens)? {
            return Box::pin(postgres.initial_tokens()).await;
        }
        self.read(Operation::InitialTokens, |view| view.initial_tokens()).await
    }

    /// How many grants a person may still decide: pending and not expired.
    pub async fn pending_count(&self, now: Timestamp) -> Load<u64> {
        if let Some(postgres) = self.remote(Operation::PendingCount)? {
            return Box::pin(postgres.pending_count(now)).await;
        }
        self.read(Operation::PendingCount, move |view| view.pending_count(now)).await
    }

    /// All sealed keys, the oldest first.
    pub async fn sealed_keys(&self) -> Load<Vec<SealedKey>> {
        if let Some(postgres) = self.remote(Operation::SealedKeys)? {
            return Box::pin(postgres.sealed_keys()).await;
        }
        self.read(Operation::SealedKeys, |view| view.sealed_keys()).await
    }

    /// The facts of the deployment, once they were written.
    pub async fn deployment(&self) -> Load<Option<Deployment>> {
        if let Some(postgres) = self.remote(Operation::Deployment)? {
            return Box::pin(postgres.deployment()).await;
        }
        self.read(Operation::Deployment, |view| view.deployment()).await
    }

    /// Which commit wrote a row last; `None` when there is no such row. The author of a commit whose reply was lost
    /// finds out whether it was carried out.
    pub async fn stamp(&self, key: &Key) -> Load<Option<CommitId>> {
        if let Some(postgres) = self.remote(Operation::Stamp)? {
            return Box::pin(postgres.stamp(key)).await;
        }
        let key = key.clone();
        self.read(Operation::Stamp, move |view| view.stamp(&key)).await
    }
}
