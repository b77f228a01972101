//! A client registers itself (RFC 7591 §3).

use super::{Admission, Registrable};
use crate::change::{Change, Decision, Row};
use crate::model::{Client, ClientId, DeviceAuth, DevicePolicy, LinkPolicy, Registration, TokenPolicy};
use crate::secret::{ClientSecret, RegistrationAccessToken};
use crate::{Entropy, Timestamp};

/// A client that was registered, with its secrets in the clear for the one reply that carries them.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// How it registered itself.
    pub registration: Registration,
    /// Its secret, when it authenticates with one.
    pub secret: Option<ClientSecret>,
    /// Its registration access token.
    pub token: RegistrationAccessToken,
}

/// Registers a client by the word of `admission`, against whose ceiling `wanted` was judged. Identifier and secrets are
/// drawn for it alone (RFC 7591 §5); unused until `unused_until`, it goes.
pub fn register(
    wanted: Registrable,
    statement: Option<&str>,
    admission: Admission<'_>,
    unused_until: Timestamp,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Decision<Registered> {
    let id = ClientId::draw(entropy);
    let token = RegistrationAccessToken::draw(entropy);
    let registration = Registration {
        token: token.hash(),
        ceiling: admission.ceiling(),
        statement: statement.map(Box::from),
        unused_until: Some(unused_until),
        software_id: wanted.software_id,
        software_version: wanted.software_version,
    };
    let mut client = Client {
        name: wanted.name.unwrap_or_else(|| id.to_string()),
        id,
        auth: wanted.auth,
        secrets: Vec::new(),
        keys: wanted.keys,
        assertion_alg: wanted.assertion_alg,
        grants: wanted.grants,
        scopes: wanted.scopes,
        origins: Vec::new(),
        link: LinkPolicy::default(),
        device_auth: DeviceAuth::default(),
        id_token_alg: wanted.id_token_alg,
        device: DevicePolicy::default(),
        tokens: TokenPolicy { dpop: wanted.dpop, subject: wanted.subject, ..TokenPolicy::default() },
        introspects: false,
        // Whatever it calls itself, that is its own word (RFC 7591 §5).
        verified: false,
        enabled: true,
        registration: Some(registration.clone()),
        declaration: None,
        created_at: now,
        version: 0,
    };
    let secret = client.holds_secret().then(|| ClientSecret::draw(entropy));
    client.secrets = secret.iter().map(ClientSecret::hash).collect();
    let (requires, spent) = admission.spend();
    let changes = std::iter::once(Change::Put(Row::Client(Box::new(client.clone())))).chain(spent).collect();
    Decision { reply: Registered { client, registration, secret, token }, requires, changes }
}
