//! The kinds of values: each turns what was written into a type, or says in one sentence what is wrong with it.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use flow::settings::Rate;
use proto::wire::is_invisible;
use server::address::AddressBlock;
use server::assets::Colour;
use server::telemetry::LogLevel;

use super::input::{Input, quoted};
use super::shown::{show_duration, show_size};

/// What a kind says.
pub(super) type Read<T> = Result<T, String>;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u32);

/// How many workers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    /// This many.
    Fixed(u32),
    /// One for each processor core.
    PerCore,
}

const SECOND: u64 = 1_000;

/// The same, or nothing.
pub(super) fn optional<T>(kind: impl Fn(&Input<'_>) -> Read<T>) -> impl Fn(&Input<'_>) -> Read<Option<T>> {
    move |input| if input.is_missing() { Ok(None) } else { kind(input).map(Some) }
}

/// A duration within bounds, such as `"10m"`.
pub(super) fn between(least: Duration, most: Duration) -> impl Fn(&Input<'_>) -> Read<Duration> {
    move |input| {
        let read = duration(input)?;
        if read < least {
            Err(format!("{} is too short: at least {}", input.found(), quoted(&show_duration(least))))
        } else if read > most {
            Err(format!("{} is too long: at most {}", input.found(), quoted(&show_duration(most))))
        } else {
            Ok(read)
        }
    }
}

/// A duration within bounds that is a whole number of seconds, since that is what the protocol can say.
pub(super) fn seconds(least: Duration, most: Duration) -> impl Fn(&Input<'_>) -> Read<Duration> {
    move |input| {
        let read = between(least, most)(input)?;
        let whole = read.subsec_nanos() == 0;
        whole.then_some(read).ok_or_else(|| format!("{} is not a whole number of seconds", input.found()))
    }
}

fn duration(input: &Input<'_>) -> Read<Duration> {
    const EXPECTED: &str = "a duration such as \"10m\", \"90s\" or \"500ms\"";
    let text = input.text(EXPECTED)?.trim();
    parse_duration(text).ok_or_else(|| format!("{} is not {}; units are ms, s, m, h and d", input.found(), EXPECTED))
}

/// Reads a number and a unit.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let milliseconds = match unit.trim_start() {
        "ms" => 1,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "d" => 86_400 * SECOND,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}

/// A whole number within bounds.
pub(super) fn count<T: TryFrom<u64>>(bounds: RangeInclusive<u64>) -> impl Fn(&Input<'_>) -> Read<T> {
    move |input| {
        let (least, most) = (bounds.start(), bounds.end());
        let expected = format!("a whole number from {least} to {most}");
        let read = input.integer(&expected)?;
        let fits = bounds.contains(&read).then(|| T::try_from(read).ok()).flatten();
        fits.ok_or_else(|| input.mismatch(&expected))
    }
}

/// A size within bounds, such as `"16KiB"`.
pub(super) fn size(bounds: RangeInclusive<u32>) -> impl Fn(&Input<'_>) -> Read<Size> {
    move |input| {
        let [least, most] = [*bounds.start(), *bounds.end()].map(show_size);
        let expected = format!("a size from {least:?} to {most:?}");
        let text = input.text(&expected)?.trim();
        let read = parse_size(text)
            .ok_or_else(|| format!("{} is not a size such as \"16KiB\"; units are B, KiB and MiB", input.found()))?;
        if bounds.contains(&read) { Ok(Size(read)) } else { Err(input.mismatch(&expected)) }
    }
}

