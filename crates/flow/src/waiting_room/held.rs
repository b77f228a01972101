//! A poll that is held until the person decides or its time is up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

/// Why a held poll is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The node goes down.
    Closing,
    /// Somebody decided.
    Decided,
    /// A newer poll of the same grant took its place.
    Superseded,
    /// The hold is over.
    TimeUp,
}

/// A held poll. Dropping it, when the client hangs up, gives up its place and touches nothing else (LP-8).
#[derive(Debug)]
pub struct Held {
    ring: oneshot::Receiver<Wake>,
    hold: Duration,
    preferred: bool,
    held: Arc<AtomicUsize>,
}

impl Held {
    pub(super) fn new(ring: oneshot::Receiver<Wake>, hold: Duration, preferred: bool, held: Arc<AtomicUsize>) -> Self {
        held.fetch_add(1, Ordering::Relaxed);
        Self { ring, hold, preferred, held }
    }

    /// The preference that was applied, for `Preference-Applied` (LP-3); `None` when the client stated none.
    #[must_use]
    pub fn applied(&self) -> Option<Duration> {
        self.preferred.then_some(self.hold)
    }

    /// Waits.
    pub async fn wait(mut self) -> Wake {
        match tokio::time::timeout(self.hold, &mut self.ring).await {
            Ok(Ok(wake)) => wake,
            // The bell is gone without ringing: its entry was swept.
            Ok(Err(_)) => Wake::TimeUp,
            // A ring in the last instant still counts.
            Err(_) => self.ring.try_recv().unwrap_or(Wake::TimeUp),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.held.fetch_sub(1, Ordering::Relaxed);
    }
}
