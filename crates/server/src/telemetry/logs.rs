//! Where log lines go and what they look like: text for people, JSON for machines, on standard error.
//!
//! Filters by target without patterns, so that no regular expressions are needed. Audit events always pass.

use std::io;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::SetGlobalDefaultError;
use tracing::{Subscriber, subscriber::set_global_default};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

use super::AUDIT_TARGET;

/// `[log]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSettings {
    /// What is said: a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or levels by part (`info,flow=debug`).
    /// Default `info`.
    pub level: LogLevel,
    /// How it is said. Default `text`.
    pub format: LogFormat,
    /// Colours in text. For a terminal alone, and not when `NO_COLOR` is set; default no.
    pub colour: bool,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text.
    #[default]
    Text,
    /// One line of JSON.
    Json,
}

/// Which log lines are wanted, by part of the program.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLevel(Targets);

/// A text that is no [`LogLevel`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no log level; write error, warn, info, debug, trace or off, or levels by part: info,flow=debug")]
pub struct InvalidLevel(String);

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Libraries that say at `info` and `debug` what is of use to their authors alone.
const QUIET: [&str; 5] = ["h2", "hyper", "hyper_util", "rustls", "tokio"];

impl Default for LogLevel {
    fn default() -> Self {
        Self::from(Targets::new().with_default(LevelFilter::INFO))
    }
}

impl From<Targets> for LogLevel {
    fn from(asked: Targets) -> Self {
        let quiet =
            QUIET.map(|library| (library, asked.default_level().unwrap_or(LevelFilter::OFF).min(LevelFilter::WARN)));
        let mut targets = Targets::new().with_targets(quiet);
        if let Some(level) = asked.default_level() {
            targets = targets.with_default(level);
        }
        // What was asked for by name stands above the quiet libraries, and nothing stands above the audit.
        targets.extend(asked.iter().map(|(target, level)| (target.to_owned(), level)));
        Self(targets.with_target(AUDIT_TARGET, LevelFilter::INFO))
    }
}

impl FromStr for LogLevel {
    type Err = InvalidLevel;

    fn from_str(text: &str) -> Result<Self, InvalidLevel> {
        let invalid = || InvalidLevel(text.to_owned());
        let asked: Targets = text.trim().parse().map_err(|_| invalid())?;
        // Targets takes a bare word that is no level for a target: "inof" would then turn nearly everything off.
        let all_levels = text.split(',').all(|part| {
            let level = part.split_once('=').map_or(part, |(_, level)| level).trim();
            LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
        });
        if all_levels { Ok(Self::from(asked)) } else { Err(invalid()) }
    }
}

/// Sends the log lines of the whole process to standard error. Called once, first thing in `main`.
///
/// # Errors
/// Something else was installed before.
pub fn install(settings: &LogSettings) -> Result<(), SetGlobalDefaultError> {
    set_global_default(subscriber(settings, io::stderr))
}

/// What turns events into log lines on `writer`.
pub fn subscriber<W>(settings: &LogSettings, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<_> + Send + Sync> = match settings.format {
        LogFormat::Text => Box::new(lines.with_ansi(settings.colour)),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_current_span(true).with_span_list(false)),
    };
    registry().with(lines.with_filter(settings.level.0.clone()))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn level(text: &str) -> Targets {
        text.parse::<LogLevel>().unwrap().0
    }

    #[test]
    fn levels_by_part() {
        let targets = level("info,flow=debug");
        assert!(targets.would_enable("countersign_server::listen", &Level::INFO));
        assert!(!targets.would_enable("countersign_server::listen", &Level::DEBUG));
        assert!(targets.would_enable("flow::poll", &Level::DEBUG));
        assert!(!targets.would_enable("hyper::proto", &Level::INFO), "libraries are quiet");
        assert!(level("trace,hyper=trace").would_enable("hyper::proto", &Level::TRACE), "unless asked for");
        assert!(!level("error").would_enable("hyper::proto", &Level::WARN));
    }

    #[test]
    fn the_audit_is_never_turned_off() {
        for text in ["off", "error", "info,audit=off", "audit=error"] {
            assert!(level(text).would_enable(AUDIT_TARGET, &Level::INFO), "{text}");
        }
    }

    #[test]
    fn a_mistaken_level_is_refused() {
        for text in ["", "inof", "verbose", "info,flow=", "flow", "3", "flow=loud"] {
            assert!(text.parse::<LogLevel>().is_err(), "{text}");
        }
    }
}
