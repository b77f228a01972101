//! The command line, as the manual shows it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use client::ProfileName;
use serde::{Deserialize, Serialize};

/// Sign in on a device that has no browser
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Messages go to stderr, results to stdout.\n\n\
    Exit codes: 0 done, 1 unexpected, 2 usage, 3 the person declined, 4 the code expired, 5 not signed in,\n\
    6 the server cannot be reached, 7 the server refused, 8 the token store failed, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in: show a code that a person confirms in a browser elsewhere
    Login(Box<Login>),
    /// Print a valid access token, renewed when needed
    Token(Profile),
    /// Print the Authorization header for an API call, as for `curl -H @-`
    Header(Profile),
    /// Show who is signed in, until when, and what was granted
    Status(Status),
    /// Take the access back at the server, then forget it here
    Logout(Profile),
    /// Remember servers under a name
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell to complete for
        shell: Shell,
    },
    /// Write the manual pages into a directory
    Man {
        /// An existing directory
        directory: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Profile {
    /// Whose sign-in
    #[arg(default_value = "default")]
    pub(crate) profile: ProfileName,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) of: Profile,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the profiles, and who is signed in
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show what a profile holds
    Show {
        #[command(flatten)]
        of: Profile,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Add a profile, or replace it
    Add {
        /// Its name
        profile: ProfileName,
        #[command(flatten)]
        server: Box<Server>,
    },
    /// Remove a profile nobody is signed in with
    Remove {
        /// Its name
        profile: ProfileName,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The name to remember this sign-in by
    #[arg(default_value = "default")]
    pub(crate) profile: ProfileName,
    #[command(flatten)]
    pub(crate) server: Server,
    /// Print events as JSON, one object a line, on stdout; no event carries a token
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Draw no QR code
    #[arg(long, help_heading = "Output")]
    pub(crate) no_qr: bool,
    /// Open no browser, even if this machine has one
    #[arg(long, help_heading = "Output")]
    pub(crate) no_browser: bool,
    /// Spell the code as one does on the telephone
    #[arg(long, help_heading = "Output")]
    pub(crate) spell: bool,
    /// Keep the code off the screen until Enter is pressed, for rooms with bystanders
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub(crate) private: bool,
    /// Put the address into the clipboard of the terminal, also over SSH (OSC 52)
    #[arg(long, help_heading = "Output")]
    pub(crate) copy: bool,
}

/// Everything about the server and the application; what is not given comes from the profile.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Server {
    /// The server's identifier, such as https://id.example.com
    #[arg(long, value_name = "URL", help_heading = "Server")]
    pub(crate) issuer: Option<String>,
    /// A provider that needs no issuer, or has ways of its own: auth0, entra, github, gitlab, google, keycloak, okta, twitch
    #[arg(long, value_name = "NAME", help_heading = "Server")]
    pub(crate) provider: Option<String>,
    /// Trust the certificates in this PEM file beside the system's
    #[arg(long, value_name = "FILE", help_heading = "Server")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Accept http on this machine's loopback interface, for tests
    #[arg(long, help_heading = "Server")]
    pub(crate) allow_http_loopback: bool,

    /// The identifier of the application, as registered with the server
    #[arg(long, value_name = "ID", help_heading = "Application")]
    pub(crate) client_id: Option<String>,
    /// A file that holds the application's secret; else COUNTERSIGN_CLIENT_SECRET
    #[arg(long, value_name = "FILE", help_heading = "Application")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// A scope to ask for; may be given several times. None asks for the server's default
    #[arg(long = "scope", value_name = "SCOPE", help_heading = "Access")]
    pub(crate) scopes: Vec<String>,
    /// An API the token is for (RFC 8707); may be given several times
    #[arg(long = "resource", value_name = "URI", help_heading = "Access")]
    pub(crate) resources: Vec<String>,
    /// The API the token is for, as Auth0 wants it
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub(crate) audience: Option<String>,
    /// What this device calls itself, for the person who confirms
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub(crate) device_name: Option<String>,
    /// Where the tokens are kept
    #[arg(long, value_name = "WHERE", help_heading = "Access")]
    pub(crate) store: Option<Store>,
}

/// Where tokens are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Store {
    /// In a file only you can read
    #[default]
    File,
    /// Nowhere: the access token is printed once
    None,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn names_that_scripts_rely_on() {
        let login = "countersign login work --issuer https://id.example.com --client-id tv --scope openid --scope files \
            --resource https://api.example.com --json --no-qr --no-browser --store file --device-name Kitchen --spell \
            --copy --allow-http-loopback --client-secret-file /s --ca-file /c";
        Arguments::try_parse_from(login.split_whitespace()).unwrap();
        for line in [
            "token",
            "header work",
            "status --json",
            "logout",
            "profile list",
            "profile show work",
            "profile add work --provider github --client-id x",
            "profile remove work",
            "completions bash",
            "man /tmp",
            "login --provider google --private",
        ] {
            let words = std::iter::once("countersign").chain(line.split_whitespace());
            Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        for line in ["", "login --store keys", "login ../x", "login --client-secret s", "profile remove"] {
            let words = std::iter::once("countersign").chain(line.split_whitespace());
            assert_eq!(Arguments::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
