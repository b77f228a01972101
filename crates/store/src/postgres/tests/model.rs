//! PostgreSQL against memory.

use proptest::prelude::*;

use super::*;
use crate::conformance;

async fn walk(seed: u64, steps: usize) {
    let postgres = node(&Cluster::shared().empty().await).await;
    conformance::model::walk(seed, steps, &Store::memory(), &postgres).await;
    postgres.close().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn postgres_answers_as_memory_does(seed: u64, steps in 1..120_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(seed, steps));
    }
}
