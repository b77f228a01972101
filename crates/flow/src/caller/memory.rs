//! What this node has seen of assertions and proofs, boundedly: a second one is refused without asking the store.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jose::dpop::{Proof, Replays, Seen};
use proto::Timestamp;
use proto::grant::Refusal;

/// Assertions and proofs that are remembered at most.
const MOST: usize = 1_000_000;
/// Those of one client or key: a device that polls every second makes fewer in the time that they are remembered.
const MOST_PER_KEY: usize = 1_000;

/// A memory of names.
pub(crate) struct Memory(Mutex<Replays>);

impl Memory {
    /// One that remembers for at least `span`.
    pub(crate) fn new(span: Duration) -> Self {
        Self(Mutex::new(Replays::new(span, MOST, MOST_PER_KEY)))
    }

    /// Remembers `proof`.
    ///
    /// # Errors
    /// `replayed`, when it is known; what does not fit is told to come back, since forgetting early would let it in twice.
    pub(crate) fn remember(&self, proof: &Proof, now: Timestamp, replayed: Refusal) -> Result<(), Refusal> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).remember(proof, now) {
            Seen::Never => Ok(()),
            Seen::Before => Err(replayed),
            Seen::NoRoom => {
                tracing::warn!("no room to remember more DPoP proofs and client assertions; a request was put off");
                Err(Refusal::Overloaded)
            }
        }
    }
}
