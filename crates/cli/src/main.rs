//! `countersign`: signs a device, a script or a server without a screen in to an authorization server (RFC 8628).
//!
//! Owns arguments, what people read, and exit codes. No rule of the protocol is here: that is `client` and below it.

mod arguments;
mod browser;
mod calendar;
mod command;
mod event;
mod exit;
mod explain;
mod paths;
mod profile;
mod prompt;
mod shield;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    // clap answers --help and wrong usage itself, with 0 and 2.
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(command::run(arguments)),
        Err(error) => Err(exit::Failure::unexpected(format!("The program cannot start: {error}."))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit.code()
        }
    }
}
