//! Clients register themselves and look after that: what goes together, what is allowed, what becomes of it.

mod judged;
mod managed;
mod unverified;

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::Timestamp;
use crate::change::{Change, Decision, Require, Row};
use crate::entropy::Seeded;
use crate::grant::fixture::T0;
use crate::model::{Ceiling, Client, GrantType, InitialToken, Registration, Scope, Version};
use crate::secret::{InitialAccessToken, SecretHash};
use crate::wire::registration::ClientMetadata;
use crate::wire::token::{GRANT_TYPE_DEVICE_CODE, GRANT_TYPE_REFRESH_TOKEN};

/// When a client that is not used goes.
const UNUSED_UNTIL: Timestamp = Timestamp::from_seconds(1_900_000_000);

fn metadata(value: &Value) -> ClientMetadata {
    ClientMetadata::parse(value.as_object().unwrap()).unwrap()
}

/// Everything that a client can be.
fn ceiling() -> Ceiling {
    let scopes = Scope::parse("openid profile offline_access").unwrap();
    Ceiling { grants: vec![GrantType::DeviceCode, GrantType::RefreshToken], scopes }
}

/// A token with which clients up to [`ceiling`] can be registered.
fn token(uses_left: Option<u32>) -> (InitialAccessToken, InitialToken) {
    let token = InitialAccessToken::draw(&mut Seeded::new(3));
    let hash = token.hash();
    let row = InitialToken {
        id: InitialToken::id_of(&hash),
        token: hash,
        note: "factory".to_owned(),
        ceiling: ceiling(),
        uses_left,
        expires_at: None,
        revoked_at: None,
        created_at: T0,
        version: 5,
    };
    (token, row)
}

/// What comes of a registration by a good token.
fn try_register(said: &Value, seed: u64) -> Result<Decision<Registered>, Refusal> {
    let wanted = judge(&metadata(said), None, &ceiling(), Occasion::Registration)?;
    let (_, row) = token(None);
    let admission = Admission::Token(&row);
    Ok(register(wanted, None, admission, UNUSED_UNTIL, T0, &mut Seeded::new(seed)))
}

/// A client that registered itself, as it is stored.
fn registered(said: &Value) -> (Client, Registered) {
    let decision = try_register(said, 1).unwrap();
    let put = decision.changes.first().cloned();
    let Some(Change::Put(Row::Client(client))) = put else { panic!("{put:?}") };
    (Client { version: 1, ..*client }, decision.reply)
}

#[test]
fn dr_3_2_who_shows_a_good_token_may_register_and_who_shows_none_may_not() {
    let (shown, row) = token(None);
    let good = Shown { hash: shown.hash(), row: Some(&row) };
    assert_eq!(admit(Some(good), None, false, T0), Ok(Admission::Token(&row)));
    assert_eq!(admit(None, None, false, T0), Err(Refusal::TokenMissing));
    let revoked = InitialToken { revoked_at: Some(T0), ..row.clone() };
    let used_up = InitialToken { uses_left: Some(0), ..row.clone() };
    let over = InitialToken { expires_at: Some(T0), ..row.clone() };
    for row in [None, Some(&revoked), Some(&used_up), Some(&over)] {
        let bad = Shown { hash: shown.hash(), row };
        // Not even where nobody would have had to show one.
        let refused = admit(Some(bad), Some(&ceiling()), true, T0).err();
        assert_eq!(refused, Some(Refusal::TokenInvalid));
    }
    // A row whose name begins alike is of another token.
    let other = Shown { hash: SecretHash::of(b"another"), row: Some(&row) };
    assert_eq!(admit(Some(other), None, true, T0), Err(Refusal::TokenInvalid));
}

#[test]
fn cf_12_open_registration_never_yields_the_device_grant() {
    let admission = admit(None, None, true, T0).unwrap();
    assert_eq!((admission, admission.ceiling()), (Admission::Open, Ceiling::default()));
    let device = serde_json::json!({ "grant_types": [GRANT_TYPE_DEVICE_CODE] });
    let refused = judge(&metadata(&device), None, &admission.ceiling(), Occasion::Registration);
    assert_eq!(refused, Err(Refusal::GrantTypesBeyond));
    let nothing = serde_json::json!({ "grant_types": [] });
    let wanted = judge(&metadata(&nothing), None, &admission.ceiling(), Occasion::Registration).unwrap();
    let client = register(wanted, None, admission, UNUSED_UNTIL, T0, &mut Seeded::new(1)).reply.client;
    assert_eq!((client.grants, client.scopes), (vec![], Scope::default()));
    // Nor does a change of it, later.
    let ceiling = client.registration.unwrap().ceiling;
    assert_eq!(judge(&metadata(&device), None, &ceiling, Occasion::Update), Err(Refusal::GrantTypesBeyond));
}

