//! Running other programs, and the one place where a developer command looks at the clock.
//!
//! The product takes time as an argument; a command that measures durations and waits for child processes cannot.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The root of the repository: the folder above this crate's own.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).context("xtask has no folder above it")
}

/// The cargo that started us, so that a toolchain override holds for the children too.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command with our own output; an unsuccessful exit is an error that repeats the command line.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Runs a command and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{command:?} printed something that is not UTF-8"))
}

/// Whether a program is on the PATH.
pub(crate) fn installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// The files git knows or would add, so that build output and local notes are never looked at.
pub(crate) fn tracked(patterns: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = Command::new("git");
    command.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"]).args(patterns);
    let listed = output(&mut command)?;
    let mut files: Vec<PathBuf> =
        listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).filter(|path| path.is_file()).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Time passed since some earlier moment.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a developer command measures real time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits for real time to pass, for schedules of the long runs that are defined in real time.
#[expect(clippy::disallowed_methods, reason = "a device under measurement polls in real time")]
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Which build of the programs is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

/// The server's program: the one that `COUNTERSIGND` names, or the one of this repository, built now.
pub(crate) fn countersignd(profile: Profile) -> Result<PathBuf> {
    program("countersignd", "COUNTERSIGND", profile)
}

/// The program for devices: the one that `COUNTERSIGN` names, or the one of this repository, built now.
pub(crate) fn countersign(profile: Profile) -> Result<PathBuf> {
    program("countersign", "COUNTERSIGN", profile)
}

fn program(package: &str, variable: &str, profile: Profile) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Ok(named.into());
    }
    let mut command = cargo();
    command.args(["build", "--locked", "--package", package]);
    // This command itself lies in the folder of the dev profile.
    let own = std::env::current_exe().context("cannot find this program")?;
    let target = own.ancestors().nth(2).context("this program does not lie in a target folder")?;
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            command.arg("--release");
            "release"
        }
    };
    succeed(&mut command)?;
    Ok(target.join(folder).join(package))
}
