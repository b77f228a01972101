//! The history of the schema: what is pending, too new, or not ours.

use proto::model::{Client, ClientAddress, Family, Refresh};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::StoreError;

#[tokio::test]
async fn pending_migrations_are_told_and_nothing_is_written() {
    let place = Place::new();
    let pending = Store::pending_migrations(place.settings()).await.unwrap();
    let named: Vec<_> = pending.iter().map(|step| (step.number, step.name)).collect();
    assert_eq!(named, [(1, "base"), (2, "tokens"), (3, "proofs"), (4, "registration")]);
    assert!(!place.path().exists());
    place.open().await.close().await.unwrap();
    assert_eq!(Store::pending_migrations(place.settings()).await, Ok(vec![]));
}

#[tokio::test]
async fn a_schema_that_needs_a_newer_program_is_refused_and_one_that_does_not_is_served() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    let newer = |version: &str| {
        let sql = format!("INSERT OR REPLACE INTO migrations VALUES (99, 'later', x'00', '{version}', 0)");
        place.raw().execute_batch(&sql).unwrap();
    };
    let own = env!("CARGO_PKG_VERSION");
    for needed in ["99.0.0", "0.99.0", "0.1.99", "99.0.0-beta"] {
        newer(needed);
        let refused = StoreError::TooNew { needed: needed.to_owned(), own: own.to_owned() };
        assert_eq!(Store::sqlite(place.settings()).await.err(), Some(refused.clone()));
        assert_eq!(Store::pending_migrations(place.settings()).await, Err(refused));
    }
    for needed in ["0.0.9", "0.1.0", own] {
        newer(needed);
        place.open().await.close().await.unwrap();
    }
    newer("soon");
    let error = Store::sqlite(place.settings()).await.unwrap_err();
    assert_eq!(error.to_string(), "corrupt migrations row 99: column min_version holds no version");
}

#[tokio::test]
async fn another_history_is_refused() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    place.raw().execute_batch("UPDATE migrations SET checksum = x'00' WHERE number = 1").unwrap();
    let error = Store::sqlite(place.settings()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { table: "migrations", row, .. } if row == "1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_migrate_once() {
    let place = Place::new();
    let opened = tokio::join!(place.open(), place.open(), place.open(), place.open());
    for store in [&opened.0, &opened.1, &opened.2, &opened.3] {
        assert_eq!(store.deployment().await, Ok(None));
    }
    let applied: i64 = place.raw().query_row("SELECT count(*) FROM migrations", [], |row| row.get(0)).unwrap();
    assert_eq!(applied, 4);
}

/// The database that a program which knows the first migration alone leaves.
fn base(place: &Place) -> Connection {
    let sql = include_str!("../migrations/0001_base.sql").replace("\r\n", "\n");
    let connection = place.raw();
    connection.pragma_update(None, "application_id", 0x4353_474e).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum BLOB NOT NULL, \
             min_version TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
        )
        .unwrap();
    connection.execute_batch(&sql).unwrap();
    let checksum: [u8; 32] = Sha256::digest(&sql).into();
    connection.execute("INSERT INTO migrations VALUES (1, 'base', ?1, '0.1.0', 0)", [checksum]).unwrap();
    connection
}

/// Inserts a family as the program before lasting access does.
fn insert_as_before(connection: &Connection, family: &Family) {
    let sql = "INSERT INTO families \
         (id, grant_id, client_id, user_id, session_id, scope, issued_at, expires_at, refreshed_at, revoked_at, \
         commit_id, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 + 1)";
    let values = params![
        family.id.as_bytes(),
        family.grant_id.as_bytes(),
        family.client_id.as_str(),
        family.user_id.as_bytes(),
        family.session_id.as_bytes(),
        family.scope.to_string(),
        family.issued_at.as_millis(),
        family.expires_at.as_millis(),
        family.refreshed_at.map(|at| at.as_millis()),
        family.revoked_at.map(|at| at.as_millis()),
        [0_u8; 16],
        i64::try_from(family.version).unwrap(),
    ];
    assert_eq!(connection.execute(sql, values), Ok(1));
}

/// Inserts a public client as the program before introspection does.
fn insert_client_as_before(connection: &Connection, client: &Client) {
    let sql = "INSERT INTO clients \
         (id, name, auth, secrets, grants, scopes, origins, link, device_auth, id_token_alg, verified, enabled, \
         created_at, commit_id, version) VALUES (?1, ?2, 'none', x'', \
         'device_code', ?3, '', 'same_network', 'required', 'RS256', 1, 1, ?4, ?5, 1)";
    let values =
        params![client.id.as_str(), client.name, client.scopes.to_string(), client.created_at.as_millis(), [0_u8; 16]];
    assert_eq!(connection.execute(sql, values), Ok(1));
}

fn family(maker: &mut Maker) -> Family {
    let (client, user) = (maker.client(), maker.user());
    let (grant, session) = (maker.grant(&client), maker.session(&user));
    maker.redeemed(&grant, Maker::approval(&session)).1
}

