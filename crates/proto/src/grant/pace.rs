//! How fast a grant may be polled (RFC 8628 §3.5): a small bucket per grant, kept by each node in memory.
//!
//! Burst 4, refill two polls per 0.8 × interval: twins 1 ms apart and clocks that run 20 % fast pass. A
//! refused poll takes nothing, so that no client can lock itself out (CF-10, CF-22).

use std::time::Duration;

use crate::Timestamp;

/// Polls that may come at once.
const BURST: u32 = 4;

/// The bucket of one grant: the time at which it will be full again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket(Timestamp);

impl Bucket {
    /// A full bucket: the first poll is never early.
    pub const FULL: Self = Self(Timestamp::EPOCH);

    /// Takes one poll that arrives at `now`; `false` when the bucket is empty, and then nothing is taken.
    #[must_use]
    pub fn take(&mut self, now: Timestamp, interval: Duration) -> bool {
        let refill = interval.mul_f64(0.4);
        // Nobody can take more than a burst ahead: then the clock was set back, and what it said before counts for nothing.
        let full_at = if self.0.since(now) > refill * BURST { now } else { self.0.max(now) };
        if full_at.since(now) > refill * (BURST - 1) {
            return false;
        }
        self.0 = full_at + refill;
        true
    }

    /// Makes the next poll free: it follows a reply that the server held back itself (LP-7).
    pub const fn fill(&mut self) {
        *self = Self::FULL;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000) + Duration::from_millis(millis)
    }

    #[test]
    fn df_3_5_3_polls_beyond_the_bucket_are_refused_and_take_nothing() {
        let mut bucket = Bucket::FULL;
        let taken: Vec<bool> = (0..6).map(|n| bucket.take(at(n), INTERVAL)).collect();
        assert_eq!(taken, [true, true, true, true, false, false]);
        let before = bucket;
        assert!(!bucket.take(at(1_000), INTERVAL));
        assert_eq!(bucket, before, "a refused poll takes nothing");
        assert!(bucket.take(at(2_000), INTERVAL), "one more after 0.4 × interval");
    }

    #[test]
    fn df_3_5_17_a_client_that_is_early_or_polls_in_twins_never_slows_down() {
        let mut early = Bucket::FULL;
        let mut twins = Bucket::FULL;
        for n in 0..1_000 {
            assert!(early.take(at(n * 4_000), INTERVAL), "20 % early");
            assert!(twins.take(at(n * 5_000), INTERVAL) && twins.take(at(n * 5_000 + 1), INTERVAL), "twins");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_slows_nobody_down() {
        let mut bucket = Bucket::FULL;
        while bucket.take(at(3_600_000), INTERVAL) {}
        let taken: Vec<bool> = (0..6).map(|n| bucket.take(at(n), INTERVAL)).collect();
        assert_eq!(taken, [true, true, true, true, false, false]);
    }

    #[test]
    fn lp_7_the_poll_after_a_held_reply_is_never_early() {
        let mut bucket = Bucket::FULL;
        while bucket.take(at(0), INTERVAL) {}
        bucket.fill();
        assert!(bucket.take(at(1), INTERVAL));
    }

    proptest! {
        #[test]
        fn nobody_is_starved_and_nobody_gets_more_than_the_bucket_gives(gaps in proptest::collection::vec(0_u64..3_000, 1..200)) {
            let mut bucket = Bucket::FULL;
            let mut now = 0;
            let mut taken: u64 = 0;
            for gap in gaps {
                now += gap;
                taken += u64::from(bucket.take(at(now), INTERVAL));
                prop_assert!(taken <= 4 + now / 2_000);
            }
            prop_assert!(bucket.take(at(now + 8_000), INTERVAL));
        }
    }
}
