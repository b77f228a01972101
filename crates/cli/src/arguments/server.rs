//! What may be said about a server, the application and the access wanted: the options of `login` and `profile add`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use client::When;
use serde::{Deserialize, Serialize};

/// Everything about the server and the application; what is not given comes from the profile.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Server {
    /// The server's identifier, such as https://id.example.com
    #[arg(long, value_name = "URL", help_heading = "Server")]
    pub(crate) issuer: Option<String>,
    /// A provider that needs no issuer, or has ways of its own, such as github, google or entra; `countersign doctor` lists
    /// them all
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
    #[arg(long, value_name = "FILE", help_heading = "Application", conflicts_with = "client_key_file")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// A PEM file that holds the application's private key, instead of a secret (private_key_jwt)
    #[arg(long, value_name = "FILE", help_heading = "Application")]
    pub(crate) client_key_file: Option<PathBuf>,
    /// The name the server knows that key by, where that is not its thumbprint
    #[arg(long, value_name = "KID", help_heading = "Application")]
    pub(crate) client_key_id: Option<String>,
    /// Send PKCE, which some servers demand of some applications
    #[arg(long, value_name = "WHEN", help_heading = "Application")]
    pub(crate) pkce: Option<Use>,

    /// A scope to ask for; may be given several times. None asks for the server's default
    #[arg(long = "scope", value_name = "SCOPE", help_heading = "Access")]
    pub(crate) scopes: Vec<String>,
    /// An API the token is for (RFC 8707); may be given several times
    #[arg(long = "resource", value_name = "URI", help_heading = "Access")]
    pub(crate) resources: Vec<String>,
    /// The API the token is for, as Auth0 wants it
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub(crate) audience: Option<String>,
    /// What else the server wants to know with the request for a code; may be given several times
    #[arg(long = "parameter", value_name = "NAME=VALUE", help_heading = "Access")]
    pub(crate) parameters: Vec<String>,
    /// Bind the tokens to a key of this device (DPoP), so that nobody can use a copy of them elsewhere
    #[arg(long, value_name = "WHEN", help_heading = "Access")]
    pub(crate) dpop: Option<Use>,
    /// The same as --dpop never, for servers that offer it and misbehave
    #[arg(long, help_heading = "Access", conflicts_with = "dpop")]
    pub(crate) no_dpop: bool,
    /// What this device calls itself, for the person who confirms
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub(crate) device_name: Option<String>,
    /// Where the tokens are kept
    #[arg(long, value_name = "WHERE", help_heading = "Access")]
    pub(crate) store: Option<Store>,
    /// Seal the tokens with the key in this file, which is made if there is none
    #[arg(long, value_name = "FILE", help_heading = "Access", conflicts_with_all = ["store_passphrase", "store"])]
    pub(crate) store_key_file: Option<PathBuf>,
    /// Seal the tokens with a passphrase, which is asked for; else COUNTERSIGN_PASSPHRASE
    #[arg(long, help_heading = "Access", conflicts_with = "store")]
    pub(crate) store_passphrase: bool,
}

/// Where tokens are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Store {
    /// In the keyring of the desktop if there is one, else in a file; the default
    #[default]
    Auto,
    /// In a file only you can read, in plain text
    File,
    /// In a file that only the keyring of the desktop can open
    Keyring,
    /// Nowhere: the access token is printed once
    None,
}

/// Whether to use what not every server can.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Use {
    /// Whether or not the server says that it can
    Always,
    /// Where the server says that it can; the default
    #[default]
    Auto,
    /// Not even there
    Never,
}

impl From<Use> for When {
    fn from(given: Use) -> Self {
        match given {
            Use::Always => Self::Always,
            Use::Auto => Self::Offered,
            Use::Never => Self::Never,
        }
    }
}
