//! The memory that makes a replayed proof visible (RFC 9449 §11.1): bounded as a whole and for each key, so that one
//! key cannot push out the others. Nothing is forgotten early; what does not fit is not remembered, and that is said.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use proto::Timestamp;

use super::Proof;

/// What the memory says about a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was used before.
    Before,
    /// It is new, and remembered from now on.
    Never,
    /// There is no room to remember it, so it must not be accepted.
    NoRoom,
}

/// The proofs of the last while. Times are those of one clock.
#[derive(Debug)]
pub struct Replays {
    span: Duration,
    most: usize,
    most_per_key: usize,
    began: Timestamp,
    current: Generation,
    previous: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    names: HashSet<u64>,
    per_key: HashMap<u64, u32>,
}

impl Replays {
    /// Remembers each proof for at least `span`, the time in which it could be accepted again, and at most twice that;
    /// in one span at most `most` proofs, and `most_per_key` of one key. A proof takes some 20 bytes, and one that is the
    /// only one of its key another 40.
    #[must_use]
    pub fn new(span: Duration, most: usize, most_per_key: usize) -> Self {
        Self {
            span,
            most,
            most_per_key,
            began: Timestamp::EPOCH,
            current: Generation::default(),
            previous: Generation::default(),
        }
    }

    /// Remembers `proof` unless it is known.
    pub fn remember(&mut self, proof: &Proof, now: Timestamp) -> Seen {
        self.turn(now);
        let (key, name) = (short_hash(&proof.jkt, ""), short_hash(&proof.jkt, &proof.jti));
        if self.current.names.contains(&name) || self.previous.names.contains(&name) {
            return Seen::Before;
        }
        let of_key = self.current.per_key.get(&key).copied().unwrap_or_default();
        let is_full = usize::try_from(of_key).is_ok_and(|of_key| of_key >= self.most_per_key);
        if self.current.names.len() >= self.most || is_full {
            return Seen::NoRoom;
        }
        self.current.names.insert(name);
        self.current.per_key.insert(key, of_key.saturating_add(1));
        Seen::Never
    }

    fn turn(&mut self, now: Timestamp) {
        let age = now.since(self.began);
        if age < self.span {
            return;
        }
        let finished = std::mem::take(&mut self.current);
        self.previous = if age < self.span.saturating_mul(2) { finished } else { Generation::default() };
        self.began = now;
    }
}

/// 64 bits suffice: a collision refuses a proof, and nobody can aim at one whose name is not known yet.
fn short_hash(jkt: &str, jti: &str) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(jkt.as_bytes());
    context.update(b"\0");
    context.update(jti.as_bytes());
    context.finish().as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::Timestamp;

    use super::{Proof, Replays, Seen};

    const SPAN: Duration = Duration::from_secs(75);

    fn proof(jkt: &str, jti: &str) -> Proof {
        Proof { jkt: jkt.to_owned(), jti: jti.to_owned(), iat: Timestamp::EPOCH, nonce: None }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    #[test]
    fn dp_4_3_5_a_proof_is_known_for_at_least_the_span_whenever_it_came() {
        for first in 0..200 {
            let mut replays = Replays::new(SPAN, 1000, 1000);
            for second in 0..first {
                replays.remember(&proof("other", &second.to_string()), at(second));
            }
            assert_eq!(replays.remember(&proof("k", "j"), at(first)), Seen::Never);
            for later in 0..75 {
                assert_eq!(replays.remember(&proof("k", "j"), at(first + later)), Seen::Before, "{first} + {later}");
            }
        }
    }

    #[test]
    fn dp_4_3_5_a_name_belongs_to_its_key_and_is_forgotten_in_time() {
        let mut replays = Replays::new(SPAN, 10, 10);
        assert_eq!(replays.remember(&proof("k", "j"), at(0)), Seen::Never);
        assert_eq!(replays.remember(&proof("l", "j"), at(0)), Seen::Never);
        assert_eq!(replays.remember(&proof("k", "j"), at(-30)), Seen::Before, "the clock went back");
        assert_eq!(replays.remember(&proof("k", "j"), at(150)), Seen::Never);
        assert_eq!(replays.remember(&proof("k", "j"), at(1_000_000)), Seen::Never);
    }

    #[test]
    fn dp_4_3_5_the_memory_is_bounded_and_one_key_does_not_fill_it() {
        let mut replays = Replays::new(SPAN, 5, 3);
        let mut verdicts = |key: &str, from: i64| {
            (0..4).map(|n| replays.remember(&proof(key, &n.to_string()), at(from))).collect::<Vec<_>>()
        };
        assert_eq!(verdicts("k", 0), [Seen::Never, Seen::Never, Seen::Never, Seen::NoRoom]);
        assert_eq!(verdicts("l", 0), [Seen::Never, Seen::Never, Seen::NoRoom, Seen::NoRoom]);
        assert_eq!(verdicts("k", 80), [Seen::Before, Seen::Before, Seen::Before, Seen::Never]);
    }
}
