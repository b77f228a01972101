//! A decorator that loses replies, invents conflicts and fails, as a function of a seed: what a
//! network and a rival node do to a store, on demand.

use std::sync::{Mutex, PoisonError};

use proto::entropy::Seeded;

use crate::{Outcome, Store, StoreError};

/// How often a faulty store misbehaves, each per thousand operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultSettings {
    /// The faults are a function of this and of the order of operations.
    pub seed: u64,
    /// Commits that end as [`Outcome::Unknown`]; half of them were carried out.
    pub lose_reply: u16,
    /// Commits that end as [`Outcome::Conflict`] without being looked at.
    pub conflict: u16,
    /// Loads, takes and the rest that end as [`StoreError::Unavailable`]; half of the writes among them were carried out.
    pub unavailable: u16,
    /// Whether the feed repeats, reorders and doubts.
    pub disturb_feed: bool,
}

impl FaultSettings {
    /// A rough time: one operation in ten goes wrong in some way, and the feed is disturbed.
    #[must_use]
    pub const fn rough(seed: u64) -> Self {
        Self { seed, lose_reply: 100, conflict: 100, unavailable: 100, disturb_feed: true }
    }
}

/// The decorator.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: Store,
    pub(crate) settings: FaultSettings,
    dice: Mutex<Seeded>,
}

/// What happens to one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is carried out, and its reply is lost.
    After,
    /// It is not carried out, and nobody knows.
    Before,
    /// A conflict is invented.
    Conflict,
    /// It passes.
    None,
}

impl Faulty {
    pub(crate) const fn new(inner: Store, settings: FaultSettings) -> Self {
        Self { inner, settings, dice: Mutex::new(Seeded::new(settings.seed)) }
    }

    /// What happens to the next commit.
    pub(crate) fn commit(&self) -> Fault {
        let roll = self.roll(1000);
        let lost = u64::from(self.settings.lose_reply);
        if roll < lost {
            self.before_or_after()
        } else if roll < lost + u64::from(self.settings.conflict) {
            Fault::Conflict
        } else {
            Fault::None
        }
    }

    /// What happens to the next operation that is no commit.
    pub(crate) fn other(&self) -> Fault {
        if self.roll(1000) < u64::from(self.settings.unavailable) { self.before_or_after() } else { Fault::None }
    }

    /// A generator of its own for one feed.
    pub(crate) fn feed_dice(&self) -> Seeded {
        Seeded::new(self.roll(u64::MAX))
    }

    /// What the caller of a lost commit hears.
    pub(crate) const fn lost() -> Outcome {
        Outcome::Unknown
    }

    /// What the caller of any other failed operation hears.
    pub(crate) fn unavailable() -> StoreError {
        StoreError::Unavailable("a fault was injected".to_owned())
    }

    fn before_or_after(&self) -> Fault {
        if self.roll(2) == 0 { Fault::Before } else { Fault::After }
    }

    fn roll(&self, sides: u64) -> u64 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).below(sides)
    }
}
