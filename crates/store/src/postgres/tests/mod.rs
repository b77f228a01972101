//! What only this backend has: nodes, connections that end, notifications that are lost, a database in trouble.

mod conforms;
mod encrypted;
mod model;
mod nodes;
mod schema;
mod trouble;

use proto::change::Row;

use super::PostgresSettings;
use crate::conformance::{Cluster, Maker, Subject};
use crate::{FaultSettings, Outcome, Store};

fn settings(address: &str) -> PostgresSettings {
    PostgresSettings::parse(address).unwrap()
}

/// A node on the database at `address`.
async fn node(address: &str) -> Store {
    Store::postgres(settings(address)).await.unwrap()
}

/// A database of its own, with two nodes.
async fn subject() -> Subject {
    let address = Cluster::shared().empty().await;
    Subject::new(node(&address).await, node(&address).await)
}

/// Writes rows that must not exist yet.
async fn write(store: &Store, maker: &mut Maker, rows: Vec<Row>) {
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
}
