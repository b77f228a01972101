//! The reference conforms, with and without faults.

use crate::conformance::{self, Subject};
use crate::{FaultSettings, Store};

fn subject() -> Subject {
    let store = Store::memory();
    Subject::new(store.clone(), store)
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_conforms() {
    conformance::all(async || subject()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_conforms_under_faults() {
    for seed in 0..20 {
        conformance::under_faults(async || subject().faulty(FaultSettings::rough(seed))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_store_without_faults_conforms() {
    conformance::all(async || subject().faulty(FaultSettings::default())).await;
}
