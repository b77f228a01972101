//! What this node has seen of assertions and proofs, boundedly: a second one is refused without asking the store.
//!
//! Says what it knows and where that ends. What to do with something there is no room for is up to who asks, since keys of
//! proofs cost nothing: a stranger can fill any room.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jose::dpop::{Proof, Replays, Seen};
use proto::Timestamp;

/// How often it is said that there is no room.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// A memory of names.
pub(crate) struct Memory(Mutex<Inside>);

struct Inside {
    replays: Replays,
    span: Duration,
    /// Until then something may have been used that is not known here.
    doubtful_until: Timestamp,
    said: Option<Timestamp>,
}

impl Memory {
    /// Remembers each name for at least `span`, and at most this many of one span: `most` in all, `most_per_key` of one.
    pub(crate) fn new(span: Duration, most: usize, most_per_key: usize) -> Self {
        let replays = Replays::new(span, most, most_per_key.max(1));
        Self(Mutex::new(Inside { replays, span, doubtful_until: Timestamp::EPOCH, said: None }))
    }

    /// Remembers `proof`, if it is new and there is room.
    pub(crate) fn remember(&self, proof: &Proof, now: Timestamp) -> Seen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remember(proof, now)
    }

    /// The same for who takes what there is no room for, and notes elsewhere that it was used: for as long as that is good,
    /// what is not known here may be known there, so there is no room either.
    pub(crate) fn remember_or_doubt(&self, proof: &Proof, now: Timestamp) -> Seen {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match inside.remember(proof, now) {
            Seen::Before => Seen::Before,
            Seen::Never if inside.doubtful_until <= now => Seen::Never,
            Seen::Never => Seen::NoRoom,
            Seen::NoRoom => {
                inside.doubtful_until = now + inside.span;
                Seen::NoRoom
            }
        }
    }
}

impl Inside {
    fn remember(&mut self, proof: &Proof, now: Timestamp) -> Seen {
        let seen = self.replays.remember(proof, now);
        if seen == Seen::NoRoom && self.said.is_none_or(|said| now.since(said) >= SAID_EVERY) {
            self.said = Some(now);
            tracing::warn!(of = %proof.jkt, "no room to remember more DPoP proofs or client assertions");
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(75);
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn proof(key: &str, jti: &str) -> Proof {
        Proof { jkt: key.to_owned(), jti: jti.to_owned(), iat: NOW, nonce: None }
    }

    #[test]
    fn pk_5_what_was_noted_elsewhere_is_never_new_here_while_it_is_good() {
        let memory = Memory::new(SPAN, 3, 2);
        let seen = |key: &str, jti: &str, now| memory.remember_or_doubt(&proof(key, jti), now);
        assert_eq!([seen("a", "1", NOW), seen("a", "2", NOW), seen("b", "1", NOW)], [Seen::Never; 3]);
        let full = NOW + Duration::from_secs(10);
        assert_eq!(seen("b", "2", full), Seen::NoRoom, "noted elsewhere from here on");
        // There is room again, and what is not known here may be what was noted there.
        assert_eq!(seen("b", "2", NOW + SPAN), Seen::NoRoom);
        assert_eq!(seen("a", "1", NOW + SPAN), Seen::Before);
        assert_eq!(seen("c", "1", full + SPAN - Duration::from_millis(1)), Seen::NoRoom);
        assert_eq!(seen("c", "2", full + SPAN), Seen::Never);
    }

    #[test]
    fn dp_4_3_5_what_is_refused_for_want_of_room_raises_no_doubt() {
        let memory = Memory::new(SPAN, 10, 1);
        let seen = |key: &str, jti: &str| memory.remember(&proof(key, jti), NOW);
        assert_eq!([seen("a", "1"), seen("a", "2"), seen("b", "1")], [Seen::Never, Seen::NoRoom, Seen::Never]);
        assert_eq!(seen("a", "1"), Seen::Before);
    }
}
