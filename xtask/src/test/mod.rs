//! `cargo xtask test`: the suites one after the other, each with what it needs, and one line of figures at the end.

mod provision;
mod suites;

use anyhow::{Result, bail};

use crate::process::Stopwatch;

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Suite {
    /// `cargo test` over the whole workspace.
    Unit,
    /// The demonstration plays device and person, end to end.
    Demo,
    /// The pages in a real browser.
    Browser,
    /// Device clients of others sign in.
    Foreign,
    /// A slice of every long run, with a fixed seed.
    SoakSlice,
}

const ALL: [Suite; 5] = [Suite::Unit, Suite::Demo, Suite::Browser, Suite::Foreign, Suite::SoakSlice];

/// How many checks held.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Tally {
    pub(crate) const PASS: Self = Self { passed: 1, failed: 0 };
    pub(crate) const FAIL: Self = Self { passed: 0, failed: 1 };
}

/// Runs the suites asked for, or all, and ends with `N passed, N failed` alone on a line.
pub(crate) fn run(suites: &[Suite], update_images: bool) -> Result<()> {
    let suites = if suites.is_empty() { &ALL[..] } else { suites };
    let mut total = Tally::default();
    let mut figures = Vec::new();
    for suite in suites {
        let name = suite.name();
        println!("== {name}");
        let watch = Stopwatch::start();
        let tally = suite.run(update_images).unwrap_or_else(|error| {
            println!("{name}: {error:#}");
            Tally::FAIL
        });
        total += tally;
        let Tally { passed, failed } = tally;
        figures.push(format!("{name:<11} {passed:5} passed {failed:5} failed {:7.1} s", watch.elapsed().as_secs_f64()));
    }
    println!("==\n{}\n{} passed, {} failed", figures.join("\n"), total.passed, total.failed);
    if total.failed > 0 {
        bail!("{} checks failed; the suite's own output above says which", total.failed);
    }
    Ok(())
}

impl Suite {
    fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Demo => "demo",
            Self::Browser => "browser",
            Self::Foreign => "foreign",
            Self::SoakSlice => "soak-slice",
        }
    }

    fn run(self, update_images: bool) -> Result<Tally> {
        match self {
            Self::Unit => suites::unit(),
            Self::Demo => suites::demo(),
            Self::Browser => suites::browser(update_images),
            Self::Foreign => suites::foreign(),
            Self::SoakSlice => crate::soak::slices(),
        }
    }
}
