//! The command line, as the manual shows it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use client::ProfileName;

mod request;
mod server;

pub(crate) use request::{Header, Request, Target, address};
pub(crate) use server::{Server, Store, Use};

/// Sign in on a device that has no browser
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Messages go to stderr, results to stdout.\n\n\
    Exit codes: 0 done, 1 unexpected, 2 usage, 3 the person declined, 4 the code expired,\n\
    5 not signed in, 6 the server cannot be reached, 7 the server refused,\n\
    8 the token store failed, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in: show a code that a person confirms in a browser elsewhere
    Login(Box<Login>),
    /// Wait for the end of a sign-in that `login --detach` started
    Wait(Wait),
    /// Print a valid access token, renewed when needed
    Token(Profile),
    /// Print the headers for an API call, as for `curl -H @-`
    Header(Header),
    /// Call an API with the token: the answer goes to stdout
    Request(Box<Request>),
    /// Show who is signed in, until when, and what was granted
    Status(Status),
    /// Take the access back at the server, then forget it here
    Logout(Profile),
    /// Remember servers under a name
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Tell what a server can and what is odd about it, without signing in; without an address, list the known providers
    Doctor(Doctor),
    /// Make or show the key an application authenticates with (private_key_jwt)
    #[command(subcommand)]
    Key(KeyCommand),
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

#[derive(Debug, Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) of: Profile,
    /// Print events as JSON, one object a line, on stdout; no event carries a token
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The server's identifier, such as https://id.example.com
    pub(crate) issuer: Option<String>,
    /// What kind of server it is, where its address does not tell
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// The application whose rights are asked about
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Read what the server publishes, and ask it nothing else
    #[arg(long)]
    pub(crate) no_probe: bool,
    /// Trust the certificates in this PEM file beside the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Accept http on this machine's loopback interface, for tests
    #[arg(long)]
    pub(crate) allow_http_loopback: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key, and print its public half for the server to register, as a JWK Set
    New {
        /// A file that does not exist yet; only you will be able to read it
        file: PathBuf,
    },
    /// Print the public half of a key, as a JWK Set
    Show {
        /// A PEM file with a PKCS#8 key
        file: PathBuf,
    },
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
    /// The API you want to call: it tells which server gives tokens for it (RFC 9728), and is asked for as --resource
    #[arg(long, value_name = "URL", help_heading = "Access", conflicts_with = "provider")]
    pub(crate) api: Option<String>,
    /// Print events as JSON, one object a line, on stdout; no event carries a token
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Show the code and end; `countersign wait` sees to the rest
    #[arg(long, help_heading = "Output", conflicts_with_all = ["auto_renew", "private"])]
    pub(crate) detach: bool,
    /// When a code runs out, get a new one without asking, until somebody confirms or you stop it
    #[arg(long, help_heading = "Output")]
    pub(crate) auto_renew: bool,
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
            "login --no-dpop --client-key-file /k --client-key-id k1 --pkce always",
            "login --dpop always",
            "login --api https://api.example.com/v1 --client-id tv",
            "header work --method POST --url https://api.example.com/ --nonce n",
            "request https://api.example.com/",
            "request work DELETE https://api.example.com/ -i -H a:b",
            "request POST https://api.example.com/ -d {} --header c:d --include",
            "doctor https://id.example.com --json --client-id tv --provider okta --no-probe",
            "doctor",
            "login --detach --json",
            "login --auto-renew --store-passphrase",
            "login --store keyring",
            "login --store-key-file /k",
            "wait work --json",
            "key new /k",
            "key show /k",
        ] {
            let words = std::iter::once("countersign").chain(line.split_whitespace());
            Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        for line in [
            "",
            "login --store keys",
            "login ../x",
            "login --client-secret s",
            "profile remove",
            "request",
            "header --method GET",
            "login --no-dpop --dpop always",
            "login --client-key-file /k --client-secret-file /s",
            "request https://api.example.com/ -H nothing",
        ] {
            let words = std::iter::once("countersign").chain(line.split_whitespace());
            assert_eq!(Arguments::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
