//! A device asks for access (RFC 8628 §3.1, §3.2).

use std::time::Duration;

use super::Refusal;
use super::authenticate::Authenticated;
use super::bind::{self, read_resources};
use crate::change::{Change, Decision, Row};
use crate::model::{
    Client, ClientAddress, CodeChallenge, Demand, Grant, GrantState, GrantType, KeyThumbprint, Resource, Scope,
};
use crate::secret::{Alphabet, DeviceCode, MacKey, UserCode};
use crate::wire::is_invisible;
use crate::{Entropy, Timestamp};

/// The scope that asks for lasting access (OpenID Connect Core §11); never granted unless asked for.
pub const OFFLINE_ACCESS: &str = "offline_access";
/// Characters of a device's name for itself.
pub const MAX_DEVICE_NAME: usize = 64;

/// The parameters of a device authorization request that count here; all others change nothing (DF-3.1-9).
#[derive(Clone, Debug, Default)]
pub struct Parameters<'a> {
    /// `scope`.
    pub scope: Option<&'a str>,
    /// `device_name`.
    pub device_name: Option<&'a str>,
    /// Every `resource` (RFC 8707).
    pub resources: Vec<&'a str>,
    /// `code_challenge` (RFC 7636).
    pub code_challenge: Option<&'a str>,
    /// `code_challenge_method`.
    pub code_challenge_method: Option<&'a str>,
}

