//! The only place that reads the clock and the entropy of the system. Everything else is given time and randomness.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proto::entropy::Seeded;
use proto::{Entropy, Timestamp};
use store::Clock;

/// Clock, timers and entropy, real or simulated.
#[derive(Clone)]
pub struct Env(Arc<Kind>);

enum Kind {
    ByClock(Clock),
    System,
    Simulated { now: Mutex<Timestamp>, entropy: Mutex<Seeded> },
}

/// Entropy of an [`Env`].
pub struct EnvEntropy(Env);

impl Env {
    /// The real ones.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Kind::System))
    }

    /// The real ones, but for the clock: that of a store, by which several nodes agree.
    #[must_use]
    pub fn by_clock(clock: Clock) -> Self {
        Self(Arc::new(Kind::ByClock(clock)))
    }

    /// A clock that stands still until [`Env::advance`], and entropy from a seed.
    #[must_use]
    pub fn simulated(now: Timestamp, seed: u64) -> Self {
        Self(Arc::new(Kind::Simulated { now: Mutex::new(now), entropy: Mutex::new(Seeded::new(seed)) }))
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            // A store that is open has said what time it is.
            Kind::ByClock(clock) => clock.now().unwrap_or_else(system_time),
            Kind::System => system_time(),
            Kind::Simulated { now, .. } => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a simulated clock; the real one moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Kind::Simulated { now, .. } = &*self.0 {
            let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = *now + by;
        }
    }

    /// Randomness.
    #[must_use]
    pub fn entropy(&self) -> EnvEntropy {
        EnvEntropy(self.clone())
    }

    /// Completes after `duration`, by the timer of the runtime (which a test may pause).
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
fn system_time() -> Timestamp {
    Timestamp::EPOCH + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Entropy for EnvEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    fn fill(&mut self, buffer: &mut [u8]) {
        match &*self.0.0 {
            Kind::ByClock(_) | Kind::System => {
                if let Err(error) = getrandom::fill(buffer) {
                    tracing::error!(%error, "the system gives no entropy; stopping, since no secret can be made");
                    std::process::abort();
                }
            }
            Kind::Simulated { entropy, .. } => entropy.lock().unwrap_or_else(PoisonError::into_inner).fill(buffer),
        }
    }
}
