//! Rows as tests need them: valid, all different, a function of a seed.

use std::time::Duration;

use proto::change::{Change, Commit, Deployment, Require, Row, Spent, SpentId};
use proto::entropy::{Seeded, bytes};
use proto::model::{
    Amr, Approval, AuthMethod, Ceiling, Client, ClientAddress, ClientId, CommitId, DeviceAuth, DevicePolicy, Family,
    FamilyId, Grant, GrantState, GrantType, InitialToken, KeyId, KeyPurpose, KeyState, LinkPolicy, Redemption, Refresh,
    Scope, SealedKey, Session, SessionId, SigningAlg, TokenPolicy, User, UserId, UserName, UserState,
};
use proto::secret::{DeviceCodeHash, SecretHash, UserCodeHash};
use proto::{Entropy, Timestamp};

/// When the tests take place.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// When all of the fixtures' grants and sessions are forgotten.
#[cfg(test)]
pub(crate) const LATER: Timestamp = Timestamp::from_millis(1_900_000_000_000);
/// The lifetime of the fixtures' grants.
pub(super) const LIFETIME: Duration = Duration::from_mins(10);

/// Makes rows that were never written.
#[derive(Clone, Debug)]
pub struct Maker(pub(super) Seeded);

impl Maker {
    /// A maker whose rows are a function of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Seeded::new(seed))
    }

    /// The name of a new commit.
    pub fn commit_id(&mut self) -> CommitId {
        CommitId::draw(NOW, &mut self.0)
    }

    /// A commit that puts `rows` and requires nothing.
    pub fn puts(&mut self, rows: impl IntoIterator<Item = Row>) -> Commit {
        self.commit([], rows.into_iter().map(Change::Put))
    }

    /// A commit.
    pub fn commit(
        &mut self,
        requires: impl IntoIterator<Item = Require>,
        changes: impl IntoIterator<Item = Change>,
    ) -> Commit {
        Commit {
            id: self.commit_id(),
            requires: requires.into_iter().collect(),
            changes: changes.into_iter().collect(),
        }
    }

    /// A public client.
    pub fn client(&mut self) -> Client {
        Client {
            id: ClientId::parse(&format!("client-{:016x}", self.0.next_u64())).unwrap(),
            name: "Living-room TV".to_owned(),
            auth: AuthMethod::None,
            secrets: Vec::new(),
            keys: None,
            assertion_alg: None,
            grants: vec![GrantType::DeviceCode],
            scopes: Scope::parse("openid profile").unwrap(),
            origins: Vec::new(),
            link: LinkPolicy::SameNetwork,
            device_auth: DeviceAuth::Required,
            id_token_alg: SigningAlg::Rs256,
            device: DevicePolicy::default(),
            tokens: TokenPolicy::default(),
            introspects: false,
            verified: true,
            enabled: true,
            registration: None,
            declaration: None,
            created_at: NOW,
            version: 0,
        }
    }

    /// An active person.
    pub fn user(&mut self) -> User {
        User {
            id: UserId::draw(NOW, &mut self.0),
            name: UserName::parse(&format!("anna-{:016x}", self.0.next_u64())).unwrap(),
            display_name: None,
            email: None,
            password: None,
            state: UserState::Active,
            created_at: NOW,
            version: 0,
        }
    }

    /// A session of `user`.
    pub fn session(&mut self, user: &User) -> Session {
        Session {
            id: SessionId::draw(NOW, &mut self.0),
            token: self.secret(),
            user_id: user.id,
            auth_time: NOW,
            amr: vec![Amr::Password],
            address: ClientAddress::direct([192, 0, 2, 7].into()),
            user_agent: "Firefox".to_owned(),
            last_seen: NOW,
            expires_at: NOW + Duration::from_hours(12),
            ended_at: None,
            revoked: None,
            version: 0,
        }
    }

    /// A pending grant of `client`.
    pub fn grant(&mut self, client: &Client) -> Grant {
        let device_code = DeviceCodeHash::from_bytes(bytes(&mut self.0));
        Grant {
            id: device_code.grant_id(),
            device_code,
            user_code: UserCodeHash::from_bytes(bytes(&mut self.0)),
            client_id: client.id.clone(),
            scope: client.scopes.clone(),
            resources: Vec::new(),
            dpop: None,
            code_challenge: None,
            device_name: None,
            requester: ClientAddress::direct([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
            created_at: NOW,
            expires_at: NOW + LIFETIME,
            interval: Duration::from_secs(1),
            hold: None,
            state: GrantState::Pending,
            version: 0,
        }
    }

    /// The yes of the person of `session`.
    #[must_use]
    pub fn approval(session: &Session) -> Approval {
        Approval {
            at: NOW + Duration::from_secs(20),
            user_id: session.user_id,
            session_id: session.id,
            auth_time: session.auth_time,
            amr: session.amr.clone(),
        }
    }

    /// The grant after its redemption, and the family that came of it.
    pub fn redeemed(&mut self, grant: &Grant, approval: Approval) -> (Grant, Family) {
        let at = approval.at + Duration::from_secs(1);
        let family = Family {
            id: FamilyId::draw(at, &mut self.0),
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            user_id: approval.user_id,
            session_id: approval.session_id,
            scope: grant.scope.clone(),
            resources: grant.resources.clone(),
            dpop: grant.dpop,
            device_name: grant.device_name.clone(),
            requester: Some(grant.requester),
            issued_at: at,
            expires_at: at + Duration::from_mins(10),
            refresh: None,
            refreshed_at: None,
            revoked_at: None,
            version: 0,
        };
        let redemption = Redemption { at, last_issue: at, family_id: family.id, replaced: false };
        (Grant { state: GrantState::Redeemed(approval, redemption), ..grant.clone() }, family)
    }

    /// What makes `family` one that may be refreshed, its token replaced `generation` times.
    pub fn refresh(&mut self, family: &Family, generation: u32) -> Refresh {
        Refresh { token: self.secret(), generation, idle_until: family.issued_at + Duration::from_mins(5) }
    }

    /// An initial access token, good for ever.
    pub fn initial_token(&mut self) -> InitialToken {
        let token = self.secret();
        InitialToken {
            id: InitialToken::id_of(&token),
            token,
            note: "factory".to_owned(),
            ceiling: Ceiling::default(),
            uses_left: None,
            expires_at: None,
            revoked_at: None,
            created_at: NOW,
            version: 0,
        }
    }

    /// A sealed key.
    pub fn sealed_key(&mut self) -> SealedKey {
        SealedKey {
            id: KeyId::draw(NOW, &mut self.0),
            purpose: KeyPurpose::UserCode,
            state: KeyState::Active,
            sealed: bytes::<60>(&mut self.0).to_vec(),
            created_at: NOW,
            changed_at: NOW,
            version: 0,
        }
    }

    /// A proof that was used, good until `until`.
    pub fn spent(&mut self, until: Timestamp) -> Spent {
        Spent { id: SpentId(bytes(&mut self.0)), until }
    }

    /// The facts of a deployment.
    pub fn deployment(&mut self) -> Deployment {
        Deployment { key_fingerprint: bytes(&mut self.0), version: 0 }
    }

    /// An approved grant.
    pub(crate) fn approved(&mut self, client: &Client, approval: Approval) -> Grant {
        Grant { state: GrantState::Approved(approval), ..self.grant(client) }
    }

    pub(crate) fn secret(&mut self) -> SecretHash {
        let mut secret = [0; 32];
        self.0.fill(&mut secret);
        SecretHash::of(&secret)
    }
}
