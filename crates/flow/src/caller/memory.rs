//! What this node has seen of assertions and proofs, boundedly: a second one is refused without asking the store.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jose::dpop::{Proof, Replays, Seen};
use proto::Timestamp;
use proto::grant::Refusal;

/// Assertions and proofs that are remembered at most.
const MOST: usize = 1_000_000;

/// A memory of names.
pub(crate) struct Memory(Mutex<Replays>);

impl Memory {
    /// One of client assertions, which remembers for at least `span`. All devices of a client and all questions of an API
    /// come with assertions of one client, and only what it signed itself is counted: it may have half of the room.
    pub(crate) fn of_assertions(span: Duration) -> Self {
        Self(Mutex::new(Replays::new(span, MOST, MOST / 2)))
    }

    /// One of DPoP proofs, which remembers for at least `span`. A service may do for many people under one key what a
    /// device does for one: some hundred a second.
    pub(crate) fn of_proofs(span: Duration) -> Self {
        Self(Mutex::new(Replays::new(span, MOST, MOST / 50)))
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
