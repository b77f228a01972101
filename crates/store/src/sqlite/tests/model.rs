//! SQLite against memory.

use proptest::prelude::*;

use super::*;
use crate::conformance;

async fn walk(seed: u64, steps: usize) {
    let place = Place::new();
    let sqlite = place.open().await;
    conformance::model::walk(seed, steps, &Store::memory(), &sqlite).await;
    sqlite.close().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn sqlite_answers_as_memory_does(seed: u64, steps in 1..120_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(seed, steps));
    }
}
