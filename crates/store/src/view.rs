//! The loads of one consistent view, as each backend offers them. The joined ones are put together here, once.

use proto::Timestamp;
use proto::change::{Deployment, Key};
use proto::model::{
    Client, ClientId, CommitId, Family, FamilyId, Grant, GrantId, GrantState, InitialToken, InitialTokenId, SealedKey,
    Session, SessionId, User, UserId, UserName,
};
use proto::secret::{DeviceCodeHash, SecretHash, UserCodeHash};

use crate::StoreError;
use crate::load::{DecideView, FamilyFilter, FamilyView, GrantFilter, RedeemView, SessionView};

/// What a load gives.
pub(crate) type Load<T> = Result<T, StoreError>;

/// A view of the state at one moment: all loads of one view agree with each other.
pub(crate) trait View {
    fn client(&self, id: &ClientId) -> Load<Option<Client>>;
    /// By identifier.
    fn clients(&self) -> Load<Vec<Client>>;
    fn deployment(&self) -> Load<Option<Deployment>>;
    /// The newest first.
    fn families(&self, filter: &FamilyFilter) -> Load<Vec<Family>>;
    fn family(&self, id: FamilyId) -> Load<Option<Family>>;
    fn grant(&self, id: GrantId) -> Load<Option<Grant>>;
    fn grant_by_user_code(&self, hash: &UserCodeHash) -> Load<Option<Grant>>;
    /// The newest first.
    fn grants(&self, filter: &GrantFilter) -> Load<Vec<Grant>>;
    fn initial_token(&self, id: InitialTokenId) -> Load<Option<InitialToken>>;
    /// By age.
    fn initial_tokens(&self) -> Load<Vec<InitialToken>>;
    fn pending_count(&self, now: Timestamp) -> Load<u64>;
    /// By age.
    fn sealed_keys(&self) -> Load<Vec<SealedKey>>;
    fn session(&self, id: SessionId) -> Load<Option<Session>>;
    fn session_by_token(&self, token: &SecretHash) -> Load<Option<Session>>;
    /// The newest first.
    fn sessions_of(&self, user: UserId) -> Load<Vec<Session>>;
    fn stamp(&self, key: &Key) -> Load<Option<CommitId>>;
    fn user(&self, id: UserId) -> Load<Option<User>>;
    fn user_by_name(&self, name: &UserName) -> Load<Option<User>>;
    /// By name.
    fn users(&self) -> Load<Vec<User>>;

    fn redeem_view(&self, code: &DeviceCodeHash) -> Load<Option<RedeemView>> {
        let Some(grant) = self.grant(code.grant_id())?.filter(|grant| grant.device_code == *code) else {
            return Ok(None);
        };
        let (user, session) = match &grant.state {
            GrantState::Approved(approval) | GrantState::Redeemed(approval, _) => {
                (self.user(approval.user_id)?, self.session(approval.session_id)?)
            }
            GrantState::Denied { .. } | GrantState::Pending => (None, None),
        };
        let family = match &grant.state {
            GrantState::Redeemed(_, redemption) => self.family(redemption.family_id)?,
            GrantState::Approved(_) | GrantState::Denied { .. } | GrantState::Pending => None,
        };
        let client = self.client(&grant.client_id)?;
        Ok(Some(RedeemView { grant, client, user, session, family }))
    }

    fn decide_view(&self, id: GrantId) -> Load<Option<DecideView>> {
        self.grant(id)?.map(|grant| self.with_client(grant)).transpose()
    }

    fn decide_view_by_user_code(&self, hashes: &[UserCodeHash]) -> Load<Option<DecideView>> {
        for hash in hashes {
            if let Some(grant) = self.grant_by_user_code(hash)? {
                return self.with_client(grant).map(Some);
            }
        }
        Ok(None)
    }

    fn with_client(&self, grant: Grant) -> Load<DecideView> {
        let client = self.client(&grant.client_id)?;
        Ok(DecideView { grant, client })
    }

    fn session_view(&self, token: &SecretHash) -> Load<Option<SessionView>> {
        let Some(session) = self.session_by_token(token)? else {
            return Ok(None);
        };
        Ok(self.user(session.user_id)?.map(|user| SessionView { session, user }))
    }

    fn family_view(&self, id: FamilyId) -> Load<Option<FamilyView>> {
        let Some(family) = self.family(id)? else {
            return Ok(None);
        };
        let client = self.client(&family.client_id)?;
        let user = self.user(family.user_id)?;
        let session = self.session(family.session_id)?;
        Ok(Some(FamilyView { family, client, user, session }))
    }
}
