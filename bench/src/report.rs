//! What a measurement prints: one JSON object with the figure, what it stands beside, and the machine.

use std::fs;
use std::process::Command;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::load::figures::Spread;
use crate::pin;
use crate::product::Product;

/// A report under way.
pub(crate) struct Report(Map<String, Value>);

impl Report {
    /// A report of this name; its figure is the median of the rounds.
    pub(crate) fn new(name: &str, figure: Spread, unit: &str, rounds: u32) -> Result<Self> {
        let mut report = Self(Map::new());
        report.add("name", json!(name));
        report.add("figure", json!(figure.median.round()));
        report.add("unit", json!(unit));
        report.add("spread", spread(figure, 0));
        report.add("rounds", json!(rounds));
        report.add("product", Product::settings());
        report.add("machine", machine()?);
        report.add("commit", json!(commit()?));
        Ok(report)
    }

    pub(crate) fn add(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    pub(crate) fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

/// Median, smallest and largest, rounded.
pub(crate) fn spread(figures: Spread, digits: i32) -> Value {
    let Spread { min, median, max } = figures;
    json!({"median": rounded(median, digits), "min": rounded(min, digits), "max": rounded(max, digits)})
}

fn rounded(figure: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (figure * scale).round() / scale
}

fn machine() -> Result<Value> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let field = |line: &str| line.strip_prefix("model name")?.split_once(':').map(|(_, value)| value.trim().to_owned());
    Ok(json!({
        "cpus": cpus.lines().filter(|line| line.starts_with("processor")).count(),
        "model": cpus.lines().find_map(field),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
        "load_average": fs::read_to_string("/proc/loadavg")?.split(' ').next(),
        "server_core": pin::SERVER.0,
        "load_core": pin::LOAD.0,
    }))
}

/// The commit that this was built from, marked when files differ from it.
fn commit() -> Result<String> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = Command::new("git").args(arguments).output()?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    let changed = git(&["status", "--porcelain"])?.lines().any(|line| line.ends_with(".rs") || line.ends_with(".toml"));
    Ok(git(&["rev-parse", "--short=12", "HEAD"])? + if changed { "-changed" } else { "" })
}
