//! A registered client: the program on the device, and what it may do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Scope, Version};
use crate::Timestamp;
use crate::secret::{Alphabet, SecretHash};

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

/// Signature algorithm of a client's id_tokens (`id_token_signed_response_alg`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IdTokenAlg {
    /// ECDSA on P-256.
    Es256,
    /// RSASSA-PKCS1-v1_5, what clients assume (OpenID Connect Core §15.1).
    #[default]
    Rs256,
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
    pub id_token_alg: IdTokenAlg,
    /// Own settings of its grants.
    pub device: DevicePolicy,
    /// Whether it may ask what tokens are good for, as an API does (RFC 7662 §2.1). Needs a secret.
    pub introspects: bool,
    /// Whether the operator vouches for the name. Self-asserted registrations are never verified (RFC 7591 §5).
    pub verified: bool,
    /// Whether it may do anything at all.
    pub enabled: bool,
    /// SHA-256 of the declaration in the configuration it came from; `None` for one added by command.
    pub declaration: Option<[u8; 32]>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Its epoch: moves with every change of the registration.
    pub version: Version,
}

impl Client {
    /// Whether it was enabled for `grant`.
    #[must_use]
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether it can keep a secret and has one (RFC 6749 §2.1, "confidential").
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        match self.auth {
            AuthMethod::None => false,
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => true,
        }
    }
}
