//! The rows that tests start from: people, their sessions, clients of every kind. Shared by the unit tests of
//! `proto::grant` and by the tests of whole flows.

use std::net::Ipv4Addr;
use std::time::Duration;

use proto::Timestamp;
use proto::grant::Lifetimes;
use proto::grant::mint::Issuer;
use proto::grant::start::Terms;
use proto::model::{
    Amr, AuthMethod, Client, ClientAddress, ClientId, DeviceAuth, DevicePolicy, GrantType, KeyId, LinkPolicy, Scope,
    Session, SessionId, SigningAlg, TokenPolicy, User, UserId, UserName, UserState,
};
use proto::secret::{Alphabet, ClientSecret, MacKey, SecretHash};
use proto::wire::credentials::{Credentials, Presented};
use zeroize::Zeroizing;

/// When every test begins.
pub(crate) const T0: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// The secret of every confidential client.
pub(crate) const SECRET: &str = "cs_the-secret-of-every-confidential-client";
/// How long a grant's codes live.
pub(crate) const LIFETIME: Duration = Duration::from_secs(600);

pub(crate) fn client(id: &str, auth: AuthMethod) -> Client {
    let secrets = match auth {
        AuthMethod::None | AuthMethod::PrivateKeyJwt => Vec::new(),
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => vec![ClientSecret::presented(SECRET).hash()],
    };
    Client {
        id: ClientId::parse(id).unwrap(),
        name: format!("The client {id}"),
        auth,
        secrets,
        keys: None,
        assertion_alg: None,
        grants: vec![GrantType::DeviceCode],
        scopes: Scope::parse("openid profile email offline_access").unwrap(),
        origins: Vec::new(),
        link: LinkPolicy::SameNetwork,
        device_auth: DeviceAuth::Required,
        id_token_alg: SigningAlg::Rs256,
        device: DevicePolicy::default(),
        tokens: TokenPolicy::default(),
        introspects: false,
        verified: false,
        enabled: true,
        registration: None,
        declaration: None,
        created_at: T0 - Duration::from_secs(86_400),
        version: 1,
    }
}

pub(crate) fn user(n: u8) -> User {
    User {
        id: UserId::from_bytes([n; 16]),
        name: UserName::parse(&format!("person{n}")).unwrap(),
        display_name: Some(format!("Person {n}")),
        email: Some(format!("person{n}@example.com")),
        password: None,
        state: UserState::Active,
        created_at: T0 - Duration::from_secs(86_400),
        version: 1,
    }
}

/// A session that began an hour before [`T0`].
pub(crate) fn session(n: u8, user: &User) -> Session {
    Session {
        id: SessionId::from_bytes([n; 16]),
        token: SecretHash::of(&[n]),
        user_id: user.id,
        auth_time: T0 - Duration::from_secs(3_600),
        amr: vec![Amr::Password],
        address: address(),
        user_agent: "a browser".to_owned(),
        last_seen: T0,
        expires_at: T0 + Duration::from_secs(12 * 3_600),
        ended_at: None,
        revoked: None,
        version: 1,
    }
}

pub(crate) fn address() -> ClientAddress {
    ClientAddress::direct(Ipv4Addr::new(203, 0, 113, 7).into())
}

/// What a client presents when it does as it is registered.
pub(crate) fn credentials(client: &Client) -> Credentials {
    let secret = ClientSecret::presented(SECRET);
    let presented = match client.auth {
        AuthMethod::None => Presented::None,
        AuthMethod::ClientSecretBasic => Presented::Basic(secret),
        AuthMethod::ClientSecretPost => Presented::Post(secret),
        AuthMethod::PrivateKeyJwt => Presented::Key,
    };
    let by_header = matches!(presented, Presented::Basic(_));
    Credentials { client_id: client.id.clone(), presented, by_header }
}

pub(crate) const fn terms() -> Terms {
    let interval = Duration::from_secs(5);
    Terms { lifetime: LIFETIME, interval, hold: None, alphabet: Alphabet::Base20, user_code_length: 8 }
}

/// How long everything lives that is issued.
pub(crate) const fn lifetimes() -> Lifetimes {
    let (access, day) = (Duration::from_secs(600), Duration::from_secs(86_400));
    Lifetimes { access, refresh_idle: day.saturating_mul(7), refresh_absolute: day.saturating_mul(30) }
}

pub(crate) fn mac_key(n: u8) -> MacKey {
    MacKey::new(KeyId::from_bytes([n; 16]), &Zeroizing::new([n; 32]))
}

/// The issuer of every token; `subjects` makes its pairwise subjects.
pub(crate) const fn issuer(subjects: &MacKey) -> Issuer<'_> {
    Issuer { issuer: "https://id.example.com", audience: "https://api.example.com", subjects }
}