/// What the device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The scopes; none: the client's default.
    pub scope: Scope,
    /// For which APIs.
    pub resources: Vec<Resource>,
    /// The key of the DPoP proof that came with it, which was found good.
    pub dpop: Option<KeyThumbprint>,
    /// Its PKCE challenge.
    pub code_challenge: Option<CodeChallenge>,
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
    /// Reads a request. `dpop`: the key of the proof that came with it.
    ///
    /// # Errors
    /// A scope, a resource or a challenge that cannot be one, or a name that is too long.
    pub fn read(
        parameters: &Parameters<'_>,
        dpop: Option<KeyThumbprint>,
        requester: ClientAddress,
    ) -> Result<Self, Refusal> {
        let scope = Scope::parse(parameters.scope.unwrap_or_default()).map_err(|_| Refusal::ScopeMalformed)?;
        let device_name = parameters
            .device_name
            .map(|name| name.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect::<String>())
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        if device_name.as_ref().is_some_and(|name| name.chars().count() > MAX_DEVICE_NAME) {
            return Err(Refusal::DeviceNameTooLong);
        }
        let resources = read_resources(parameters.resources.iter().copied())?;
        let code_challenge = match (parameters.code_challenge, parameters.code_challenge_method) {
            (None, None) => None,
            (Some(challenge), Some("S256")) => {
                Some(CodeChallenge::parse(challenge).ok_or(Refusal::ChallengeMalformed)?)
            }
            // Without a method it would be `plain` (RFC 7636 §4.3), which proves nothing to who read the request.
            _ => return Err(Refusal::ChallengeMalformed),
        };
        Ok(Self { scope, resources, dpop, code_challenge, device_name, requester })
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
    if !bind::may_name(client, &request.resources) {
        return Err(Refusal::ResourceNotAllowed);
    }
    if client.device.pkce == Demand::Required && request.code_challenge.is_none() {
        return Err(Refusal::ChallengeMissing);
    }
    let expires_at = now + terms.lifetime;
    let device_code = DeviceCode::draw(expires_at, entropy);
    let user_code = UserCode::draw(terms.alphabet, terms.user_code_length, entropy);
    let grant = Grant {
        id: device_code.hash().grant_id(),
        device_code: device_code.hash(),
        user_code: user_code.hash(user_code_key),
        client_id: client.id.clone(),
        scope,
        resources: request.resources.clone(),
        dpop: request.dpop,
        code_challenge: request.code_challenge,
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::change::Require;
    use crate::entropy::Seeded;
    use crate::grant::authenticate::{Endpoint, authenticate};
    use crate::grant::fixture::{LIFETIME, T0, address, client, credentials, mac_key, terms};
    use crate::model::AuthMethod;

    fn try_start(client: &Client, scope: Option<&str>, seed: u64) -> Result<Decision<Started>, Refusal> {
        let parameters = Parameters { scope, device_name: Some("TV in the kitchen"), ..Parameters::default() };
        let request = Request::read(&parameters, None, address())?;
        let caller = authenticate(Some(client), &credentials(client), Endpoint::DeviceAuthorization)?;
        start(caller, &request, terms(), &mac_key(1), T0, &mut Seeded::new(seed))
    }

    fn scope_of(client: &Client, asked: Option<&str>) -> Result<String, Refusal> {
        try_start(client, asked, 1).map(|decision| decision.reply.grant.scope.to_string())
    }

    #[test]
    fn df_3_1_7_cf_9_without_a_scope_the_client_gets_its_default_and_never_lasting_access() {
        let mut client = client("tv", AuthMethod::None);
        assert_eq!(scope_of(&client, None).as_deref(), Ok("openid profile email"));
        assert_eq!(scope_of(&client, Some("")).as_deref(), Ok("openid profile email"));
        assert_eq!(scope_of(&client, Some("  ")).as_deref(), Ok("openid profile email"));
        assert_eq!(scope_of(&client, Some("offline_access")).as_deref(), Ok("offline_access"));
        client.scopes = Scope::parse("offline_access").unwrap();
        assert_eq!(scope_of(&client, None).as_deref(), Ok(""));
        client.scopes = Scope::default();
        assert_eq!(scope_of(&client, None).as_deref(), Ok(""));
    }

    #[test]
    fn oa_3_3_1_a_scope_beyond_the_clients_or_malformed_makes_no_grant() {
        let client = client("tv", AuthMethod::None);
        assert_eq!(scope_of(&client, Some("email openid email")).as_deref(), Ok("email openid"));
        for beyond in ["admin", "openid admin", "OPENID", "openid,profile"] {
            assert_eq!(scope_of(&client, Some(beyond)), Err(Refusal::ScopeNotAllowed), "{beyond}");
        }
        for malformed in ["open\"id", "open\\id", "öpenid", "openid\tprofile", "\u{0}"] {
            assert_eq!(scope_of(&client, Some(malformed)), Err(Refusal::ScopeMalformed), "{malformed:?}");
        }
    }

    #[test]
    fn df_3_1_13_the_grant_is_opt_in_for_each_client() {
        for grants in [vec![], vec![GrantType::RefreshToken]] {
            let client = Client { grants, ..client("tv", AuthMethod::None) };
            let refused = try_start(&client, None, 1).unwrap_err();
            assert_eq!((&refused, refused.code().as_str()), (&Refusal::GrantNotEnabled, "unauthorized_client"));
        }
    }

    #[test]
    fn df_3_2_4_a_grant_is_pending_on_the_terms_it_was_given_and_requires_the_clients_epoch() {
        let client = client("tv", AuthMethod::ClientSecretBasic);
        let decision = try_start(&client, Some("openid"), 1).unwrap();
        let Started { device_code, user_code, grant } = &decision.reply;
        let expected = Grant {
            id: device_code.hash().grant_id(),
            device_code: device_code.hash(),
            user_code: user_code.hash(&mac_key(1)),
            client_id: client.id.clone(),
            scope: Scope::parse("openid").unwrap(),
            resources: Vec::new(),
            dpop: None,
            code_challenge: None,
            device_name: Some("TV in the kitchen".to_owned()),
            requester: address(),
            created_at: T0,
            expires_at: T0 + LIFETIME,
            interval: terms().interval,
            hold: None,
            state: GrantState::Pending,
            version: 0,
        };
        assert_eq!(grant, &expected);
        assert_eq!(device_code.expires_at(), grant.expires_at);
        assert_eq!(decision.changes, [Change::Put(Row::Grant(Box::new(expected)))]);
        assert_eq!(decision.requires, [Require::from(&client)]);
    }

    #[test]
    fn df_3_2_3_df_5_2_1_codes_differ_from_grant_to_grant_and_are_drawn_independently() {
        let client = client("tv", AuthMethod::None);
        let started: Vec<Started> = (0..500).map(|seed| try_start(&client, None, seed).unwrap().reply).collect();
        let device: HashSet<_> = started.iter().map(|one| one.grant.device_code).collect();
        let user: HashSet<_> = started.iter().map(|one| one.grant.user_code).collect();
        assert_eq!((device.len(), user.len()), (500, 500));

        // Another length draws another user code from the same seed, and leaves the device code as it was.
        let longer = Terms { user_code_length: 11, ..terms() };
        let request = Request::read(&Parameters::default(), None, address()).unwrap();
        let caller = authenticate(Some(&client), &credentials(&client), Endpoint::DeviceAuthorization).unwrap();
        let other = start(caller, &request, longer, &mac_key(1), T0, &mut Seeded::new(0)).unwrap().reply;
        assert_eq!(other.device_code.hash(), started[0].device_code.hash());
        assert_ne!(other.user_code, started[0].user_code);
    }

    #[test]
    fn df_3_3_6_what_is_stored_and_logged_holds_neither_code() {
        let decision = try_start(&client("tv", AuthMethod::None), None, 1).unwrap();
        let shown = format!("{decision:?}");
        let code = decision.reply.user_code.grouped();
        assert!(!shown.contains(&code) && !shown.contains(&code.replace('-', "")) && !shown.contains("dc_"));
    }

    #[test]
    fn a_device_names_itself_in_64_visible_characters_at_most() {
        let read = |name: &str| {
            let parameters = Parameters { device_name: Some(name), ..Parameters::default() };
            Request::read(&parameters, None, address()).map(|request| request.device_name)
        };
        assert_eq!(read(" TV\u{202e}\u{200b}\n in the hall "), Ok(Some("TV in the hall".to_owned())));
        for nothing in ["", "   ", "\u{200b}\u{7}"] {
            assert_eq!(read(nothing), Ok(None), "{nothing:?}");
        }
        assert_eq!(read(&"ä".repeat(MAX_DEVICE_NAME)), Ok(Some("ä".repeat(MAX_DEVICE_NAME))));
        assert_eq!(read(&"ä".repeat(MAX_DEVICE_NAME + 1)), Err(Refusal::DeviceNameTooLong));
    }

    fn start_with(client: &Client, parameters: &Parameters<'_>) -> Result<Grant, Refusal> {
        let key = KeyThumbprint::from_bytes([7; 32]);
        let request = Request::read(parameters, Some(key), address())?;
        let caller = authenticate(Some(client), &credentials(client), Endpoint::DeviceAuthorization)?;
        start(caller, &request, terms(), &mac_key(1), T0, &mut Seeded::new(1)).map(|decision| decision.reply.grant)
    }

    #[test]
    fn ri_4_dpd_2_resources_and_the_key_of_the_proof_are_fixed_by_the_device_request() {
        let api = "https://api.example.com";
        let mut client = client("tv", AuthMethod::None);
        let asks = Parameters { resources: vec![api], ..Parameters::default() };
        assert_eq!(start_with(&client, &asks).unwrap_err(), Refusal::ResourceNotAllowed);
        client.tokens.resources = vec![Resource::parse(api).unwrap()];
        let grant = start_with(&client, &asks).unwrap();
        assert_eq!(
            (grant.resources, grant.dpop),
            (client.tokens.resources.clone(), Some(KeyThumbprint::from_bytes([7; 32])))
        );
        assert_eq!(start_with(&client, &Parameters::default()).unwrap().resources, [], "no default but the audience's");
        let malformed = Parameters { resources: vec![api, "api"], ..Parameters::default() };
        assert_eq!(start_with(&client, &malformed).unwrap_err(), Refusal::ResourceMalformed);
    }

    #[test]
    fn df_x_1_a_challenge_is_kept_plain_is_none_and_a_client_may_have_to_send_one() {
        let challenge = Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let mut client = client("tv", AuthMethod::None);
        let with = |code_challenge, code_challenge_method| Parameters {
            code_challenge,
            code_challenge_method,
            ..Parameters::default()
        };
        assert!(start_with(&client, &with(challenge, Some("S256"))).unwrap().code_challenge.is_some());
        for (challenge, method) in
            [(challenge, None), (challenge, Some("plain")), (None, Some("S256")), (Some("short"), Some("S256"))]
        {
            assert_eq!(start_with(&client, &with(challenge, method)).unwrap_err(), Refusal::ChallengeMalformed);
        }
        client.device.pkce = Demand::Required;
        assert_eq!(start_with(&client, &with(None, None)).unwrap_err(), Refusal::ChallengeMissing);
        assert!(start_with(&client, &with(challenge, Some("S256"))).is_ok());
    }
}
