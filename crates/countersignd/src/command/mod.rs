//! The commands, one file each. They write results to the output they are given and messages to standard error.

pub(crate) mod admin;
mod config;
mod document;
mod serve;

use std::io::Write;

use crate::arguments::Command;
use crate::demo;
use crate::failure::Failure;

/// Runs a command.
///
/// # Errors
/// Why it could not be done; nothing has been said about it yet.
pub(crate) fn run(command: Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Demo(demo) => Ok(runtime()?.block_on(demo::run(&demo))?),
        Command::Serve { file } => runtime()?.block_on(serve::run(&file)),
        Command::Administration(command) => runtime()?.block_on(admin::run(command, out)),
        Command::Config(command) => config::run(command, out),
        Command::Completions { shell } => document::completions(shell, out),
        Command::Man { folder } => document::man(&folder),
    }
}

/// The runtime of commands that serve or wait.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
