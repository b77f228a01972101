//! One attempt at a time, whose outcome is shared by all who waited for it.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Attempts at the same thing. An outcome counts only for those who came before its attempt began: what it says was true
/// after they asked.
#[derive(Debug)]
pub(crate) struct Flight<T> {
    turn: futures_util::lock::Mutex<()>,
    log: Mutex<Log<T>>,
}

#[derive(Debug)]
struct Log<T> {
    started: u64,
    ended: Option<(u64, T)>,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self { turn: futures_util::lock::Mutex::default(), log: Mutex::new(Log { started: 0, ended: None }) }
    }
}

impl<T: Clone> Flight<T> {
    /// The outcome of `attempt`, or of one that began while this waited for its turn.
    pub(crate) async fn share(&self, attempt: impl Future<Output = T>) -> T {
        let came_after = self.log().started;
        let _turn = self.turn.lock().await;
        let number = {
            let mut log = self.log();
            if let Some((_, outcome)) = log.ended.as_ref().filter(|(number, _)| *number > came_after) {
                return outcome.clone();
            }
            log.started += 1;
            log.started
        };
        let outcome = attempt.await;
        self.log().ended = Some((number, outcome.clone()));
        outcome
    }

    fn log(&self) -> MutexGuard<'_, Log<T>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
