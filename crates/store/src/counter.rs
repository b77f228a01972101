//! The arithmetic of budgets, the same for every backend: all or none, counted in windows that begin with an attempt.

use std::time::Duration;

use proto::Timestamp;

use crate::{Bucket, Budget, Taking};

/// A counter as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counter {
    /// Attempts in the window.
    pub(crate) count: u32,
    /// When the window ends.
    pub(crate) until: Timestamp,
}

impl Counter {
    fn is_live(self, now: Timestamp) -> bool {
        now < self.until
    }

    /// With the attempt less that was taken at `taken`; `None` when there is nothing to lower, or it was taken in another
    /// window.
    pub(crate) fn given_back(self, taken: Timestamp, window: Duration) -> Option<Self> {
        let same_window = self.until - window <= taken && self.is_live(taken);
        let count = self.count.checked_sub(1).filter(|_| same_window)?;
        Some(Self { count, ..self })
    }
}

/// One attempt against `budgets`, each with its counter as it stands: the counters to write, or the budget that
/// refuses. Of several that refuse it is the one whose window ends last, so that "until" is the truth.
pub(crate) fn take(
    budgets: &[Budget],
    now: Timestamp,
    mut stands: impl FnMut(&Bucket) -> Option<Counter>,
) -> Result<Vec<(Bucket, Counter)>, Taking> {
    let mut counters: Vec<(Bucket, Counter)> = Vec::with_capacity(budgets.len());
    let mut refusal: Option<(Bucket, Timestamp)> = None;
    for budget in budgets {
        let known = counters.iter().position(|(bucket, _)| *bucket == budget.bucket);
        let current = match known.and_then(|at| counters.get(at)) {
            Some((_, counter)) => Some(*counter),
            None => stands(&budget.bucket).filter(|counter| counter.is_live(now)),
        };
        let mut counter = current.unwrap_or(Counter { count: 0, until: now + budget.window });
        if counter.count >= budget.limit {
            if refusal.as_ref().is_none_or(|(_, until)| *until < counter.until) {
                refusal = Some((budget.bucket.clone(), counter.until));
            }
            continue;
        }
        counter.count += 1;
        match known.and_then(|at| counters.get_mut(at)) {
            Some((_, own)) => *own = counter,
            None => counters.push((budget.bucket.clone(), counter)),
        }
    }
    match refusal {
        Some((bucket, until)) => Err(Taking::Refused { bucket, until }),
        None => Ok(counters),
    }
}
