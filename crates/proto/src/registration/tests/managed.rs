//! A client looks after its registration.

use serde_json::json;

use super::*;
use crate::change::Key;
use crate::grant::fixture;
use crate::model::{Approval, AuthMethod, ClientKeys, Demand, Grant, GrantState, SubjectType};
use crate::secret::ClientSecret;
use crate::wire::registration::{ClientInformation, Repeated};

fn tv() -> (Client, Registered) {
    registered(&json!({ "grant_types": both(), "client_name": "TV", "software_id": "4NRB1" }))
}

/// What a client changes, with what it repeats.
fn change(client: &Client, repeated: &Repeated, said: &Value) -> Result<Decision<Updated>, Refusal> {
    let both = (client, client.registration.as_ref().unwrap());
    repeats(both, repeated, None)?;
    let wanted = judge(&metadata(said), None, &both.1.ceiling, Occasion::Update)?;
    Ok(update(both, wanted, repeated, None, &mut Seeded::new(9)))
}

fn named(client: &Client) -> Repeated {
    Repeated { client_id: Some(client.id.to_string()), ..Repeated::default() }
}

#[test]
fn dm_2_1_dm_2_2_only_who_shows_its_token_looks_after_a_client() {
    let (client, reply) = tv();
    let token = reply.token.hash();
    assert_eq!(authorize(Some(&client), &token).map(|(found, _)| &found.id), Ok(&client.id));
    let (disabled, declared) =
        (Client { enabled: false, ..client.clone() }, Client { declaration: Some([1; 32]), ..client.clone() });
    let added = fixture::client("tv", AuthMethod::None);
    for (found, refusal) in [
        (None, Refusal::TokenInvalid),
        (Some(&added), Refusal::TokenInvalid),
        (Some(&declared), Refusal::TokenInvalid),
        (Some(&disabled), Refusal::ClientDisabled),
    ] {
        assert_eq!(authorize(found, &token).err(), Some(refusal));
    }
    // Who shows another token does not learn that it is disabled.
    for found in [&client, &disabled] {
        assert_eq!(authorize(Some(found), &SecretHash::of(b"guess")).err(), Some(Refusal::TokenInvalid));
    }
}

#[test]
fn dm_2_2_1_a_change_replaces_and_what_is_left_out_is_gone() {
    let (client, _) = tv();
    let decision = change(&client, &named(&client), &json!({ "grant_types": [both()[0]], "subject_type": "pairwise" }));
    let Decision { reply, requires, changes } = decision.unwrap();
    let after = reply.client;
    assert_eq!((after.name.as_str(), after.scopes.to_string().as_str()), (after.id.as_str(), ""));
    assert_eq!(
        (&after.grants[..], &after.tokens.subject),
        (&[GrantType::DeviceCode][..], &SubjectType::Pairwise(None))
    );
    assert_eq!(after.registration.as_ref().unwrap().software_id, None);
    assert_eq!((&after.id, after.created_at, after.version), (&client.id, client.created_at, STORED));
    assert_eq!(requires, [Require::from(&client)]);
    assert_eq!(changes, [Change::Put(Row::Client(Box::new(after)))]);
    // Without grants it can do nothing, which is what it asked for.
    let bare = change(&client, &named(&client), &json!({})).unwrap().reply.client;
    assert_eq!(bare.grants, []);
    // What changes nothing is not written.
    let said = json!({
        "grant_types": both(), "client_name": "TV", "software_id": "4NRB1", "scope": client.scopes.to_string(),
    });
    assert_eq!(change(&client, &named(&client), &said).unwrap().changes, []);
}

#[test]
fn dm_2_1_1_dm_2_2_1_dm_2_2_2_what_the_server_set_is_repeated_rightly_or_the_change_is_refused() {
    let (client, reply) = tv();
    let secret = reply.secret.unwrap();
    for (repeated, refusal) in [
        (Repeated::default(), Refusal::ClientIdChanged),
        (Repeated { client_id: Some("other".to_owned()), ..Repeated::default() }, Refusal::ClientIdChanged),
        (Repeated { client_secret: Some(ClientSecret::presented("mine")), ..named(&client) }, Refusal::SecretChanged),
        (
            Repeated { forbidden: Some("registration_access_token"), ..named(&client) },
            Refusal::ForbiddenMember("registration_access_token"),
        ),
    ] {
        assert_eq!(change(&client, &repeated, &json!({ "grant_types": both() })).err(), Some(refusal));
    }
    let repeated = Repeated { client_secret: Some(secret.clone()), ..named(&client) };
    let reply = change(&client, &repeated, &json!({ "grant_types": both() })).unwrap().reply;
    assert_eq!(reply.client.secrets, client.secrets);
    assert_eq!(reply.secret.map(|it| it.hash()), Some(secret.hash()), "it is told what it knows");
}

