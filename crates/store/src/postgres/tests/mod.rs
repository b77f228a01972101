//! What only this backend has: nodes, connections that end, notifications that are lost.

mod conforms;
mod model;

use super::PostgresSettings;
use crate::conformance::{Cluster, Subject};
use crate::{FaultSettings, Store};

/// A node on the database at `address`.
async fn node(address: &str) -> Store {
    Store::postgres(PostgresSettings::parse(address).unwrap()).await.unwrap()
}

/// A database of its own, with two nodes.
async fn subject() -> Subject {
    let address = Cluster::shared().empty().await;
    Subject::new(node(&address).await, node(&address).await)
}
