//! Rows with every part that a row can have.

use std::time::Duration;

use proto::change::Row;
use proto::entropy::bytes;
use proto::model::{
    AccessTokenFormat, AddressOrigin, AuthMethod, Ceiling, Client, ClientAddress, ClientKeys, CodeChallenge, Demand,
    DeviceAuth, DevicePolicy, FamilyId, Grant, GrantState, GrantType, KeyPurpose, KeyState, KeyThumbprint, LinkPolicy,
    Origin, Registration, Resource, Revocation, RevocationCause, Rotation, Scope, SealedKey, SigningAlg, SubjectType,
    TokenPolicy, UserState,
};
use proto::secret::Alphabet;

use super::Maker;
use super::fixtures::NOW;

/// APIs that tokens are for.
const API: [&str; 2] = ["https://api.example.com/photos?v=1", "urn:example:'api'"];

impl Maker {
    /// A client with every setting that a client can have.
    pub(crate) fn rich_client(&mut self) -> Client {
        Client {
            name: "Büro-Drucker \u{1f5a8} \0 'quoted'".to_owned(),
            auth: AuthMethod::ClientSecretBasic,
            secrets: vec![self.secret(), self.secret()],
            keys: Some(ClientKeys::Set(r#"{"keys":[{"crv":"Ed25519","kty":"OKP","x":"'é'"}]}"#.into())),
            assertion_alg: Some(SigningAlg::EdDsa),
            grants: vec![GrantType::RefreshToken, GrantType::DeviceCode],
            scopes: Scope::default(),
            origins: vec![Origin("https://tv.example.com".into()), Origin("http://localhost:8080".into())],
            link: LinkPolicy::Always,
            device_auth: DeviceAuth::Optional,
            id_token_alg: SigningAlg::Es256,
            device: DevicePolicy {
                alphabet: Some(Alphabet::Digits),
                hold: Some(Duration::ZERO),
                interval: Some(Duration::from_secs(7)),
                lifetime: Some(Duration::from_millis(90_001)),
                pkce: Demand::Required,
            },
            tokens: TokenPolicy {
                format: AccessTokenFormat::Opaque,
                alg: Some(SigningAlg::Rs256),
                access_lifetime: Some(Duration::from_millis(60_001)),
                refresh_idle: Some(Duration::from_hours(5)),
                refresh_absolute: Some(Duration::from_hours(700)),
                rotation: Rotation::Always,
                dpop: Demand::Required,
                subject: SubjectType::Pairwise(Some("tv.example.com".into())),
                resources: API.iter().map(|api| Resource::parse(api).unwrap()).collect(),
            },
            introspects: true,
            verified: false,
            enabled: false,
            registration: Some(Registration {
                token: self.secret(),
                ceiling: Ceiling {
                    grants: vec![GrantType::DeviceCode],
                    scopes: Scope::parse("openid offline_access").unwrap(),
                },
                statement: Some("eyJ.e30.AA".into()),
                unused_until: Some(NOW + Duration::from_mins(30)),
                software_id: Some("4NRB1-0XZABZI9E6-5SM3R".into()),
                software_version: Some("2.3 \u{3b2}".into()),
            }),
            declaration: Some(bytes(&mut self.0)),
            ..self.client()
        }
    }

    /// A client that signs assertions, is a sector by itself and registered itself, with what it need not say left out.
    pub(crate) fn keyed_client(&mut self) -> Client {
        Client {
            auth: AuthMethod::PrivateKeyJwt,
            keys: Some(ClientKeys::At("https://tv.example.com/keys.json".into())),
            id_token_alg: SigningAlg::EdDsa,
            tokens: TokenPolicy {
                alg: Some(SigningAlg::EdDsa),
                subject: SubjectType::Pairwise(None),
                resources: vec![Resource::parse(API[0]).unwrap()],
                ..TokenPolicy::default()
            },
            registration: Some(Registration {
                token: self.secret(),
                ceiling: Ceiling::default(),
                statement: None,
                unused_until: None,
                software_id: None,
                software_version: None,
            }),
            ..self.client()
        }
    }

    /// A pending grant of `client` that is bound to all that a grant can be bound to.
    pub(crate) fn rich_grant(&mut self, client: &Client) -> Grant {
        Grant {
            resources: API.iter().map(|api| Resource::parse(api).unwrap()).collect(),
            dpop: Some(KeyThumbprint::from_bytes(bytes(&mut self.0))),
            code_challenge: Some(CodeChallenge::from_bytes(bytes(&mut self.0))),
            ..self.grant(client)
        }
    }

    /// Rows of every kind that has versions, in every state, with every optional part there and missing.
    pub(crate) fn every_row(&mut self) -> Vec<Row> {
        let (client, rich, keyed) = (self.client(), self.rich_client(), self.keyed_client());
        let (user, mut locked) = (self.user(), self.user());
        locked.display_name = Some("Анна".to_owned());
        locked.email = Some("anna@example.com".to_owned());
        locked.password = Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into());
        locked.state = UserState::Locked;
        let session = self.session(&user);
        let mut rows = vec![
            Row::Deployment(self.deployment()),
            Row::User(user.clone().into()),
            Row::User(locked.into()),
            Row::Session(session.clone().into()),
        ];
        for cause in [RevocationCause::Administrator, RevocationCause::Everywhere, RevocationCause::NotMe] {
            let mut ended = self.session(&user);
            ended.amr = Vec::new();
            ended.ended_at = Some(NOW);
            ended.revoked = Some(Revocation { at: NOW, cause });
            ended.address = ClientAddress { ip: [10, 0, 0, 1].into(), origin: AddressOrigin::Unknown };
            rows.push(Row::Session(ended.into()));
        }
        let approval = Self::approval(&session);
        let grant = self.grant(&client);
        rows.push(Row::Grant(self.approved(&client, approval.clone()).into()));
        for reported in [false, true] {
            let state = GrantState::Denied { at: NOW, by: user.id, reported };
            rows.push(Row::Grant(Grant { state, ..self.grant(&client) }.into()));
        }
        rows.push(Row::Grant(self.rich_grant(&client).into()));
        let (mut redeemed, mut family) = self.redeemed(&grant, approval);
        redeemed.hold = Some(Duration::from_secs(4));
        redeemed.device_name = Some("Wohnzimmer".to_owned());
        redeemed.requester.origin = AddressOrigin::Forwarded;
        rows.push(Row::Grant(redeemed.into()));
        rows.push(Row::Family(family.clone().into()));
        for (resources, dpop) in [(API.as_slice(), None), (&API[..1], Some(KeyThumbprint::from_bytes([0; 32])))] {
            family.id = FamilyId::draw(NOW, &mut self.0);
            family.resources = resources.iter().map(|api| Resource::parse(api).unwrap()).collect();
            family.dpop = dpop;
            rows.push(Row::Family(family.clone().into()));
        }
        for (generation, at) in [(Some(0), None), (None, Some(NOW)), (Some(u32::MAX), Some(NOW))] {
            family.id = FamilyId::draw(NOW, &mut self.0);
            family.refresh = generation.map(|generation| self.refresh(&family, generation));
            family.refreshed_at = at;
            family.revoked_at = at;
            rows.push(Row::Family(family.clone().into()));
        }
        for (name, origin) in [
            (Some("Küche 📺 \0 'quoted'"), None),
            (None, Some(AddressOrigin::Forwarded)),
            (Some("Living-room TV"), Some(AddressOrigin::Unknown)),
            (None, None),
        ] {
            family.id = FamilyId::draw(NOW, &mut self.0);
            family.device_name = name.map(str::to_owned);
            family.requester = origin.map(|origin| ClientAddress { ip: [192, 0, 2, 8].into(), origin });
            rows.push(Row::Family(family.clone().into()));
        }
        rows.push(Row::Grant(self.grant(&client).into()));
        rows.extend([client, rich, keyed].map(|client| Row::Client(client.into())));
        let (lasting, mut ended) = (self.initial_token(), self.initial_token());
        ended.note = "Büro \0 'quoted'".to_owned();
        ended.ceiling = Ceiling {
            grants: vec![GrantType::RefreshToken, GrantType::DeviceCode],
            scopes: Scope::parse("profile openid").unwrap(),
        };
        (ended.uses_left, ended.expires_at, ended.revoked_at) = (Some(0), Some(NOW), Some(NOW));
        rows.extend([lasting, ended].map(|token| Row::InitialToken(token.into())));
        for purpose in KeyPurpose::ALL {
            for state in [KeyState::Active, KeyState::Next, KeyState::Retired] {
                rows.push(Row::SealedKey(SealedKey { purpose, state, ..self.sealed_key() }.into()));
            }
        }
        rows
    }
}