#[test]
fn dm_2_2_1_a_secret_is_made_by_the_server_when_one_is_needed_and_goes_when_none_is() {
    let (client, _) = tv();
    let public = json!({ "grant_types": both(), "token_endpoint_auth_method": "none" });
    let reply = change(&client, &named(&client), &public).unwrap().reply;
    assert_eq!((reply.client.auth, &reply.client.secrets[..]), (AuthMethod::None, &[][..]));
    let again = change(&reply.client, &named(&client), &json!({ "grant_types": both() })).unwrap().reply;
    assert_eq!(again.client.secrets, [again.secret.unwrap().hash()]);
    assert_ne!(again.client.secrets, client.secrets);
    let post = json!({ "grant_types": both(), "token_endpoint_auth_method": "client_secret_post" });
    let reply = change(&client, &named(&client), &post).unwrap().reply;
    assert_eq!((reply.client.secrets, reply.secret.is_none()), (client.secrets, true));
}

#[test]
fn cf_12_dr_5_1_a_change_goes_no_further_than_the_registration_was_allowed() {
    let (mut client, _) = tv();
    let said = json!({ "grant_types": both(), "scope": "openid admin" });
    assert_eq!(change(&client, &named(&client), &said).err(), Some(Refusal::ScopeBeyond));
    client.registration.as_mut().unwrap().ceiling.grants = Vec::new();
    assert_eq!(
        change(&client, &named(&client), &json!({ "grant_types": both() })).err(),
        Some(Refusal::GrantTypesBeyond)
    );
}

#[test]
fn dr_5_1_what_an_operator_demands_a_client_does_not_excuse_itself_from() {
    let (mut client, _) = tv();
    client.tokens.dpop = Demand::Required;
    client.tokens.subject = SubjectType::Pairwise(Some("sector".into()));
    let said = json!({ "grant_types": both(), "dpop_bound_access_tokens": false, "subject_type": "public" });
    let after = change(&client, &named(&client), &said).unwrap().reply.client;
    assert_eq!((after.tokens.dpop, &after.tokens.subject), (Demand::Required, &client.tokens.subject));
}

#[test]
fn dr_2_3_1_a_statement_that_a_client_was_registered_with_cannot_be_dropped() {
    let (mut client, _) = tv();
    client.registration.as_mut().unwrap().statement = Some("a.b.c".into());
    assert_eq!(change(&client, &named(&client), &json!({})).err(), Some(Refusal::StatementLeftOut));
    let both = (&client, client.registration.as_ref().unwrap());
    assert_eq!(repeats(both, &named(&client), Some("a.b.d")), Ok(()));
}

#[test]
fn dm_2_3_1_with_the_client_its_grants_end() {
    let (client, _) = tv();
    assert_eq!(remove(&client).changes, [Change::Delete(Key::Client(client.id.clone()), STORED)]);
    let added = fixture::client("tv", AuthMethod::None);
    let session = fixture::session(1, &fixture::user(1));
    let pending = fixture::grant(&added);
    let put = |grant: Grant| Some(Change::Put(Row::Grant(Box::new(grant))));
    assert_eq!(ended(&pending, later()), put(Grant { expires_at: later(), ..pending.clone() }));
    assert_eq!(ended(&pending, pending.expires_at), None, "over already");
    let approval =
        Approval { at: T0, user_id: session.user_id, session_id: session.id, auth_time: T0, amr: Vec::new() };
    let denied = GrantState::Denied { at: later(), by: session.user_id, reported: false };
    let approved = Grant { state: GrantState::Approved(approval), ..pending.clone() };
    assert_eq!(ended(&approved, later()), put(Grant { state: denied.clone(), ..pending.clone() }));
    assert_eq!(ended(&Grant { state: denied, ..pending }, later()), None);
}

#[test]
fn dr_3_2_1_1_dm_3_1_a_client_is_told_what_was_registered_and_where_it_is_looked_after() {
    let (mut client, reply) = tv();
    client.keys = Some(ClientKeys::Set(r#"{"keys":[{"kty":"EC"}]}"#.into()));
    let registration = client.registration.as_ref().unwrap();
    let uri = "https://id.example.com/oauth2/register/dyn_1".to_owned();
    let shown = |secret| {
        let information = ClientInformation::of(&client, registration, reply.token.reveal(), uri.clone(), secret);
        serde_json::to_value(information).unwrap()
    };
    let first = shown(reply.secret.as_ref());
    let expected = json!({
        "client_id": client.id.as_str(), "client_id_issued_at": T0.as_seconds(), "client_name": "TV",
        "client_secret": reply.secret.as_ref().unwrap().reveal(), "client_secret_expires_at": 0,
        "registration_access_token": reply.token.reveal(), "registration_client_uri": uri, "grant_types": both(),
        "response_types": [], "token_endpoint_auth_method": "client_secret_basic",
        "scope": "openid profile offline_access", "jwks": {"keys": [{"kty": "EC"}]},
        "id_token_signed_response_alg": "RS256", "subject_type": "public", "dpop_bound_access_tokens": false,
        "software_id": "4NRB1",
    });
    assert_eq!(first, expected);
    let mut without = expected;
    for name in ["client_secret", "client_secret_expires_at"] {
        without.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(shown(None), without);
}
