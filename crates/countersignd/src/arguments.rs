//! The command line: help, completions and man pages are made from it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::command::admin::Administration;
use crate::demo::Demo;

/// Authorization server for devices that have no browser.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
#[derive(Debug, Parser)]
#[command(name = "countersignd", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything in one process, in a temporary database: see a device sign in
    Demo(Demo),
    /// Runs the server
    Serve {
        #[command(flatten)]
        file: ConfigFile,
    },
    #[command(flatten)]
    Administration(Administration),
    /// The configuration: an example, what is wrong with it, what holds
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Writes man pages into a folder
    Man {
        /// The folder; it is made when it does not exist
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Commands about the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints a configuration with every key, its default and its reason
    Example,
    /// Says what is wrong with the configuration, and where
    Check {
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Prints what holds, without secrets
    Show {
        #[command(flatten)]
        file: ConfigFile,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which configuration.
#[derive(Args, Debug)]
pub(crate) struct ConfigFile {
    /// The configuration file [else $COUNTERSIGN_CONFIG, else /etc/countersign/countersignd.toml]
    #[arg(long = "config", value_name = "FILE", global = true)]
    pub(crate) path: Option<PathBuf>,
}
