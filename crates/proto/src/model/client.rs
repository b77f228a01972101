//! A registered client: the program on the device, and what it may do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Resource, Scope, Version};
use crate::entropy::bytes;
use crate::secret::{Alphabet, SecretHash};
use crate::{Entropy, Timestamp};

/// A client identifier (RFC 6749 §2.2): 1 to 128 printable ASCII characters. Public.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// Reads one; `None` when it is empty, longer than 128 characters or not printable ASCII (RFC 6749 App. A.1).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| (0x20..=0x7e).contains(&b));
        fits.then(|| Self(text.into()))
    }

    /// A new one, for a client that registers itself: 128 random bits behind a prefix that no subject has, so that nobody
    /// can be both (RFC 9700 §4.15.1).
    pub fn draw(entropy: &mut dyn Entropy) -> Self {
        let random: [u8; 16] = bytes(entropy);
        let digits = random.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
        Self("dyn_".chars().chain(digits).collect::<String>().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

/// How a client authenticates (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// A public client: it names itself and proves nothing.
    None,
    /// Secret in the Authorization header (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// Secret in the body (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// An assertion signed with its private key (RFC 7523 §2.2, RFC 10070).
    PrivateKeyJwt,
}

/// The public keys of a client that signs assertions: given with the registration, or fetched (RFC 7591 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKeys {
    /// The https address of its JWK set (`jwks_uri`).
    At(Box<str>),
    /// The JWK set itself (`jwks`), as canonical JSON of public keys.
    Set(Box<str>),
}

/// Grants a client may use (RFC 7591 §2, `grant_types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4).
    DeviceCode,
    /// `refresh_token` (RFC 6749 §6).
    RefreshToken,
}

/// Whether a client that holds a secret must show it at the device authorization endpoint as well (RFC 8628 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceAuth {
    /// It must: what RFC 8628 asks for.
    #[default]
    Required,
    /// It may leave it out there, for clients that cannot do it (x/oauth2, Git Credential Manager).
    Optional,
}

/// What `verification_uri_complete` does for this client's grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LinkPolicy {
    /// Fills in the code for every browser.
    Always,
    /// Always asks for the code.
    Never,
    /// Fills in the code for a browser on the device's own network and asks others to type it.
    #[default]
    SameNetwork,
}

/// A signature algorithm (RFC 7518 §3.1, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlg {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256.
    Es256,
    /// RSASSA-PKCS1-v1_5, what clients assume of id_tokens (OpenID Connect Core §15.1).
    Rs256,
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessTokenFormat {
    /// A JWT that APIs check by themselves (RFC 9068).
    #[default]
    Jwt,
    /// Text that says nothing: APIs ask what it is good for (RFC 7662).
    Opaque,
}

/// Whether a client must prove possession of a key or hold a verifier, or may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// It may.
    #[default]
    Optional,
    /// It must: without, it gets nothing.
    Required,
}

/// When a refresh token is replaced by its use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Every time, bound or not.
    Always,
    /// Every time unless it is bound to the client's secret or key, or to a DPoP key (CF-8).
    #[default]
    Unbound,
}

/// What `sub` says of a person (OpenID Connect Core §8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SubjectType {
    /// Another subject for each sector; without a sector of its own, a client is one by itself.
    Pairwise(Option<Box<str>>),
    /// The same subject for every client.
    #[default]
    Public,
}

/// What a client's tokens have different from the server's `[tokens]` defaults; `None` keeps the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenPolicy {
    /// What access tokens look like.
    pub format: AccessTokenFormat,
    /// How access tokens that are JWTs are signed.
    pub alg: Option<SigningAlg>,
    /// Lifetime of access tokens.
    pub access_lifetime: Option<Duration>,
    /// Unused for this long, lasting access ends.
    pub refresh_idle: Option<Duration>,
    /// Lasting access ends after this long whatever happens.
    pub refresh_absolute: Option<Duration>,
    /// When refresh tokens are replaced.
    pub rotation: Rotation,
    /// Whether tokens must be bound to a key (`dpop_bound_access_tokens`, RFC 9449 §5.2).
    pub dpop: Demand,
    /// What `sub` says.
    pub subject: SubjectType,
    /// APIs it may name (RFC 8707); naming none, its tokens are for the default audience.
    pub resources: Vec<Resource>,
}

