//! The system's clock, for hosts without one of their own. The only file of this crate that reads it.

use std::time::SystemTime;

use proto::Timestamp;

/// The present time, as the system has it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "whoever calls this wants the system's time")]
pub fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
