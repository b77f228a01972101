//! `countersignd store backup` and `countersignd migrate`: the database as a whole. Neither needs the keys in it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use store::Store;

use super::deployment::{Missing, configured, database, prepare};
use super::output::say;
use crate::arguments::ConfigFile;
use crate::failure::Failure;
use crate::node::{Database, Kept};
use crate::wiring;

/// Commands about the database.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copies the database, also while the server runs: one moment, in one file that only you can read
    #[command(after_help = BACKUP_HELP)]
    Backup {
        /// The copy; it must not exist yet
        file: PathBuf,
    },
}

const BACKUP_HELP: &str = "The database and the key file ([secrets] key_file) are worthless without each other. Keep a copy \
    of the key file as well, in another place: who has both has everything.\n\n\
    To restore: stop the server, put the copy in the place of the database, remove what else begins with its name \
    (-wal and -shm), and start the server.";

/// Brings the database up to this version.
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    #[command(flatten)]
    file: ConfigFile,
    /// Only says what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: StoreCommand) -> Result<(), Failure> {
    match command {
        StoreCommand::Backup { file: to } => {
            let kept = wiring::kept(&configured(file)?);
            let database = database(&kept)?;
            prepare(database, Missing::Refuse)?;
            let Database::Sqlite(file) = database else {
                return Err(Failure::Usage(
                    "error: [store] url is a PostgreSQL database, which its own tools back up, such as pg_dump"
                        .to_owned(),
                ));
            };
            Store::copy_sqlite(file.clone(), &to).await?;
            say(&format!("{} was copied to {}.", database.place(), to.display()));
            if let Kept::Database { key_file, .. } = &kept {
                say(&format!(
                    "It is worthless without the key file {}: keep a copy of that in another place.",
                    key_file.display()
                ));
            }
            Ok(())
        }
    }
}

/// Brings the database up to this version, or says what that would take.
pub(super) async fn migrate(migrate: &Migrate, out: &mut dyn Write) -> Result<(), Failure> {
    let kept = wiring::kept(&configured(&migrate.file)?);
    let Kept::Database { database, .. } = &kept else {
        say("The store is in memory, where nothing needs to be migrated.");
        return Ok(());
    };
    prepare(database, Missing::Make)?;
    let place = || database.place();
    let steps = database.pending_migrations().await.with_context(place)?;
    if !migrate.dry_run {
        // Carries out what is pending, whoever else tries at the same time.
        let store = database.open().await.with_context(place)?;
        store.close().await?;
    }
    let done = if migrate.dry_run { "would be done" } else { "done" };
    for step in &steps {
        writeln!(
            out,
            "{:04} {}: {done}; the database then needs version {} or later",
            step.number, step.name, step.min_version
        )?;
    }
    if steps.is_empty() {
        say("The database is up to date.");
    }
    Ok(())
}
