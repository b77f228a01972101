//! Rows that are none: named, never guessed, and the rest goes on serving.

use proto::change::Row;
use proto::model::{Grant, GrantState};

use super::*;
use crate::StoreError;
use crate::load::GrantFilter;

/// What a load says of a row after `sql` was done to it.
async fn corrupted(rows: Vec<Row>, sql: &str) -> (Store, Place, Maker) {
    let (place, mut maker) = (Place::new(), Maker::new(8));
    let store = place.open().await;
    write(&store, &mut maker, rows).await;
    place.raw().execute_batch(sql).unwrap();
    (store, place, maker)
}

fn named(error: &StoreError, table: &str, row: &str) -> String {
    match error {
        StoreError::Corrupt { table: own, row: key, what } if *own == table && key == row => what.clone(),
        other => panic!("{other:?} instead of a corrupt row {row} of {table}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn any_other_combination_of_a_grants_columns_is_named() {
    let mut maker = Maker::new(9);
    let (client, user) = (maker.client(), maker.user());
    let session = maker.session(&user);
    let pending = maker.grant(&client);
    let approved = maker.approved(&client, Maker::approval(&session));
    let denied = Grant {
        state: GrantState::Denied { at: pending.created_at, by: user.id, reported: false },
        ..maker.grant(&client)
    };
    let fresh = maker.grant(&client);
    let redeemed = maker.redeemed(&fresh, Maker::approval(&session)).0;
    for (grant, set, what) in [
        (&pending, "decided_at = 1", "state pending with decided_at"),
        (&pending, "state = 'approved'", "state approved with no facts"),
        (&pending, "state = 'undecided'", "column state holds a word that is no state"),
        (&pending, "scope = 'openid  openid'", "column scope holds a text of 14 bytes that is none of its values"),
        (&pending, "device_code = zeroblob(32)", "device_code is that of another grant"),
        (&pending, "user_code = x'00'", "column user_code holds 1 bytes"),
        (&pending, "version = 0", "column version holds the number 0"),
        (&pending, "interval_ms = -1", "column interval_ms holds the number -1"),
        (&pending, "dpop = x'00'", "column dpop holds 1 bytes"),
        (&pending, "code_challenge = zeroblob(31)", "column code_challenge holds 31 bytes"),
        (
            &pending,
            "resources = 'urn:a  urn:b'",
            "column resources holds a text of 12 bytes that is none of its values",
        ),
        (&pending, "resources = 'api'", "column resources holds a text of 3 bytes that is none of its values"),
        (&pending, "ip = 'somewhere'", "column ip holds a text of 9 bytes that is none of its values"),
        (&denied, "session_id = zeroblob(16)", "state denied with decided_at, decided_by, reported, session_id"),
        (&denied, "reported = 2", "column reported holds the number 2"),
        (&approved, "auth_time = NULL", "state approved with decided_at, decided_by, session_id, amr"),
        (&approved, "reported = 0", "state approved with decided_at, decided_by, reported, session_id, auth_time, amr"),
        (&approved, "amr = 'pwd otp'", "column amr holds a text of 7 bytes that is none of its values"),
        (
            &redeemed,
            "family_id = NULL",
            "state redeemed with decided_at, decided_by, session_id, auth_time, amr, redeemed_at, last_issue, replaced",
        ),
    ] {
        let sql = format!("UPDATE grants SET {set} WHERE id = x'{}'", hex(grant.id.as_bytes()));
        let other = maker.grant(&client);
        let rows = vec![Row::Grant(grant.clone().into()), Row::Grant(other.clone().into())];
        let (store, _place, mut maker) = corrupted(rows, &sql).await;
        let error = store.grant(grant.id).await.unwrap_err();
        assert_eq!(named(&error, "grants", &hex(grant.id.as_bytes())), what);
        let error = store.grants(GrantFilter::default()).await.unwrap_err();
        assert_eq!(named(&error, "grants", &hex(grant.id.as_bytes())), what);
        assert!(store.grant(other.id).await.unwrap().is_some());
        write(&store, &mut maker, vec![Row::Client(client.clone().into())]).await;
    }
}

#[tokio::test]
async fn other_rows_are_named_too() {
    let mut maker = Maker::new(10);
    let (client, user) = (maker.rich_client(), maker.user());
    let (session, token) = (maker.session(&user), maker.initial_token());
    let rows = vec![
        Row::Client(client.clone().into()),
        Row::User(user.clone().into()),
        Row::Session(session.clone().into()),
        Row::Deployment(maker.deployment()),
        Row::SealedKey(maker.sealed_key().into()),
        Row::InitialToken(token.clone().into()),
    ];
    let sql = "UPDATE clients SET secrets = x'0011'; UPDATE users SET name = 'Anna'; \
         UPDATE sessions SET revoked_at = 5; UPDATE deployment SET key_fingerprint = x''; \
         UPDATE sealed_keys SET purpose = 'unknown'; UPDATE initial_tokens SET uses_left = -1";
    let (store, _place, _) = corrupted(rows, sql).await;
    let error = store.client(&client.id).await.unwrap_err();
    assert_eq!(named(&error, "clients", client.id.as_str()), "column secrets holds 2 bytes");
    let error = store.user(user.id).await.unwrap_err();
    let what = named(&error, "users", &hex(user.id.as_bytes()));
    assert_eq!(what, "column name holds a text of 4 bytes that is none of its values");
    assert!(!error.to_string().contains("Anna"), "values are not shown");
    let error = store.session(session.id).await.unwrap_err();
    assert_eq!(named(&error, "sessions", &hex(session.id.as_bytes())), "revoked_at without revoked_cause");
    let error = store.deployment().await.unwrap_err();
    assert_eq!(named(&error, "deployment", "1"), "column key_fingerprint holds 0 bytes");
    assert!(store.sealed_keys().await.is_err());
    let error = store.initial_token(token.id).await.unwrap_err();
    assert_eq!(named(&error, "initial_tokens", &hex(token.id.as_bytes())), "column uses_left holds the number -1");
}

#[tokio::test]
async fn any_other_combination_of_a_familys_columns_is_named() {
    let mut maker = Maker::new(11);
    let (client, user) = (maker.client(), maker.user());
    let session = maker.session(&user);
    let grant = maker.grant(&client);
    let mut plain = maker.redeemed(&grant, Maker::approval(&session)).1;
    plain.requester = None;
    let mut refreshable = maker.redeemed(&grant, Maker::approval(&session)).1;
    refreshable.refresh = Some(maker.refresh(&refreshable, 1));
    for (family, set, what) in [
        (&plain, "refresh_token = zeroblob(32)", "refresh_token without refresh_generation, refresh_idle_until"),
        (&plain, "refresh_generation = 0", "refresh_generation without refresh_token, refresh_idle_until"),
        (&plain, "refresh_idle_until = 1", "refresh_idle_until without refresh_token, refresh_generation"),
        (&refreshable, "refresh_token = NULL", "refresh_generation, refresh_idle_until without refresh_token"),
        (&refreshable, "refresh_generation = NULL", "refresh_token, refresh_idle_until without refresh_generation"),
        (&refreshable, "refresh_idle_until = NULL", "refresh_token, refresh_generation without refresh_idle_until"),
        (&refreshable, "refresh_token = x'00'", "column refresh_token holds 1 bytes"),
        (&refreshable, "refresh_generation = -1", "column refresh_generation holds the number -1"),
        (&refreshable, "refresh_generation = 4294967296", "column refresh_generation holds the number 4294967296"),
        (&plain, "dpop = zeroblob(31)", "column dpop holds 31 bytes"),
        (&plain, "resources = ' '", "column resources holds a text of 1 bytes that is none of its values"),
        (&plain, "requester_ip = '192.0.2.8'", "requester_ip without requester_origin"),
        (&plain, "requester_origin = 'direct'", "requester_origin without requester_ip"),
        (&refreshable, "requester_origin = NULL", "requester_ip without requester_origin"),
        (&refreshable, "requester_ip = NULL", "requester_origin without requester_ip"),
        (
            &refreshable,
            "requester_ip = 'home'",
            "column requester_ip holds a text of 4 bytes that is none of its values",
        ),
        (
            &refreshable,
            "requester_origin = 'afar'",
            "column requester_origin holds a text of 4 bytes that is none of its values",
        ),
        (
            &refreshable,
            "device_name = CAST(x'ff' AS TEXT)",
            "column device_name holds a text of 1 bytes that is none of its values",
        ),
    ] {
        let other = if family.id == plain.id { &refreshable } else { &plain };
        let rows = vec![Row::Family(family.clone().into()), Row::Family(other.clone().into())];
        let sql = format!("UPDATE families SET {set} WHERE id = x'{}'", hex(family.id.as_bytes()));
        let (store, _place, _) = corrupted(rows, &sql).await;
        let error = store.family_view(family.id).await.unwrap_err();
        assert_eq!(named(&error, "families", &hex(family.id.as_bytes())), what);
        let error = store.families_of(user.id).await.unwrap_err();
        assert_eq!(named(&error, "families", &hex(family.id.as_bytes())), what);
        assert!(store.family_view(other.id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn any_other_combination_of_a_clients_columns_is_named() {
    let mut maker = Maker::new(12);
    let (plain, rich, keyed) = (maker.client(), maker.rich_client(), maker.keyed_client());
    for (client, set, what) in [
        (&rich, "jwks_uri = 'https://tv.example.com/keys'", "jwks_uri with jwks"),
        (&keyed, "jwks = '{}'", "jwks_uri with jwks"),
        (&plain, "sector = 'tv.example.com'", "subject public with sector"),
        (&rich, "subject = 'public'", "subject public with sector"),
        (&plain, "subject = 'private'", "column subject holds a word that is no kind of subject"),
        (&plain, "unused_until = 1", "unused_until without registration_token"),
        (&plain, "software_id = 'tv'", "software_id without registration_token"),
        (&plain, "ceiling_grants = 'device_code'", "ceiling_grants without registration_token"),
        (&plain, "software_statement = 'e30'", "software_statement without registration_token"),
        (
            &rich,
            "registration_token = NULL",
            "ceiling_grants, ceiling_scopes, unused_until, software_id, software_version, software_statement \
             without registration_token",
        ),
        (&plain, "registration_token = x'00'", "column registration_token holds 1 bytes"),
        (&plain, "assertion_alg = 'HS256'", "column assertion_alg holds a text of 5 bytes that is none of its values"),
        (&plain, "id_token_alg = 'none'", "column id_token_alg holds a text of 4 bytes that is none of its values"),
        (&plain, "token_alg = 'eddsa'", "column token_alg holds a text of 5 bytes that is none of its values"),
        (&plain, "token_format = ''", "column token_format holds a text of 0 bytes that is none of its values"),
        (&plain, "access_ms = -1", "column access_ms holds the number -1"),
        (&plain, "rotation = 'never'", "column rotation holds a text of 5 bytes that is none of its values"),
        (&plain, "dpop = 'maybe'", "column dpop holds a text of 5 bytes that is none of its values"),
        (&plain, "pkce = 'plain'", "column pkce holds a text of 5 bytes that is none of its values"),
        (&plain, "resources = 'https://'", "column resources holds a text of 8 bytes that is none of its values"),
    ] {
        let rows = [&plain, &rich, &keyed].map(|client| Row::Client(client.clone().into()));
        let sql = format!("UPDATE clients SET {set} WHERE id = '{}'", client.id);
        let (store, _place, _) = corrupted(rows.to_vec(), &sql).await;
        let error = store.client(&client.id).await.unwrap_err();
        assert_eq!(named(&error, "clients", client.id.as_str()), what);
        let error = store.clients().await.unwrap_err();
        assert_eq!(named(&error, "clients", client.id.as_str()), what);
        let other = if client.id == plain.id { &rich } else { &plain };
        assert!(store.client(&other.id).await.unwrap().is_some());
    }
}
