//! The long runs: the built server as a process, driven from outside, with figures that must hold.
//!
//! A run is a file of this folder and a row of `Name`. `cargo xtask test` runs a slice of each with a fixed seed.

mod crash;
mod footprint;
mod latency;
mod mutations;
mod race;
mod refresh;
mod rotation;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::drive::daemon::Daemon;
use crate::drive::device::Registration;
use crate::process::{self, Profile, Stopwatch};
use crate::test::Tally;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    name: Name,
    /// How much to run: flows or grants, see each run.
    #[arg(long)]
    count: Option<u32>,
    /// What the run's random choices follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Name {
    /// kill -9 at random moments during flows on SQLite.
    Crash,
    /// 64 parallel polls of each approved grant.
    Race,
    /// One refresh token presented 64 ways at once.
    Refresh,
    /// Signing keys rotate while verifiers cache them.
    Rotation,
    /// Checks taken out of the code, one at a time: each must turn its own test red.
    Mutations,
    /// Start, memory and size of a server that has nothing to do.
    Footprint,
    /// From approval to token, for plain clients and for those that ask to wait.
    Latency,
}

/// What every run is given.
pub(crate) struct Plan {
    program: PathBuf,
    count: u32,
    seed: u64,
    /// Whether figures that depend on the machine's speed are held against their limits.
    timed: bool,
}

/// The figures of a run, and what did not hold.
pub(crate) struct Report {
    figures: Value,
    violations: Vec<String>,
}

const PERSON: &str = "maria";
const PASSWORD: &str = "correct horse battery staple";
const PUBLIC: &str = "soak-public";
const CONFIDENTIAL: &str = "soak-confidential";
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

impl Name {
    fn text(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Footprint => "footprint",
            Self::Race => "race",
            Self::Refresh => "refresh",
            Self::Rotation => "rotation",
            Self::Latency => "latency",
            Self::Mutations => "mutations",
        }
    }

    /// The count at which the run is meant to be reported.
    fn full(self) -> Result<u32> {
        Ok(match self {
            Self::Crash | Self::Race | Self::Refresh => 1000,
            Self::Footprint => 20,
            Self::Latency => 200,
            Self::Mutations => mutations::all()?,
            Self::Rotation => 100,
        })
    }

    fn run(self, plan: &Plan) -> Result<Report> {
        match self {
            Self::Crash => crash::run(plan),
            Self::Footprint => footprint::run(plan),
            Self::Race => race::run(plan),
            Self::Refresh => refresh::run(plan),
            Self::Rotation => rotation::run(plan),
            Self::Latency => latency::run(plan),
            Self::Mutations => mutations::run(plan),
        }
    }
}

/// `cargo xtask soak NAME`: the release build, the full count unless told otherwise.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let name = arguments.name;
    let count = match arguments.count {
        Some(count) => count,
        None => name.full()?,
    };
    let program = match name {
        // They build what they run.
        Name::Mutations | Name::Rotation => PathBuf::new(),
        _ => process::countersignd(Profile::Release)?,
    };
    let plan = Plan { program, count, seed: arguments.seed, timed: true };
    if execute(name, &plan)? { Ok(()) } else { bail!("the run {} does not hold", name.text()) }
}

/// About a twentieth of every run, on the build that the tests made.
pub(crate) fn slices() -> Result<Tally> {
    let program = process::countersignd(Profile::Dev)?;
    let mut tally = Tally::default();
    for name in
        [Name::Crash, Name::Race, Name::Refresh, Name::Rotation, Name::Mutations, Name::Latency, Name::Footprint]
    {
        let plan = Plan { program: program.clone(), count: name.full()? / 20, seed: 1, timed: false };
        let held = execute(name, &plan).unwrap_or_else(|error| {
            println!("{}: {error:#}", name.text());
            false
        });
        tally += if held { Tally::PASS } else { Tally::FAIL };
    }
    Ok(tally)
}

fn execute(name: Name, plan: &Plan) -> Result<bool> {
    let watch = Stopwatch::start();
    let report = name.run(plan)?;
    let Report { figures, violations } = &report;
    let record = serde_json::json!({
        "soak": name.text(), "count": plan.count, "seed": plan.seed, "seconds": watch.elapsed().as_secs(),
        "figures": figures, "violations": violations,
    });
    println!("{record}");
    Ok(violations.is_empty())
}

fn registrations() -> [Registration; 2] {
    [
        Registration { id: PUBLIC.to_owned(), secret: None },
        Registration { id: CONFIDENTIAL.to_owned(), secret: Some(SECRET.to_owned()) },
    ]
}

/// A running server that knows the person and a public and a confidential client.
fn server(plan: &Plan, name: &str) -> Result<Daemon> {
    let mut daemon = Daemon::new(&plan.program, name, &registrations())?;
    daemon.administer(&["user", "add", PERSON, "--password-stdin"], PASSWORD).context("cannot add the person")?;
    daemon.start()?;
    Ok(daemon)
}

/// The value below which a share of the sorted samples lies.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil();
    sorted.iter().enumerate().find(|(index, _)| (index + 1) as f64 >= rank).map_or(f64::NAN, |(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_samples() {
        let samples: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(
            (percentile(&samples, 0.5), percentile(&samples, 0.99), percentile(&[7.0], 0.99)),
            (100.0, 198.0, 7.0)
        );
    }
}
