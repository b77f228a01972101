//! The suites that are other programs: cargo's tests, the demonstration, and the two suites that run in node.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::{Tally, provision};
use crate::process::{self, Profile};

pub(super) fn unit() -> Result<Tally> {
    provision::postgres()?;
    provision::postgresql()?;
    counted(process::cargo().args(["test", "--workspace", "--locked", "--no-fail-fast"]), |line| {
        let (_, figures) = line.split_once("test result: ")?;
        Some(Tally { passed: before(figures, " passed")?, failed: before(figures, " failed")? })
    })
}

pub(super) fn demo() -> Result<Tally> {
    process::succeed(Command::new(process::countersignd(Profile::Dev)?).args(["demo", "--auto"]))?;
    Ok(Tally::PASS)
}

pub(super) fn browser(update_images: bool) -> Result<Tally> {
    provision::debian(&[("chromium", "chromium fonts-liberation")])?;
    provision::node()?;
    provision::npm("tests/browser")?;
    node("tests/browser", update_images)
}

pub(super) fn foreign() -> Result<Tally> {
    provision::debian(&[("oidc-agent", "oidc-agent-cli"), ("oidc-gen", "oidc-agent-cli"), ("python3", "python3")])?;
    provision::node()?;
    provision::npm("tests/foreign")?;
    provision::venv("tests/foreign/requirements.txt")?;
    node("tests/foreign", false)
}

fn node(folder: &str, update_images: bool) -> Result<Tally> {
    let mut command = Command::new("node");
    // Two files at a time: the one about expiry mostly waits.
    command.args(["--test", "--test-reporter=spec", "--test-concurrency=2"]).current_dir(folder);
    command.env("COUNTERSIGND", process::countersignd(Profile::Dev)?);
    command.env("COUNTERSIGN", process::countersign(Profile::Dev)?);
    if update_images {
        command.env("UPDATE_IMAGES", "1");
    }
    counted(&mut command, |line| {
        let figures = line.trim_start_matches(['ℹ', '#', ' ']);
        match figures.split_once(' ')? {
            ("pass", count) => Some(Tally { passed: count.parse().ok()?, failed: 0 }),
            ("fail" | "cancelled", count) => Some(Tally { passed: 0, failed: count.parse().ok()? }),
            _ => None,
        }
    })
}

/// Runs a command, repeats its output and adds up the figures that `read` finds in it.
fn counted(command: &mut Command, read: impl Fn(&str) -> Option<Tally>) -> Result<Tally> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start the suite")?;
    let output = child.stdout.take().context("the suite has no output")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        tally += read(&line).unwrap_or_default();
    }
    let status = child.wait()?;
    if tally == Tally::default() {
        bail!("{command:?} ran no test ({status})");
    }
    if !status.success() && tally.failed == 0 {
        tally += Tally::FAIL;
    }
    Ok(tally)
}

/// The number in front of a word: `3` in `ok. 3 passed; 0 failed`.
fn before(text: &str, word: &str) -> Option<u32> {
    text.split_once(word)?.0.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::before;

    #[test]
    fn figures_are_read_from_the_line_of_cargo() {
        let line = "ok. 12 passed; 3 failed; 0 ignored; 0 measured";
        assert_eq!((before(line, " passed"), before(line, " failed")), (Some(12), Some(3)));
    }
}
