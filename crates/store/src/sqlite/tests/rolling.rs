//! Nodes are replaced one by one: the program before this one, with its own statements, on the schema of this one.

use proto::model::{Client, Family, Grant};
use rusqlite::{Connection, params};

use super::*;

/// What the program before inserts for a row that has nothing but what it knows.
fn insert_as_before(connection: &Connection, client: &Client, grant: &Grant, family: &Family) {
    let sql = "INSERT INTO clients \
         (id, name, auth, secrets, grants, scopes, origins, link, device_auth, id_token_alg, alphabet, hold_ms, \
         interval_ms, lifetime_ms, introspects, verified, enabled, declaration, created_at, commit_id, version) \
         VALUES (?1, ?2, 'none', x'', 'device_code', ?3, '', 'same_network', 'required', 'RS256', NULL, NULL, NULL, \
         NULL, 0, 1, 1, NULL, ?4, zeroblob(16), 0 + 1)";
    let values = params![client.id.as_str(), client.name, client.scopes.to_string(), client.created_at.as_millis()];
    assert_eq!(connection.execute(sql, values), Ok(1));

    let sql = "INSERT INTO grants \
         (id, device_code, user_code, client_id, scope, device_name, ip, ip_origin, created_at, expires_at, forget_at, \
         interval_ms, hold_ms, state, decided_at, decided_by, reported, session_id, auth_time, amr, redeemed_at, \
         last_issue, family_id, replaced, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, 'direct', ?7, ?8, ?9, 1000, NULL, 'pending', NULL, NULL, NULL, NULL, \
         NULL, NULL, NULL, NULL, NULL, NULL, zeroblob(16), 0 + 1)";
    let values = params![
        grant.id.as_bytes(),
        grant.device_code.as_bytes(),
        grant.user_code.as_bytes(),
        grant.client_id.as_str(),
        grant.scope.to_string(),
        grant.requester.ip.to_string(),
        grant.created_at.as_millis(),
        grant.expires_at.as_millis(),
        grant.tombstone_until().as_millis(),
    ];
    assert_eq!(connection.execute(sql, values), Ok(1));

    let sql = "INSERT INTO families \
         (id, grant_id, client_id, user_id, session_id, scope, device_name, requester_ip, requester_origin, issued_at, \
         expires_at, refresh_token, refresh_generation, refresh_idle_until, refreshed_at, revoked_at, commit_id, \
         version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL, NULL, ?7, ?8, NULL, NULL, NULL, NULL, NULL, zeroblob(16), 0 + 1)";
    let values = params![
        family.id.as_bytes(),
        family.grant_id.as_bytes(),
        family.client_id.as_str(),
        family.user_id.as_bytes(),
        family.session_id.as_bytes(),
        family.scope.to_string(),
        family.issued_at.as_millis(),
        family.expires_at.as_millis(),
    ];
    assert_eq!(connection.execute(sql, values), Ok(1));
}

async fn expect(store: &Store, row: Row) {
    assert_eq!(crate::conformance::load(store, &row.key()).await, Some(row));
}

#[tokio::test]
async fn what_the_program_before_proofs_inserts_has_what_was_always_done() {
    let (place, mut maker) = (Place::new(), Maker::new(20));
    let store = place.open().await;
    let (mut client, user) = (maker.client(), maker.user());
    let (mut grant, session) = (maker.grant(&client), maker.session(&user));
    let mut family = maker.redeemed(&grant, Maker::approval(&session)).1;
    family.requester = None;
    insert_as_before(&place.raw(), &client, &grant, &family);
    (client.version, grant.version, family.version) = (1, 1, 1);
    expect(&store, Row::Client(client.into())).await;
    expect(&store, Row::Grant(grant.into())).await;
    expect(&store, Row::Family(family.into())).await;
}

#[tokio::test]
async fn what_the_program_before_proofs_updates_keeps_what_it_does_not_know() {
    let (place, mut maker) = (Place::new(), Maker::new(21));
    let store = place.open().await;
    let (mut client, user) = (maker.rich_client(), maker.user());
    let (mut grant, session) = (maker.rich_grant(&client), maker.session(&user));
    let mut family = maker.redeemed(&grant, Maker::approval(&session)).1;
    let rows =
        vec![Row::Client(client.clone().into()), Row::Grant(grant.clone().into()), Row::Family(family.clone().into())];
    write(&store, &mut maker, rows).await;

    let connection = place.raw();
    // Its statements name all columns it knows; one of each stands for them.
    let sql = "UPDATE clients SET name = 'Drucker', commit_id = zeroblob(16), version = 1 + 1 \
         WHERE id = ?1 AND version = 1";
    assert_eq!(connection.execute(sql, [client.id.as_str()]), Ok(1));
    let sql = "UPDATE grants SET device_name = 'Drucker', commit_id = zeroblob(16), version = 1 + 1 \
         WHERE id = ?1 AND version = 1";
    assert_eq!(connection.execute(sql, [grant.id.as_bytes()]), Ok(1));
    let sql = "UPDATE families SET device_name = 'Drucker', commit_id = zeroblob(16), version = 1 + 1 \
         WHERE id = ?1 AND version = 1";
    assert_eq!(connection.execute(sql, [family.id.as_bytes()]), Ok(1));

    "Drucker".clone_into(&mut client.name);
    grant.device_name = Some("Drucker".to_owned());
    family.device_name = Some("Drucker".to_owned());
    (client.version, grant.version, family.version) = (2, 2, 2);
    assert!(client.registration.is_some() && grant.code_challenge.is_some() && family.dpop.is_some());
    expect(&store, Row::Client(client.into())).await;
    expect(&store, Row::Grant(grant.into())).await;
    expect(&store, Row::Family(family.into())).await;
}

/// A sweep and the use of a proof stay one search, however many rows there are.
#[tokio::test]
async fn sweeps_and_uses_read_no_row_that_stays() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    let connection = place.raw();
    for (sql, index) in [
        ("SELECT id FROM spent WHERE until <= 5 ORDER BY until LIMIT 9", "COVERING INDEX spent_until"),
        ("SELECT 1 FROM spent WHERE id = x'00'", "PRIMARY KEY"),
        ("SELECT id FROM clients WHERE unused_until <= 5 ORDER BY unused_until LIMIT 9", "clients_unused"),
    ] {
        let plan: String =
            connection.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get("detail")).unwrap();
        assert!(plan.starts_with("SEARCH") && plan.contains(index), "{plan}");
    }
}
