//! The commands of an operator: clients, people, grants, keys and the database. They work on the store directly, so also
//! while a server runs, which hears of it by the feed. Results go to the output, everything else to standard error.

mod audit;
mod client;
mod deployment;
mod grant;
mod health;
mod initial_token;
mod key;
mod options;
mod output;
mod password;
mod store;
mod user;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::arguments::ConfigFile;
use crate::failure::Failure;

/// What an operator does.
#[derive(Debug, Subcommand)]
pub(crate) enum Administration {
    /// Clients: the programs on devices that may sign people in
    Client(On<client::ClientCommand>),
    /// People with an account here
    User(On<user::UserCommand>),
    /// Grants: what devices asked for and hold, and taking it back
    Grant(On<grant::GrantCommand>),
    /// Initial access tokens: letting programs register themselves (RFC 7591)
    #[command(alias = "registration-token")]
    InitialAccessToken(On<initial_token::InitialTokenCommand>),
    /// The keys of the server
    Key(On<key::KeyCommand>),
    /// The database
    Store(On<store::StoreCommand>),
    /// Brings the database up to this version, as every start does
    Migrate(store::Migrate),
    /// Asks the server on this machine whether it works, for health checks
    Health(health::Health),
}

/// Commands on one deployment.
#[derive(Args, Debug)]
pub(crate) struct On<C: Subcommand> {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    command: C,
}

/// Runs one of them.
pub(super) async fn run(command: Administration, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Administration::Client(On { file, command }) => client::run(&file, command, out).await,
        Administration::User(On { file, command }) => user::run(&file, command, out).await,
        Administration::Grant(On { file, command }) => grant::run(&file, command, out).await,
        Administration::InitialAccessToken(On { file, command }) => initial_token::run(&file, command, out).await,
        Administration::Key(On { file, command }) => key::run(&file, command, out).await,
        Administration::Store(On { file, command }) => store::run(&file, command).await,
        Administration::Migrate(migrate) => store::migrate(&migrate, out).await,
        Administration::Health(health) => health::run(&health, out).await,
    }
}
