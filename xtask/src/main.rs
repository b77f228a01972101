//! Developer commands: `cargo xtask check | test | soak | bench | trace`.
//!
//! Everything here runs from a fresh clone with nothing but the Rust toolchain; what a suite needs besides is
//! provisioned, or asked for by name, in `test/provision.rs`.

mod bench;
mod check;
mod drive;
mod metadata;
mod process;
mod soak;
mod test;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer commands of Countersign.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Formatting, lints, layers, licences, documentation, traceability: everything that needs no test run.
    Check {
        /// Only these steps; all of them when none is named.
        #[arg(value_enum)]
        steps: Vec<check::Step>,
    },
    /// The whole test command: provisions what is missing, runs the suites, ends with "N passed, N failed".
    Test {
        /// Only these suites; all of them when none is named.
        #[arg(value_enum)]
        suites: Vec<test::Suite>,
        /// Copy the chosen screenshots of the browser suite to docs/images.
        #[arg(long)]
        update_images: bool,
    },
    /// A long run against the release binary; prints its figures as one JSON object.
    Soak(soak::Arguments),
    /// A measurement of the release build beside its baselines; prints one JSON object.
    Bench(bench::Arguments),
    /// Print the traceability of every requirement, or write it to docs/traceability.md.
    Trace {
        /// Write docs/traceability.md instead of printing it.
        #[arg(long)]
        write: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    std::env::set_current_dir(process::root()?)?;
    match command {
        Command::Check { steps } => check::run(&steps),
        Command::Test { suites, update_images } => test::run(&suites, update_images),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Trace { write } => trace::run(write),
    }
}