/// What a client that registers itself may be at most: the word of the operator, which no registration goes beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ceiling {
    /// Grants it may use.
    pub grants: Vec<GrantType>,
    /// Scopes it may ask for.
    pub scopes: Scope,
}

/// A client that registered itself (RFC 7591), and by what it may change its registration (RFC 7592).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// SHA-256 of its registration access token.
    pub token: SecretHash,
    /// What it may make of itself: what its registration was allowed, or what an operator has set since.
    pub ceiling: Ceiling,
    /// The software statement that it registered with, as it was sent.
    pub statement: Option<Box<str>>,
    /// When it goes unless it is used before; `None` once it was, or when it may stay unused.
    pub unused_until: Option<Timestamp>,
    /// Identifier of the software (`software_id`).
    pub software_id: Option<Box<str>>,
    /// Its version (`software_version`).
    pub software_version: Option<Box<str>>,
}

/// A web origin whose scripts may call the protocol endpoints, such as `https://tv.example.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(pub Box<str>);

/// What a client's grants have different from the server's `[device]` defaults; `None` keeps the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevicePolicy {
    /// Alphabet of user codes.
    pub alphabet: Option<Alphabet>,
    /// How long a poll is held; zero turns holding off.
    pub hold: Option<Duration>,
    /// Polling interval.
    pub interval: Option<Duration>,
    /// Lifetime of a grant's codes.
    pub lifetime: Option<Duration>,
    /// Whether the device request must carry a PKCE challenge (RFC 7636).
    pub pkce: Demand,
}

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its identifier.
    pub id: ClientId,
    /// What people see.
    pub name: String,
    /// Its one authentication method.
    pub auth: AuthMethod,
    /// SHA-256 of its live secrets: none for a public client, two while one is rotated.
    pub secrets: Vec<SecretHash>,
    /// Its public keys, when it signs assertions.
    pub keys: Option<ClientKeys>,
    /// The one algorithm of its assertions (`token_endpoint_auth_signing_alg`); `None` allows each that its keys are for.
    pub assertion_alg: Option<SigningAlg>,
    /// Grants it may use. The device grant is opt-in (RFC 10027 §2).
    pub grants: Vec<GrantType>,
    /// Scopes it may ask for; asked for nothing, it gets all but `offline_access`.
    pub scopes: Scope,
    /// Web origins for CORS.
    pub origins: Vec<Origin>,
    /// What its link does.
    pub link: LinkPolicy,
    /// Authentication at the device authorization endpoint.
    pub device_auth: DeviceAuth,
    /// Signature algorithm of its id_tokens.
    pub id_token_alg: SigningAlg,
    /// Own settings of its grants.
    pub device: DevicePolicy,
    /// Own settings of its tokens.
    pub tokens: TokenPolicy,
    /// Whether it may ask what tokens are good for, as an API does (RFC 7662 §2.1). Needs a secret.
    pub introspects: bool,
    /// Whether the operator vouches for the name. Self-asserted registrations are never verified (RFC 7591 §5).
    pub verified: bool,
    /// Whether it may do anything at all.
    pub enabled: bool,
    /// How it registered itself; `None` for one that an operator added.
    pub registration: Option<Registration>,
    /// SHA-256 of the declaration in the configuration it came from; `None` for one added by command.
    pub declaration: Option<[u8; 32]>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Its epoch: moves with every change of the registration.
    pub version: Version,
}

impl Client {
    /// The same client as one that was used, if it registered itself and that was not noted yet.
    ///
    /// What is issued on a person's word is the first use. A device that only asks for codes is none: whoever registers
    /// could keep the row for ever by asking for codes that nobody approves.
    #[must_use]
    pub fn first_used(&self) -> Option<Self> {
        let registration = self.registration.as_ref().filter(|registration| registration.unused_until.is_some())?;
        Some(Self { registration: Some(Registration { unused_until: None, ..registration.clone() }), ..self.clone() })
    }

    /// Whether it was enabled for `grant`.
    #[must_use]
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether it authenticates with a secret.
    #[must_use]
    pub const fn holds_secret(&self) -> bool {
        match self.auth {
            AuthMethod::None | AuthMethod::PrivateKeyJwt => false,
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => true,
        }
    }

    /// Whether it can keep a secret or a key and has one (RFC 6749 §2.1, "confidential").
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        match self.auth {
            AuthMethod::None => false,
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::PrivateKeyJwt => true,
        }
    }
}
