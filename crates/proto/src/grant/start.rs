//! A device asks for access (RFC 8628 §3.1, §3.2).

use std::time::Duration;

use super::Refusal;
use super::authenticate::Authenticated;
use crate::change::{Change, Decision, Row};
use crate::model::{Client, ClientAddress, Grant, GrantState, GrantType, Scope};
use crate::secret::{Alphabet, DeviceCode, MacKey, UserCode};
use crate::wire::is_invisible;
use crate::{Entropy, Timestamp};

/// The scope that asks for lasting access (OpenID Connect Core §11); never granted unless asked for.
pub const OFFLINE_ACCESS: &str = "offline_access";
/// Characters of a device's name for itself.
pub const MAX_DEVICE_NAME: usize = 64;

/// What the device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The scopes; none: the client's default.
    pub scope: Scope,
    /// What the device calls itself.
    pub device_name: Option<String>,
    /// Where it is.
    pub requester: ClientAddress,
}

/// The terms a new grant gets, resolved from configuration, client and load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long the codes live.
    pub lifetime: Duration,
    /// The advertised polling interval.
    pub interval: Duration,
    /// How long polls are held; `None` without a hold slot.
    pub hold: Option<Duration>,
    /// Alphabet of the user code.
    pub alphabet: Alphabet,
    /// Its length, see [`Alphabet::length_for`].
    pub user_code_length: usize,
}

/// A grant that was made, with the two codes in the clear for the one reply that carries them.
#[derive(Clone, Debug)]
pub struct Started {
    /// The device's own secret.
    pub device_code: DeviceCode,
    /// What the person types.
    pub user_code: UserCode,
    /// The grant.
    pub grant: Grant,
}

impl Request {
    /// Reads the parameters of a request that count here; all others change nothing (DF-3.1-9).
    ///
    /// # Errors
    /// A scope that cannot be one, or a name that is too long.
    pub fn read(scope: Option<&str>, device_name: Option<&str>, requester: ClientAddress) -> Result<Self, Refusal> {
        let scope = Scope::parse(scope.unwrap_or_default()).map_err(|_| Refusal::ScopeMalformed)?;
        let device_name = device_name
            .map(|name| name.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect::<String>())
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        if device_name.as_ref().is_some_and(|name| name.chars().count() > MAX_DEVICE_NAME) {
            return Err(Refusal::DeviceNameTooLong);
        }
        Ok(Self { scope, device_name, requester })
    }
}

/// Makes a grant. Both codes are drawn independently; a clash is the store's to find, and then this is called again.
///
/// # Errors
/// The client may not use this grant, or not ask for this scope.
pub fn start(
    client: Authenticated<'_>,
    request: &Request,
    terms: Terms,
    user_code_key: &MacKey,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Decision<Started>, Refusal> {
    let client = client.client();
    if !client.may_use(GrantType::DeviceCode) {
        return Err(Refusal::GrantNotEnabled);
    }
    let scope = granted_scope(client, &request.scope)?;
    let expires_at = now + terms.lifetime;
    let device_code = DeviceCode::draw(expires_at, entropy);
    let user_code = UserCode::draw(terms.alphabet, terms.user_code_length, entropy);
    let grant = Grant {
        id: device_code.hash().grant_id(),
        device_code: device_code.hash(),
        user_code: user_code.hash(user_code_key),
        client_id: client.id.clone(),
        scope,
        device_name: request.device_name.clone(),
        requester: request.requester,
        created_at: now,
        expires_at,
        interval: terms.interval,
        hold: terms.hold,
        state: GrantState::Pending,
        version: 0,
    };
    Ok(Decision {
        requires: vec![client.into()],
        changes: vec![Change::Put(Row::Grant(Box::new(grant.clone())))],
        reply: Started { device_code, user_code, grant },
    })
}

/// What is asked for, or everything but lasting access when nothing is (RFC 6749 §3.3).
fn granted_scope(client: &Client, asked: &Scope) -> Result<Scope, Refusal> {
    if !asked.is_empty() {
        return if asked.is_subset(&client.scopes) { Ok(asked.clone()) } else { Err(Refusal::ScopeNotAllowed) };
    }
    let default: Vec<&str> = client.scopes.iter().filter(|token| *token != OFFLINE_ACCESS).collect();
    Scope::parse(&default.join(" ")).map_err(|_| Refusal::ScopeMalformed)
}
