//! What the suites need from outside: installed when we may, asked for by name when we may not.
//!
//! Debian packages by apt, as root or through sudo; node and Python packages pinned, into folders git ignores.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{installed, output, succeed};

const LEAST_NODE: u32 = 20;

/// Makes sure that each program is there, installing its Debian packages (divided by spaces) when it is not.
pub(super) fn debian(programs: &[(&str, &str)]) -> Result<()> {
    let missing = programs.iter().filter(|(program, _)| !installed(program));
    let mut packages: Vec<&str> = missing.flat_map(|(_, packages)| packages.split(' ')).collect();
    packages.dedup();
    if packages.is_empty() { Ok(()) } else { install(&packages) }
}

/// PostgreSQL, of which Debian puts no server program on the path.
pub(super) fn postgresql() -> Result<()> {
    let is_there = installed("initdb") || Path::new("/usr/lib/postgresql").is_dir();
    if is_there { Ok(()) } else { install(&["postgresql"]) }
}

/// PostgreSQL, whose programs Debian keeps out of the PATH. The tests start servers of their own.
pub(super) fn postgres() -> Result<()> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let is_there = installed("initdb") || debian.into_iter().any(|version| version.path().join("bin/initdb").is_file());
    if is_there { Ok(()) } else { install(&["postgresql"]) }
}

fn install(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if !installed("apt-get") {
        bail!("please install these Debian packages, or what your system calls them, and try again: {wanted}");
    }
    let Some(prefix) = root_prefix() else {
        bail!("please install what is missing and try again: sudo apt-get install --no-install-recommends {wanted}");
    };
    println!("installing {wanted}");
    apt(prefix, &["update", "-qq"])?;
    apt(prefix, &[&["install", "-qq", "--yes", "--no-install-recommends"], packages].concat())
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Result<()> {
    let mut words = prefix.iter().chain(&["apt-get"]).chain(arguments);
    let mut command = Command::new(words.next().context("no program")?);
    succeed(command.args(words).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// How to run something as root without being asked for a password, if there is a way.
fn root_prefix() -> Option<&'static [&'static str]> {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let may_sudo = || output(Command::new("sudo").args(["-n", "true"])).is_ok();
    if is_root {
        Some(&[])
    } else if may_sudo() {
        Some(&["sudo", "-n"])
    } else {
        None
    }
}

/// Node and npm, new enough for the suites.
pub(super) fn node() -> Result<()> {
    debian(&[("node", "nodejs"), ("npm", "npm")])?;
    let version = output(Command::new("node").arg("--version"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|number| number.parse().ok());
    if major.is_none_or(|major: u32| major < LEAST_NODE) {
        bail!("please install Node.js {LEAST_NODE} or newer and try again; this is {}", version.trim());
    }
    Ok(())
}

/// Installs the packages of a folder's package-lock.json, unless that very lock is installed already.
pub(super) fn npm(folder: &str) -> Result<()> {
    let folder = Path::new(folder);
    if newer(&folder.join("node_modules/.package-lock.json"), &folder.join("package-lock.json")) {
        return Ok(());
    }
    println!("installing the node packages of {}", folder.display());
    succeed(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))
}

/// Installs pinned Python packages into a virtual environment beside the tests.
pub(super) fn venv(requirements: &str) -> Result<()> {
    let home = PathBuf::from("tests/.cache/venv");
    let stamp = home.join("installed");
    if newer(&stamp, Path::new(requirements)) {
        return Ok(());
    }
    println!("installing the Python packages of {requirements}");
    if output(Command::new("python3").args(["-c", "import ensurepip"])).is_err() {
        install(&["python3-venv"])?;
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    let pip = home.join("bin/pip");
    succeed(Command::new(pip).args(["install", "--quiet", "--no-deps", "--requirement", requirements]))?;
    std::fs::write(stamp, "").context("cannot mark the virtual environment as complete")
}

/// Whether `made` exists and is no older than what it was made from.
fn newer(made: &Path, source: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    match (modified(made), modified(source)) {
        (Some(made), Some(source)) => made >= source,
        _ => false,
    }
}
