//! Lengths of time as people say them.

use std::time::Duration;

use super::counted;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long ago: `just now`, `40 seconds ago`, `3 minutes ago`; rounded down.
#[must_use]
pub fn ago(since: Duration) -> String {
    let seconds = since.as_secs();
    match seconds {
        0..=4 => "just now".to_owned(),
        5..MINUTE => format!("{} ago", counted(seconds, "second", "seconds")),
        MINUTE..HOUR => format!("{} ago", counted(seconds / MINUTE, "minute", "minutes")),
        HOUR..DAY => format!("{} ago", counted(seconds / HOUR, "hour", "hours")),
        _ => format!("{} ago", counted(seconds / DAY, "day", "days")),
    }
}

/// How long to wait: `10 seconds`, `2 minutes`, `1 hour`; rounded up, so that who waits that long has waited enough.
#[must_use]
pub fn wait(left: Duration) -> String {
    let seconds = left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0)).max(1);
    match seconds {
        0..MINUTE => counted(seconds, "second", "seconds"),
        MINUTE..HOUR => counted(seconds.div_ceil(MINUTE), "minute", "minutes"),
        HOUR..DAY => counted(seconds.div_ceil(HOUR), "hour", "hours"),
        _ => counted(seconds.div_ceil(DAY), "day", "days"),
    }
}

/// How long is left: like [`wait`], but rounded down, so that nobody counts on time they do not have.
#[must_use]
pub fn left(left: Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..MINUTE => "less than a minute".to_owned(),
        MINUTE..HOUR => counted(seconds / MINUTE, "minute", "minutes"),
        _ => counted(seconds / HOUR, "hour", "hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn ago_rounds_down() {
        let said: Vec<_> =
            [0, 4, 5, 40, 59, 60, 119, 120, 3599, 3600, 7200, 86_399, 86_400, 200_000].map(|n| ago(s(n))).into();
        assert_eq!(
            said,
            [
                "just now",
                "just now",
                "5 seconds ago",
                "40 seconds ago",
                "59 seconds ago",
                "1 minute ago",
                "1 minute ago",
                "2 minutes ago",
                "59 minutes ago",
                "1 hour ago",
                "2 hours ago",
                "23 hours ago",
                "1 day ago",
                "2 days ago"
            ]
        );
    }

    #[test]
    fn wait_rounds_up() {
        assert_eq!(wait(Duration::from_millis(1)), "1 second");
        assert_eq!(wait(Duration::ZERO), "1 second");
        assert_eq!(wait(s(59)), "59 seconds");
        assert_eq!(wait(Duration::from_millis(59_500)), "1 minute");
        assert_eq!(wait(s(61)), "2 minutes");
        assert_eq!(wait(s(3601)), "2 hours");
        assert_eq!(wait(s(90_000)), "2 days");
    }

    #[test]
    fn left_rounds_down() {
        assert_eq!(left(s(59)), "less than a minute");
        assert_eq!(left(s(119)), "1 minute");
        assert_eq!(left(s(599)), "9 minutes");
        assert_eq!(left(s(7200)), "2 hours");
    }
}
