//! How many codes are live, counted by the store now and then and by this node in between: it decides how long new user
//! codes are.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use proto::secret::Alphabet;

/// The count, and the length that it led to last, for each alphabet.
pub(crate) struct LiveCodes {
    counted: AtomicU64,
    started_since: AtomicU64,
    base20: AtomicUsize,
    digits: AtomicUsize,
}

impl LiveCodes {
    pub(crate) fn new(counted: u64) -> Self {
        Self {
            counted: counted.into(),
            started_since: 0.into(),
            base20: Alphabet::Base20.shortest().into(),
            digits: Alphabet::Digits.shortest().into(),
        }
    }

    /// The store was asked.
    pub(crate) fn counted(&self, live: u64) {
        self.counted.store(live, Ordering::Relaxed);
        self.started_since.store(0, Ordering::Relaxed);
    }

    /// One more was made here.
    pub(crate) fn started(&self) {
        self.started_since.fetch_add(1, Ordering::Relaxed);
    }

    /// The length of the next code.
    pub(crate) fn code_length(&self, alphabet: Alphabet) -> usize {
        let current = match alphabet {
            Alphabet::Base20 => &self.base20,
            Alphabet::Digits => &self.digits,
        };
        let length = alphabet.length_for(self.now(), current.load(Ordering::Relaxed));
        current.store(length, Ordering::Relaxed);
        length
    }

    /// The present number, never too small by more than what other nodes started since the count.
    fn now(&self) -> u64 {
        self.counted.load(Ordering::Relaxed).saturating_add(self.started_since.load(Ordering::Relaxed))
    }
}
