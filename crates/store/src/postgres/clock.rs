//! The time of the database, by which all nodes agree: the machine's steady clock and an offset that each look refreshes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use proto::Timestamp;
use tokio::time::Instant;

/// The time of the database. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<Option<Reading>>>);

/// What the database said, and when that was here.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// Its time at `here`.
    there: Timestamp,
    here: Instant,
}

impl Clock {
    /// The present, once the database was asked.
    #[must_use]
    pub fn now(&self) -> Option<Timestamp> {
        self.at(Instant::now())
    }

    fn at(&self, here: Instant) -> Option<Timestamp> {
        let reading = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.map(|reading| reading.at(here))
    }

    /// The database said `there` between these two moments. An answer that agrees with what is known, as well as it can
    /// tell, changes nothing: the time does not jitter with the network.
    pub(super) fn set(&self, there: SystemTime, asked: Instant, answered: Instant) {
        let since_epoch = there.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let doubt = answered.duration_since(asked) / 2;
        let reading = Reading { there: Timestamp::EPOCH + since_epoch, here: asked + doubt };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = known.map(|known| known.at(reading.here));
        let apart = own.map(|own| own.since(reading.there).max(reading.there.since(own)));
        if apart.is_none_or(|apart| apart > doubt + Duration::from_millis(2)) {
            *known = Some(reading);
        }
    }
}

impl Reading {
    fn at(self, here: Instant) -> Timestamp {
        self.there + here.saturating_duration_since(self.here) - self.here.saturating_duration_since(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_database_and_not_the_jitter_of_the_network() {
        let clock = Clock::default();
        assert_eq!(clock.now(), None);
        let millis = Duration::from_millis;
        let told = |millis: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let start = Instant::now();
        clock.set(told(1_000_000), start, start);
        let later = start + millis(5000);
        assert_eq!(clock.at(later), Some(Timestamp::from_millis(1_005_000)));
        // It took 100 ms to answer, and the answer is 30 ms off: that says nothing.
        clock.set(told(1_004_970), later - millis(50), later + millis(50));
        assert_eq!(clock.at(later), Some(Timestamp::from_millis(1_005_000)));
        // A second is a second.
        clock.set(told(1_004_000), later, later);
        assert_eq!(clock.at(later), Some(Timestamp::from_millis(1_004_000)));
        assert_eq!(clock.at(later - millis(1)), Some(Timestamp::from_millis(1_003_999)));
    }
}