fn parse_size(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let bytes = match unit.trim_start() {
        "B" => 1,
        "KiB" => 1_024,
        "MiB" => 1_024 * 1_024,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(bytes)
}

/// Yes or no.
pub(super) fn truth(input: &Input<'_>) -> Read<bool> {
    input.truth("true or false")
}

/// A number of workers, or `"auto"`.
pub(super) fn workers(input: &Input<'_>) -> Read<Workers> {
    const MOST: u64 = 256;
    match input.text("") {
        Ok("auto") => Ok(Workers::PerCore),
        _ => input
            .integer("")
            .ok()
            .filter(|read| (1..=MOST).contains(read))
            .and_then(|read| u32::try_from(read).ok().map(Workers::Fixed))
            .ok_or_else(|| input.mismatch(&format!("\"auto\" or a whole number from 1 to {MOST}"))),
    }
}

/// A number within bounds.
pub(super) fn number(bounds: RangeInclusive<f64>) -> impl Fn(&Input<'_>) -> Read<f64> {
    move |input| {
        let expected = format!("a number from {} to {}", bounds.start(), bounds.end());
        let read = input.number(&expected)?;
        if bounds.contains(&read) { Ok(read) } else { Err(input.mismatch(&expected)) }
    }
}

/// Limits such as `["10/10m", "50/1d"]`: all of them hold.
pub(super) fn rates(input: &Input<'_>) -> Read<Vec<Rate>> {
    const EXPECTED: &str = "a list of limits such as [\"10/10m\", \"50/1d\"]";
    let read: Vec<Rate> = input.list(EXPECTED)?.iter().map(rate).collect::<Read<_>>()?;
    if read.is_empty() {
        Err(format!("expected {EXPECTED}, found none: without a limit codes and passwords can be guessed"))
    } else {
        Ok(read)
    }
}

fn rate(input: &Input<'_>) -> Read<Rate> {
    const EXPECTED: &str = "a limit such as \"10/10m\", ten in ten minutes";
    let text = input.text(EXPECTED)?;
    let read = text.split_once('/').and_then(|(limit, window)| {
        let window = parse_duration(window.trim()).filter(|window| *window >= Duration::from_secs(1))?;
        Some(Rate::new(limit.trim().parse().ok().filter(|limit| *limit > 0)?, window))
    });
    read.ok_or_else(|| input.mismatch(EXPECTED))
}

/// A text for people: `least` to `most` visible characters on one line.
pub(super) fn words(least: usize, most: usize) -> impl Fn(&Input<'_>) -> Read<String> {
    move |input| {
        let expected = format!("a text of {least} to {most} characters on one line");
        let text = input.text(&expected)?.trim();
        let fits =
            (least..=most).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || is_invisible(c));
        if fits { Ok(text.to_owned()) } else { Err(input.mismatch(&expected)) }
    }
}

/// A file. A relative path starts from the folder of the configuration file.
pub(super) fn path(input: &Input<'_>) -> Read<PathBuf> {
    const EXPECTED: &str = "the path of a file";
    let text = input.text(EXPECTED)?;
    if text.trim().is_empty() { Err(input.mismatch(EXPECTED)) } else { Ok(input.base.join(text)) }
}

/// Where to listen: one address with its port, or several.
pub(super) fn sockets(input: &Input<'_>) -> Read<Vec<SocketAddr>> {
    const EXPECTED: &str = "an address and a port such as \"127.0.0.1:8628\", or a list of them";
    let read: Vec<SocketAddr> = input.one_or_list(EXPECTED)?.iter().map(socket).collect::<Read<_>>()?;
    if read.is_empty() { Err(input.mismatch(EXPECTED)) } else { Ok(read) }
}

/// Where to listen, or `"off"`.
pub(super) fn socket_or_off(input: &Input<'_>) -> Read<Option<SocketAddr>> {
    match input.text("an address and a port such as \"127.0.0.1:8629\", or \"off\"")?.trim() {
        "off" => Ok(None),
        _ => socket(input).map(Some),
    }
}

fn socket(input: &Input<'_>) -> Read<SocketAddr> {
    let text = input.text("an address and a port such as \"127.0.0.1:8628\"")?.trim();
    text.parse().map_err(|_| {
        let hint = match text.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
            Some(("" | "*", Ok(port))) => format!("for all addresses write \"[::]:{port}\""),
            Some(("localhost", Ok(port))) => format!("write \"127.0.0.1:{port}\""),
            _ if text.parse::<std::net::Ipv4Addr>().is_ok() => format!("the port is missing: write \"{text}:8628\""),
            _ => "names are not looked up: write it like \"127.0.0.1:8628\" or \"[::]:8628\"".to_owned(),
        };
        format!("{} is not an address with a port; {hint}", input.found())
    })
}

/// Blocks of addresses.
pub(super) fn blocks(input: &Input<'_>) -> Read<Vec<AddressBlock>> {
    const EXPECTED: &str = "a list of address blocks such as [\"10.0.0.0/8\"]";
    let members = input.list(EXPECTED)?;
    members.iter().map(|member| member.text(EXPECTED)?.parse().map_err(|error| format!("{error}"))).collect()
}

/// A colour such as `"#0f5c5a"`.
pub(super) fn colour(input: &Input<'_>) -> Read<Colour> {
    let text = input.text("a colour such as \"#0f5c5a\"")?;
    text.trim().parse().map_err(|error: server::assets::ColourError| error.to_string())
}

/// Log levels; the text is kept, for it is what `config show` shows.
pub(super) fn levels(input: &Input<'_>) -> Read<String> {
    let text = input.text("a log level such as \"info\"")?.trim();
    match text.parse::<LogLevel>() {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, milliseconds) in
            [("500ms", 500), ("0s", 0), ("1s", 1_000), ("10m", 600_000), ("12 h", 43_200_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in
            ["", "10", "m", "-1s", "1.5s", "10 minutes", "1h30m", "99999999999999999999s", "18446744073709551615d"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_a_number_and_a_unit() {
        assert_eq!(parse_size("16KiB"), Some(16_384));
        assert_eq!(parse_size("1 MiB"), Some(1_048_576));
        for text in ["", "16", "16KB", "16k", "-1B", "4096MiB", "99999999999B"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
