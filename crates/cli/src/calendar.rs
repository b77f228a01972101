//! Moments as people and programs read them. The clock itself is `client`'s.

use jiff::tz::TimeZone;
use proto::Timestamp;

/// RFC 3339, in UTC.
pub(crate) fn iso(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.as_seconds()).map(|moment| moment.to_string()).unwrap_or_default()
}

/// The time of day where the person is; with the day, when that is not today.
pub(crate) fn local(moment: Timestamp, now: Timestamp) -> String {
    within(moment, now, &TimeZone::system())
}

fn within(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let zoned = |moment: Timestamp| {
        jiff::Timestamp::from_second(moment.as_seconds()).unwrap_or_default().to_zoned(zone.clone())
    };
    let (moment, now) = (zoned(moment), zoned(now));
    let format = if moment.date() == now.date() { "%H:%M" } else { "%-d %b %Y %H:%M" };
    moment.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_for_people_and_for_programs() {
        let (moment, day) = (Timestamp::from_seconds(1_800_000_000), Timestamp::from_seconds(1_800_000_000 - 86_400));
        assert_eq!(iso(moment), "2027-01-15T08:00:00Z");
        assert_eq!(within(moment, moment, &TimeZone::UTC), "08:00");
        assert_eq!(within(moment, day, &TimeZone::UTC), "15 Jan 2027 08:00");
    }
}
