//! The contract.

use super::*;
use crate::conformance;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_conforms() {
    conformance::all(subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_conforms_under_faults() {
    conformance::under_faults(async || subject().await.faulty(FaultSettings::rough(5))).await;
}
