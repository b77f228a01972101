//! The device's clocks, timers and entropy. The only file of this crate that reads them.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use proto::device::Now;
use proto::{Entropy, Timestamp};

/// Time and randomness as the client sees them. Tests pass a clock that jumps instead of waiting.
pub trait Environment: Send + Sync {
    /// Both clocks at this moment.
    fn now(&self) -> Now;

    /// Waits until the monotonic clock shows `moment`.
    fn sleep_until(&self, moment: Duration) -> impl Future<Output = ()> + Send;

    /// A source of unpredictable bytes.
    fn entropy(&self) -> Box<dyn Entropy + Send>;
}

impl<E: Environment> Environment for &E {
    fn now(&self) -> Now {
        (**self).now()
    }

    fn sleep_until(&self, moment: Duration) -> impl Future<Output = ()> + Send {
        (**self).sleep_until(moment)
    }

    fn entropy(&self) -> Box<dyn Entropy + Send> {
        (**self).entropy()
    }
}

/// The machine's own.
#[derive(Clone, Copy, Debug)]
pub struct System {
    origin: Instant,
}

impl System {
    /// Starts the monotonic clock at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is the one that reads clocks")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}

impl Environment for System {
    #[expect(clippy::disallowed_methods, reason = "this file is the one that reads clocks")]
    fn now(&self) -> Now {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Now { monotonic: self.origin.elapsed(), wall }
    }

    fn sleep_until(&self, moment: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(moment.saturating_sub(self.origin.elapsed()))
    }

    fn entropy(&self) -> Box<dyn Entropy + Send> {
        Box::new(SystemEntropy)
    }
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug)]
struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this file is the one that reads the entropy of the system")]
    #[expect(clippy::expect_used, reason = "a system without entropy can do nothing safely: stop")]
    fn fill(&mut self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives entropy");
    }
}
