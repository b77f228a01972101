//! `cargo xtask bench`: builds the release programs and runs a measurement of the crate `bench`, which is a program of its
//! own, since this one links nothing of the product.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{self, Profile};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    name: Name,
    /// Rounds, in each of which everything is measured once.
    #[arg(long)]
    rounds: Option<u32>,
    /// Grants that were redeemed before, with their families: for `redeem`.
    #[arg(long)]
    present: Option<usize>,
    /// Where databases are made: the disk that is measured.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Name {
    /// Pending polls a second, beside bare hyper and axum.
    Polls,
    /// Durable grant creations a second, beside raw SQLite.
    Start,
    /// Redemptions a second, beside raw SQLite.
    Redeem,
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Self::Polls => "polls",
            Self::Start => "start",
            Self::Redeem => "redeem",
        }
    }
}

/// Runs one measurement; it prints its report as one JSON object.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let program = process::countersignd(Profile::Release)?;
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--release", "--locked", "--package", "countersign-bench", "--"]);
    command.arg(arguments.name.text()).arg("--countersignd").arg(program);
    if let Some(present) = arguments.present {
        command.args(["--present", &present.to_string()]);
    }
    if let Some(rounds) = arguments.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    if let Some(folder) = &arguments.folder {
        command.arg("--folder").arg(folder);
    }
    process::succeed(&mut command)
}
