//! Values as they are shown: as TOML that the parser reads back, and secrets as the fact that they are set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use flow::settings::Rate;
use proto::model::{ClientId, Origin, Scope};
use server::address::AddressBlock;
use server::assets::Colour;
use toml::Value;

use super::kinds::{Size, Workers};

/// A value that can be shown.
pub(super) trait Shown {
    /// Its TOML; `None` when it is not set.
    fn shown(&self) -> Option<Value>;
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Option<Value> {
        self.as_ref().and_then(Shown::shown)
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> Option<Value> {
        Some(Value::Array(self.iter().filter_map(Shown::shown).collect()))
    }
}

impl Shown for Duration {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(show_duration(*self)))
    }
}

impl Shown for Rate {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(format!("{}/{}", self.limit, show_duration(self.window))))
    }
}

impl Shown for PathBuf {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(self.display().to_string()))
    }
}

impl Shown for Origin {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(self.0.to_string()))
    }
}

impl Shown for Scope {
    fn shown(&self) -> Option<Value> {
        Some(Value::Array(self.iter().map(|token| Value::String(token.to_owned())).collect()))
    }
}

impl Shown for u32 {
    fn shown(&self) -> Option<Value> {
        Some(Value::Integer(i64::from(*self)))
    }
}

impl Shown for bool {
    fn shown(&self) -> Option<Value> {
        Some(Value::Boolean(*self))
    }
}

impl Shown for Size {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(show_size(self.0)))
    }
}

impl Shown for Workers {
    fn shown(&self) -> Option<Value> {
        match self {
            Self::Fixed(count) => count.shown(),
            Self::PerCore => Some(Value::String("auto".to_owned())),
        }
    }
}

impl Shown for f64 {
    fn shown(&self) -> Option<Value> {
        Some(Value::Float(*self))
    }
}

/// Shows types by their text.
macro_rules! shown_as_text {
    ($($Type:ty),+) => { $( impl Shown for $Type {
        fn shown(&self) -> Option<toml::Value> {
            Some(toml::Value::String(self.to_string()))
        }
    } )+ };
}
pub(super) use shown_as_text;

shown_as_text!(String, SocketAddr, AddressBlock, Colour, ClientId);

/// A duration in its largest whole unit.
pub(crate) fn show_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    match units.iter().find(|(_, size)| milliseconds > 0 && milliseconds.is_multiple_of(*size)) {
        Some((unit, size)) => format!("{}{unit}", milliseconds / size),
        None if milliseconds == 0 => "0s".to_owned(),
        None => format!("{milliseconds}ms"),
    }
}

/// A size in its largest whole unit.
pub(super) fn show_size(bytes: u32) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(1_048_576) => format!("{}MiB", bytes / 1_048_576),
        _ if bytes > 0 && bytes.is_multiple_of(1_024) => format!("{}KiB", bytes / 1_024),
        _ => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::parse_duration;
    use super::*;

    #[test]
    fn durations_are_shown_in_their_largest_whole_unit_and_read_back() {
        for (milliseconds, shown) in
            [(0, "0s"), (500, "500ms"), (1_500, "1500ms"), (90_000, "90s"), (600_000, "10m"), (86_400_000, "1d")]
        {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(show_duration(duration), shown);
            assert_eq!(parse_duration(shown), Some(duration));
        }
        assert_eq!((show_size(16_384), show_size(100), show_size(0)), ("16KiB".into(), "100B".into(), "0B".into()));
    }
}
