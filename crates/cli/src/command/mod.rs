//! The commands, one file each, and what several of them need: a client for a profile, and its vault.

use std::fs;

use clap::CommandFactory;
use client::{Client, FileVault, Https, ProfileName, Session, System, discover};

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::profile::{self, Profile, Profiles};
use crate::{explain, paths};

mod login;
mod logout;
mod profiles;
mod status;
mod token;

/// Runs what was asked for.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Login(arguments) => login::run(*arguments).await,
        Command::Token(of) => token::run(&of.profile, token::Form::Token).await,
        Command::Header(of) => token::run(&of.profile, token::Form::Header).await,
        Command::Status(arguments) => status::run(&arguments),
        Command::Logout(of) => logout::run(&of.profile).await,
        Command::Profile(command) => profiles::run(command),
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
    let secret = profile.secret()?;
    if secret.is_none() && provider.secret == client::provider::Secret::Required {
        return Err(Failure::usage(format!("{} wants a secret from every application.", provider.title))
            .advise("Give it with --client-secret-file."));
    }
    let transport = match &profile.ca_file {
        None => Https::new(),
        Some(path) => fs::read(path)
            .map_err(|error| error.to_string())
            .and_then(|pem| Https::with_roots(&pem).map_err(|error| error.to_string()))
            .map_err(|why| Failure::usage(format!("The certificates cannot be used: {}: {why}.", path.display())))?,
    };
    let host = issuer.authority().to_owned();
    let server = discover(&transport, issuer, provider, profile.plaintext()).await;
    let server = server.map_err(|error| explain::error(&error.into(), &host, None))?;
    let application = profile::application(&profile.client_id, secret, provider, &server.metadata);
    Ok(Client { application, environment: System::new(), server, transport })
}

fn vault() -> Result<FileVault, Failure> {
    Ok(FileVault::at(paths::tokens()?))
}

/// The session of a profile, which must be there.
fn session(vault: &FileVault, name: &ProfileName) -> Result<Session, Failure> {
    vault.load(name).map_err(|error| explain::vault(&error))?.ok_or_else(|| not_signed_in(name))
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
    match name.as_str() {
        "default" => format!("`countersign {verb}`"),
        name => format!("`countersign {verb} {name}`"),
    }
}
