//! The schema: made once, refused when it is another's, and corrupt rows named.

use proto::change::Row;

use super::*;
use crate::StoreError;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_migrate_once() {
    let address = Cluster::shared().empty().await;
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let address = address.clone();
        starting.spawn(async move { node(&address).await });
    }
    assert_eq!(starting.join_all().await.len(), 6);
    let client = Cluster::connect(&address).await;
    let rows = client.query("SELECT number FROM migrations", &[]).await.unwrap();
    assert_eq!(rows.len(), super::super::migrate::ALL.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_migrations_are_told_and_nothing_is_written() {
    let address = Cluster::shared().empty().await;
    let pending = async || Store::pending_postgres_migrations(settings(&address)).await.unwrap();
    let told = pending().await;
    assert_eq!(told.first().map(|step| (step.number, step.name)), Some((1, "base")));
    assert_eq!(pending().await, told);
    drop(node(&address).await);
    assert_eq!(pending().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_history_and_one_that_is_too_new_are_refused() {
    let address = Cluster::shared().empty().await;
    drop(node(&address).await);
    let add = "INSERT INTO migrations (number, name, checksum, min_version, applied_at) \
         VALUES (1000, 'later', '\\x00', '0.0.1', now())";
    Cluster::execute_at(&address, add).await;
    drop(node(&address).await);
    Cluster::execute_at(&address, "UPDATE migrations SET min_version = '99.0.0' WHERE number = 1000").await;
    let refused = Store::postgres(settings(&address)).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { needed, .. } if needed == "99.0.0"));
    Cluster::execute_at(&address, "UPDATE migrations SET checksum = '\\x00' WHERE number = 1").await;
    let refused = Store::postgres(settings(&address)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { table: "migrations", .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_row_is_named_and_its_values_are_not_shown() {
    let address = Cluster::shared().empty().await;
    let (store, mut maker) = (node(&address).await, Maker::new(40));
    let (client, user) = (maker.client(), maker.user());
    let (session, grant) = (maker.session(&user), maker.grant(&client));
    let rows = [
        Row::User(user.clone().into()),
        Row::Client(client.clone().into()),
        Row::Session(session.clone().into()),
        Row::Grant(grant.clone().into()),
    ];
    write(&store, &mut maker, rows.to_vec()).await;
    for (damage, table, says) in [
        ("UPDATE grants SET state = 'approved'", "grants", "state approved with no facts"),
        ("UPDATE grants SET state = 'pending', decided_at = 1", "grants", "state pending with decided_at"),
        (
            "UPDATE grants SET state = 'geheim', decided_at = NULL",
            "grants",
            "column state holds a word that is no state",
        ),
    ] {
        Cluster::execute_at(&address, damage).await;
        let found = store.redeem_view(&grant.device_code).await.unwrap_err();
        let row: String = grant.id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, StoreError::Corrupt { table, row, what: says.to_owned() });
    }
    Cluster::execute_at(&address, "UPDATE sessions SET revoked_at = 1").await;
    let found = store.session_view(&session.token).await.unwrap_err();
    assert!(found.to_string().contains("revoked_at without revoked_cause"), "{found}");
    Cluster::execute_at(&address, "UPDATE users SET name = 'GEHEIM'").await;
    let found = store.user(user.id).await.unwrap_err().to_string();
    assert!(found.contains("column name holds a text of 6 bytes") && !found.contains("GEHEIM"), "{found}");
}