#[test]
fn dr_2_3_1_a_statement_may_stand_for_a_token_where_the_operator_says_so() {
    assert_eq!(admit(None, Some(&ceiling()), false, T0).map(|it| it.ceiling()), Ok(ceiling()));
    // A token that is shown counts first.
    let (shown, mut row) = token(None);
    row.ceiling = Ceiling::default();
    let good = Shown { hash: shown.hash(), row: Some(&row) };
    assert_eq!(admit(Some(good), Some(&ceiling()), false, T0).map(|it| it.ceiling()), Ok(Ceiling::default()));
}

#[test]
fn dr_3_2_a_registration_uses_a_token_up_in_its_own_commit() {
    let said = serde_json::json!({ "grant_types": [GRANT_TYPE_DEVICE_CODE] });
    for (left, spent) in [(None, None), (Some(2), Some(1)), (Some(1), Some(0))] {
        let wanted = judge(&metadata(&said), None, &ceiling(), Occasion::Registration).unwrap();
        let (_, row) = token(left);
        let decision = register(wanted, None, Admission::Token(&row), UNUSED_UNTIL, T0, &mut Seeded::new(1));
        // One that was revoked or spent in between is a conflict.
        assert_eq!(decision.requires, [Require::from(&row)]);
        let written: Vec<_> = decision.changes.iter().skip(1).cloned().collect();
        let expected = spent.map(|left| InitialToken { uses_left: Some(left), ..row.clone() });
        assert_eq!(written, Vec::from_iter(expected.map(|row| Change::Put(Row::InitialToken(Box::new(row))))));
    }
}

#[test]
fn dr_3_2_1_1_dr_5_3_dr_5_4_dm_5_1_every_client_has_an_id_and_secrets_of_its_own() {
    let said = serde_json::json!({
        "grant_types": [GRANT_TYPE_DEVICE_CODE], "client_id": "usr_00000000000000000000000000000001",
        "client_secret": "mine",
    });
    let mut seen = std::collections::HashSet::new();
    for seed in 0..100 {
        let Registered { client, secret, token, registration } = try_register(&said, seed).unwrap().reply;
        let id = client.id.to_string();
        assert!(id.starts_with("dyn_") && id.len() == 36, "{id}");
        assert!(id.parse::<crate::model::UserId>().is_err(), "no person's subject");
        let (secret, token) = (secret.unwrap(), token.reveal().to_owned());
        assert_eq!((token.starts_with("rat_"), token.len()), (true, 47), "256 bits");
        assert_eq!(client.secrets, [secret.hash()]);
        assert_eq!(registration.token, SecretHash::of(token.as_bytes()));
        assert!(seen.insert(id) && seen.insert(secret.reveal().to_owned()) && seen.insert(token));
    }
}

#[test]
fn dr_3_2_an_unused_client_goes_and_the_first_tokens_keep_it() {
    let (client, _) = registered(&serde_json::json!({ "grant_types": [GRANT_TYPE_DEVICE_CODE] }));
    assert_eq!(client.registration.as_ref().unwrap().unused_until, Some(UNUSED_UNTIL));
    let used = client.first_used().unwrap();
    let registration = client.registration.clone().map(|it| Registration { unused_until: None, ..it });
    assert_eq!(used, Client { registration, ..client });
    assert_eq!(used.first_used(), None, "once");
    let added = crate::grant::fixture::client("tv", crate::model::AuthMethod::None);
    assert_eq!(added.first_used(), None);
}

/// The grants' names on the wire.
fn both() -> [&'static str; 2] {
    [GRANT_TYPE_DEVICE_CODE, GRANT_TYPE_REFRESH_TOKEN]
}

/// A moment later.
fn later() -> Timestamp {
    T0 + Duration::from_secs(60)
}

/// The version of a client that was stored once.
const STORED: Version = 1;
