//! `Prefer: wait=N` (RFC 7240 §4.3): how long a client is ready to wait for the decision.

use std::time::Duration;

/// The wait a client prefers. Unknown and unusable preferences are ignored, the first of duplicates
/// counts (RFC 7240 §2).
#[must_use]
pub fn wait<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Duration> {
    headers
        .into_iter()
        .flat_map(|header| header.split(','))
        .filter_map(|preference| preference.split(';').next())
        .filter_map(|preference| preference.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, value)| value.trim().trim_matches('"').parse::<u32>().ok())
        .map(|seconds| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lp_1_unusable_preferences_are_ignored_and_the_first_counts() {
        for (headers, expected) in [
            (&["wait=30"][..], Some(30)),
            (&["respond-async, WAIT = 10; x=y, wait=20"], Some(10)),
            (&["return=minimal", "wait=\"7\""], Some(7)),
            (&["wait=abc, wait=5"], None),
            (&["wait"], None),
            (&["wait=-1"], None),
            (&["wait=99999999999999999999"], None),
            (&[], None),
        ] {
            assert_eq!(wait(headers.iter().copied()), expected.map(Duration::from_secs), "{headers:?}");
        }
    }
}
