//! Whatever is sent: no client is ever verified by it (T3), and none is more than it was allowed.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::wire::registration::{Repeated, overridden, software_statement};

/// Members as an attacker might send them: known names with good and bad values, and some that are no metadata at all.
fn said() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~]{0,12}",
        Just("none".to_owned()),
        Just("openid".to_owned()),
        Just("private_key_jwt".to_owned()),
        Just("pairwise".to_owned()),
        Just("ES256".to_owned()),
        Just(GRANT_TYPE_DEVICE_CODE.to_owned()),
        Just(GRANT_TYPE_REFRESH_TOKEN.to_owned()),
    ];
    let value = prop_oneof![
        4 => text.clone().prop_map(Value::from),
        4 => proptest::collection::vec(text, 0..3).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!({"keys": []})),
    ];
    let name = proptest::sample::select(vec![
        "client_name",
        "client_name#en",
        "grant_types",
        "response_types",
        "redirect_uris",
        "scope",
        "jwks",
        "jwks_uri",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "id_token_signed_response_alg",
        "subject_type",
        "dpop_bound_access_tokens",
        "software_id",
        "software_version",
        "software_statement",
        "client_id",
        "client_secret",
        "verified",
        "enabled",
        "introspects",
        "declaration",
        "trusted",
        "registration_access_token",
        "logo_uri",
    ]);
    // Half of them are devices that could be registered.
    let device = proptest::option::of(Just(json!([GRANT_TYPE_DEVICE_CODE])));
    (proptest::collection::hash_map(name, value, 0..8), device).prop_map(|(members, device)| {
        let mut all = json!(members);
        if let Some(device) = device {
            all["grant_types"] = device;
        }
        all
    })
}

fn read(value: &Value) -> Option<(ClientMetadata, Repeated)> {
    let members = value.as_object()?;
    software_statement(members).ok()?;
    Some((ClientMetadata::parse(members).ok()?, Repeated::parse(members).ok()?))
}

fn allowed(client: &Client, ceiling: &Ceiling) -> bool {
    client.grants.iter().all(|grant| ceiling.grants.contains(grant)) && client.scopes.is_subset(&ceiling.scopes)
}

proptest! {
    #[test]
    fn t3_dr_5_1_no_registration_and_no_change_of_one_makes_a_client_verified(
        first in said(), second in said(), statement in said(), by_token in any::<bool>(), vouched in any::<bool>(),
    ) {
        let (_, row) = token(None);
        let admission = if by_token { Admission::Token(&row) } else { Admission::Open };
        let ceiling = admission.ceiling();
        let merged = Value::Object(overridden(
            first.as_object().cloned().unwrap_or_default(),
            statement.as_object().cloned().unwrap_or_default(),
        ));
        for said in [&first, &merged] {
            let Some((metadata, _)) = read(said) else { continue };
            let Ok(wanted) = judge(&metadata, None, &ceiling, Occasion::Registration) else { continue };
            let mut client = register(wanted, None, admission, UNUSED_UNTIL, T0, &mut Seeded::new(1)).reply.client;
            prop_assert!(!client.verified && !client.introspects && client.declaration.is_none());
            prop_assert!(allowed(&client, &ceiling));
            // An operator may vouch for it; a new name is not what they vouched for.
            client.verified = vouched;
            let Some((metadata, mut repeated)) = read(&second) else { continue };
            (repeated.client_id, repeated.forbidden) = (Some(client.id.to_string()), None);
            let both = (&client, client.registration.as_ref().unwrap());
            let Ok(wanted) = judge(&metadata, None, &both.1.ceiling, Occasion::Update) else { continue };
            let after = update(both, wanted, &repeated, None, &mut Seeded::new(2)).reply.client;
            prop_assert_eq!(after.verified, vouched && after.name == client.name);
            prop_assert!(allowed(&after, &ceiling) && !after.introspects && after.declaration.is_none());
            prop_assert_eq!(&after.id, &client.id);
            prop_assert_eq!(&after.registration.unwrap().token, &both.1.token);
        }
    }
}
