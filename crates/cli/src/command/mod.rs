//! The commands, one file each, and what several of them need: a client for a profile, and its vault.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use client::{Application, Client, Https, ProfileName, Session, System, discover};
use proto::wire::metadata::AuthorizationServerMetadata;

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::explain;
use crate::profile::{Profile, Profiles};

mod doctor;
mod header;
mod key;
mod login;
mod logout;
mod profiles;
mod request;
mod signed_in;
mod status;
pub(crate) mod store;
mod token;
mod wait;
mod watch;

use store::opened;

/// Runs what was asked for.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Login(arguments) => login::run(*arguments).await,
        Command::Wait(arguments) => wait::run(&arguments).await,
        Command::Token(of) => token::run(&of.profile).await,
        Command::Header(arguments) => header::run(&arguments).await,
        Command::Request(arguments) => request::run(*arguments).await,
        Command::Status(arguments) => status::run(&arguments),
        Command::Logout(of) => logout::run(&of.profile).await,
        Command::Profile(command) => profiles::run(command),
        Command::Doctor(arguments) => doctor::run(&arguments).await,
        Command::Key(command) => key::run(command),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "countersign", &mut script);
            crate::exit::print(String::from_utf8_lossy(&script).trim_end())
        }
        Command::Man { directory } => clap_mangen::generate_to(Arguments::command(), &directory)
            .map_err(|error| Failure::unexpected(format!("{}: {error}.", directory.display()))),
    }
}

/// A client of the profile's server, which is asked about itself first.
async fn connect(profile: &Profile) -> Result<Client<Https, System>, Failure> {
    let issuer = profile.checked_issuer()?;
    let provider = profile.known_provider(&issuer);
    // What is wrong here is said before anything is sent.
    profile.authentication(provider, &AuthorizationServerMetadata::default())?;
    let transport = transport(profile.ca_file.as_deref())?;
    let host = issuer.authority().to_owned();
    let server = discover(&transport, issuer, provider, profile.plaintext()).await;
    let server = server.map_err(|error| explain::error(&error.into(), &host, None))?;
    let authentication = profile.authentication(provider, &server.metadata)?;
    let application = Application { authentication, client_id: profile.client_id.clone() };
    Ok(Client { application, environment: System::new(), server, transport })
}

/// How requests leave, with the roots in this file beside the system's.
fn transport(ca_file: Option<&Path>) -> Result<Https, Failure> {
    let Some(path) = ca_file else { return Ok(Https::new()) };
    fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|pem| Https::with_roots(&pem).map_err(|error| error.to_string()))
        .map_err(|why| Failure::usage(format!("The certificates cannot be used: {}: {why}.", path.display())))
}

/// The session of a profile, which must be there.
fn session(name: &ProfileName) -> Result<Session, Failure> {
    opened(name)?.load(name).map_err(|error| explain::vault(&error))?.ok_or_else(|| not_signed_in(name))
}

/// Keeps what servers said about nonces. Losing it costs a repetition, so a failure is nobody's concern.
fn keep_nonces(name: &ProfileName, session: &Session) {
    if let Ok(vault) = store::vault() {
        drop(vault.keep_nonces(name, session));
    }
}

/// The profile a session was made with, which must be remembered.
fn remembered(name: &ProfileName) -> Result<Profile, Failure> {
    let profiles = Profiles::load()?;
    profiles.find(name).cloned().ok_or_else(|| not_signed_in(name))
}

fn not_signed_in(name: &ProfileName) -> Failure {
    Failure::new(Exit::NotSignedIn, "not_signed_in", "Nobody is signed in.")
        .advise(format!("Run {}.", command("login", name)))
}

/// A command line of ours, for a hint.
fn command(verb: &str, name: &ProfileName) -> String {
    line(verb, name, "")
}

/// The same with more behind the profile.
fn line(verb: &str, name: &ProfileName, more: &str) -> String {
    match name.as_str() {
        "default" => format!("`countersign {verb}{more}`"),
        name => format!("`countersign {verb} {name}{more}`"),
    }
}
