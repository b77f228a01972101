//! The program `countersignd` as it is run: arguments, output and exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod config;
mod nodes;
mod protected;
mod registering;
mod serving;
mod signing;

use std::path::Path;
use std::process::{Command, Output};

/// The program with an empty environment, so that nothing of the machine's own gets in.
fn countersignd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersignd"));
    command.args(arguments).env_clear();
    command
}

/// Exit code, standard output and standard error.
fn ended(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A path as an argument.
fn argument(path: &Path) -> &str {
    path.to_str().unwrap()
}