async fn stored(store: &Store, family: &Family) -> Option<Row> {
    crate::conformance::load(store, &Row::Family(family.clone().into()).key()).await
}

#[tokio::test]
async fn families_from_before_lasting_access_are_kept_and_may_get_it() {
    let (place, mut maker) = (Place::new(), Maker::new(11));
    let before = family(&mut maker);
    insert_as_before(&base(&place), &before);
    let pending = Store::pending_migrations(place.settings()).await.unwrap();
    let named: Vec<_> = pending.iter().map(|step| (step.number, step.name)).collect();
    assert_eq!(named, [(2, "tokens"), (3, "proofs"), (4, "registration")]);

    let store = place.open().await;
    assert_eq!(Store::pending_migrations(place.settings()).await, Ok(vec![]));
    let mut family = Family { device_name: None, requester: None, version: 1, ..before };
    assert_eq!(stored(&store, &family).await, Some(Row::Family(family.clone().into())));
    family.refresh = Some(maker.refresh(&family, 0));
    family.device_name = Some("Wohnzimmer".to_owned());
    family.requester = Some(ClientAddress::direct([192, 0, 2, 8].into()));
    write(&store, &mut maker, vec![Row::Family(family.clone().into())]).await;
    family.version = 2;
    assert_eq!(stored(&store, &family).await, Some(Row::Family(family.into())));
}

#[tokio::test]
async fn the_program_before_lasting_access_runs_on_its_schema() {
    let (place, mut maker) = (Place::new(), Maker::new(12));
    let store = place.open().await;
    let (added, mut refreshable) = (family(&mut maker), family(&mut maker));
    let refresh: Refresh = maker.refresh(&refreshable, 3);
    refreshable.refresh = Some(refresh);
    refreshable.device_name = Some("Wohnzimmer".to_owned());
    write(&store, &mut maker, vec![Row::Family(refreshable.clone().into())]).await;

    let connection = place.raw();
    insert_as_before(&connection, &added);
    let revoked_at = refreshable.issued_at;
    let sql = "UPDATE families SET revoked_at = ?2, version = version + 1 WHERE id = ?1 AND version = 1";
    let values = params![refreshable.id.as_bytes(), revoked_at.as_millis()];
    assert_eq!(connection.execute(sql, values), Ok(1));

    let added = Family { device_name: None, requester: None, version: 1, ..added };
    assert_eq!(stored(&store, &added).await, Some(Row::Family(added.into())));
    let revoked = Family { revoked_at: Some(revoked_at), version: 2, ..refreshable };
    assert_eq!(
        stored(&store, &revoked).await,
        Some(Row::Family(revoked.into())),
        "its refresh and its device are untouched"
    );
}

#[tokio::test]
async fn clients_from_before_introspection_may_not_ask_until_they_are_allowed() {
    let (place, mut maker) = (Place::new(), Maker::new(13));
    let mut client = maker.client();
    insert_client_as_before(&base(&place), &client);

    let store = place.open().await;
    client.version = 1;
    assert!(!client.introspects);
    assert_eq!(store.client(&client.id).await, Ok(Some(client.clone())));
    client.introspects = true;
    write(&store, &mut maker, vec![Row::Client(client.clone().into())]).await;
    client.version = 2;
    assert_eq!(store.client(&client.id).await, Ok(Some(client)));
}

#[tokio::test]
async fn the_program_before_introspection_runs_on_its_schema() {
    let (place, mut maker) = (Place::new(), Maker::new(14));
    let store = place.open().await;
    let (added, asking) = (maker.client(), maker.rich_client());
    write(&store, &mut maker, vec![Row::Client(asking.clone().into())]).await;

    let connection = place.raw();
    insert_client_as_before(&connection, &added);
    let sql = "UPDATE clients SET enabled = 1, version = version + 1 WHERE id = ?1 AND version = 1";
    assert_eq!(connection.execute(sql, [asking.id.as_str()]), Ok(1));

    let added = Client { version: 1, ..added };
    assert_eq!(store.client(&added.id).await, Ok(Some(added)));
    let enabled = Client { enabled: true, version: 2, ..asking };
    assert!(enabled.introspects);
    assert_eq!(store.client(&enabled.id).await, Ok(Some(enabled)));
}

#[tokio::test]
async fn a_client_may_ask_or_may_not_and_the_schema_takes_nothing_else() {
    let (place, mut maker) = (Place::new(), Maker::new(15));
    let store = place.open().await;
    let client = maker.client();
    write(&store, &mut maker, vec![Row::Client(client.into())]).await;
    for value in ["2", "-1", "NULL", "'yes'"] {
        let done = place.raw().execute(&format!("UPDATE clients SET introspects = {value}"), []);
        assert_eq!(done.unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::ConstraintViolation), "{value}");
    }
}
