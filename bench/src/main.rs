//! How fast the built server is, beside bare HTTP and bare SQLite in the same run: `countersign-bench polls | start |
//! redeem`, started by `cargo xtask bench`. Prints one JSON object; method and figures are in docs/performance.md.
//!
//! The server under test is the program itself as a process of its own, on another core than the load.

mod baseline;
mod clock;
mod load;
mod pin;
mod prepare;
mod process;
mod product;
mod report;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measurements of Countersign.
#[derive(Parser)]
#[command(name = "countersign-bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Pending polls a second, 10,000 grants pending, beside bare hyper and axum.
    Polls(Plan),
    /// Durable grant creations a second, beside raw SQLite.
    Start(Plan),
    /// Redemptions a second, with a refresh token, without, and with an id_token, beside raw SQLite.
    Redeem(Plan),
    /// Serves a baseline until it is killed; this program starts itself so.
    #[command(hide = true)]
    Serve {
        #[arg(value_enum)]
        baseline: baseline::Baseline,
    },
}

/// What every measurement is told.
#[derive(clap::Args)]
struct Plan {
    /// The server's program, a release build.
    #[arg(long, env = "COUNTERSIGND")]
    countersignd: PathBuf,
    /// Rounds, in each of which everything is measured once.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Connections that are open at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Grants that were redeemed before, with their families: for `redeem`.
    #[arg(long, default_value_t = 0)]
    present: usize,
    /// Where databases are made: the disk that is measured.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Polls(plan) => run::polls::run(&plan).map(Some),
        Command::Start(plan) => run::start::run(&plan).map(Some),
        Command::Redeem(plan) => run::redeem::run(&plan).map(Some),
        Command::Serve { baseline } => baseline::serve(baseline).map(|()| None),
    };
    match outcome {
        Ok(report) => {
            if let Some(report) = report {
                println!("{report:#}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("countersign-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
