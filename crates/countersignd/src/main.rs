//! `countersignd`: the authorization server's program. Owns arguments, configuration, wiring and exit codes.

mod arguments;
mod command;
mod config;
mod demo;
mod failure;
mod node;
mod running;
mod wiring;

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let result = command::run(arguments.command, &mut out).and_then(|()| Ok(out.flush()?));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The reader had enough, as in `countersignd config example | head`.
        Err(Failure::Failed(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where standard error is closed, the exit code alone has to tell.
            drop(writeln!(io::stderr(), "{failure}"));
            failure.exit_code()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
