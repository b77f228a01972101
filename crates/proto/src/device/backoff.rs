//! How long to wait between polls: the interval in force and what failures add to it (RFC 8628 §3.5).
//! Owns the arithmetic and the jitter. Which answer means what is `verdict`'s.

use std::time::Duration;

use crate::Entropy;
use crate::entropy::bytes;

/// Neither `slow_down` nor failures lead beyond this, unless the server itself asked for more.
const CAP: Duration = Duration::from_secs(60);
/// What `slow_down` adds for good.
const STEP: Duration = Duration::from_secs(5);

/// The pace of one sign-in. The interval never shrinks; failures stretch waits until the next answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    failures: u32,
}

impl Pace {
    pub(super) const fn new(interval: Duration) -> Self {
        Self { interval, failures: 0 }
    }

    /// The least time between two polls.
    pub(super) const fn interval(self) -> Duration {
        self.interval
    }

    /// How many polls in a row had no answer.
    pub(super) const fn failures(self) -> u32 {
        self.failures
    }

    /// The server answered.
    pub(super) const fn answered(&mut self) {
        self.failures = 0;
    }

    /// Five seconds more for this and every later poll, or what the server asks for if that is more.
    pub(super) fn slow_down(&mut self, given: Option<Duration>) {
        let own = (self.interval + STEP).min(CAP.max(self.interval));
        self.interval = own.max(given.unwrap_or_default());
    }

    /// No answer: waits double from here on.
    pub(super) const fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// The wait before the next poll, never below the interval. An ordinary wait is up to 10 % longer than it, so that
    /// devices started together drift apart; one after failures doubles with each, ± 10 %.
    pub(super) fn wait(self, entropy: &mut dyn Entropy) -> Duration {
        // A tenth of per mille is fine enough, and 2^16 % 101 leaves no bias that matters.
        let part = u32::from(u16::from_le_bytes(bytes(entropy)));
        if self.failures == 0 {
            return per_mille(self.interval, 1000 + part % 101);
        }
        let doubled = self.interval.saturating_mul(2_u32.saturating_pow(self.failures)).min(CAP);
        per_mille(doubled, 900 + part % 201).max(self.interval)
    }
}

fn per_mille(duration: Duration, share: u32) -> Duration {
    duration.saturating_mul(share) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Seeded;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn df_3_5_9_df_3_5_18_cf_10_slow_down_adds_five_seconds_up_to_a_minute() {
        let mut pace = Pace::new(secs(5));
        pace.slow_down(None);
        assert_eq!(pace.interval(), secs(10));
        pace.slow_down(Some(secs(12)));
        assert_eq!(pace.interval(), secs(15));
        pace.slow_down(Some(secs(30)));
        assert_eq!(pace.interval(), secs(30));
        for _ in 0..20 {
            pace.slow_down(None);
        }
        assert_eq!(pace.interval(), secs(60));
        pace.slow_down(Some(secs(90)));
        assert_eq!(pace.interval(), secs(90), "more only when the server asks for it");
        pace.slow_down(None);
        assert_eq!(pace.interval(), secs(90));
    }

    #[test]
    fn df_3_5_12_waits_double_with_each_failure_and_jitter_stays_within_a_tenth() {
        let mut entropy = Seeded::new(1);
        for round in 0..200 {
            let mut pace = Pace::new(secs(5));
            let ordinary = pace.wait(&mut entropy);
            assert!(ordinary >= secs(5) && ordinary <= Duration::from_millis(5500), "{round}: {ordinary:?}");
            for expected in [10, 20, 40, 60, 60, 60] {
                pace.failed();
                let wait = pace.wait(&mut entropy);
                let (low, high) = (secs(expected) * 9 / 10, secs(expected) * 11 / 10);
                assert!(wait >= low && wait <= high, "{round}: {wait:?} is not {expected} s ± 10 %");
            }
            pace.answered();
            assert!(pace.wait(&mut entropy) <= Duration::from_millis(5500));
        }
    }

    #[test]
    fn df_3_5_12_backing_off_never_goes_below_the_interval() {
        let mut entropy = Seeded::new(2);
        let mut pace = Pace::new(secs(120));
        for _ in 0..100 {
            pace.failed();
            assert!(pace.wait(&mut entropy) >= secs(120));
        }
    }
}
