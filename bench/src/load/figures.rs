//! The generator's arithmetic: when requests are due, and what stands in the middle and at the end of many samples.

use std::time::Duration;

/// An even schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    per_second: f64,
}

impl Schedule {
    /// So many requests a second, more than none.
    pub(crate) const fn per_second(per_second: u32) -> Self {
        Self { per_second: per_second as f64 }
    }

    /// When the request of this index is due, from the start. Each is computed from the start, so that nothing adds up.
    pub(crate) fn due(self, index: usize) -> Duration {
        Duration::from_secs_f64(index as f64 / self.per_second)
    }
}

/// Smallest, middle and largest of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one figure; of none they are not numbers.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&sorted, 0.5), sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN));
        let end = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        Self { min: end(sorted.first()), median: f64::midpoint(low, high), max: end(sorted.last()) }
    }
}

/// The smallest sample that a share of the sorted samples does not exceed (nearest rank).
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = share * sorted.len() as f64;
    let index = (1..=sorted.len()).find(|index| *index as f64 >= rank).unwrap_or(1) - 1;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// Median and 99th percentile in milliseconds.
pub(crate) fn latency(latencies: &[Duration]) -> (f64, f64) {
    let mut sorted: Vec<f64> = latencies.iter().map(|latency| latency.as_secs_f64() * 1_000.0).collect();
    sorted.sort_by(f64::total_cmp);
    (percentile(&sorted, 0.5), percentile(&sorted, 0.99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let sorted: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(
            (percentile(&sorted, 0.5), percentile(&sorted, 0.99), percentile(&sorted, 1.0)),
            (100.0, 198.0, 200.0)
        );
        assert_eq!((percentile(&[7.0], 0.0), percentile(&[7.0], 0.99)), (7.0, 7.0));
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn a_spread_names_the_middle_or_the_mean_of_the_two_there() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]), Spread { min: 1.0, median: 2.5, max: 4.0 });
        assert_eq!(Spread::of([5.0]), Spread { min: 5.0, median: 5.0, max: 5.0 });
    }

    #[test]
    fn latencies_are_told_in_milliseconds() {
        let latencies: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(latency(&latencies), (50.0, 99.0));
    }

    #[test]
    fn requests_are_due_evenly_from_the_start() {
        let schedule = Schedule::per_second(20_000);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1), Duration::from_micros(50));
        assert_eq!(schedule.due(20_000), Duration::from_secs(1));
        assert_eq!(schedule.due(72_000_000), Duration::from_secs(3_600));
        // Three a second do not divide a nanosecond: the millionth is still where it belongs.
        assert_eq!(Schedule::per_second(3).due(3_000_000), Duration::from_secs(1_000_000));
    }
}
