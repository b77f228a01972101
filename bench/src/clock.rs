//! The one place where measurements look at the clock.

use std::time::{Duration, Instant};

/// Time passed since some earlier moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a measurement measures real time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits for real time to pass: until a process is up, or until buckets are full again.
#[expect(clippy::disallowed_methods, reason = "devices keep their pace in real time")]
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
