//! Where sessions are kept between runs. Owns the names of profiles; [`FileVault`] is a private file for each, which can be
//! sealed with a key from the keyring of the desktop, a file or a passphrase ([`Seal`]).

use std::fmt;
use std::io;
use std::path::PathBuf;

mod disk;
mod file;
mod keyring;
mod nonces;
mod pending;
mod seal;

pub use file::{FileVault, Lock, Protection};
pub use keyring::{Keyring, KeyringError};
pub use seal::{Keys, Seal};

/// The name of a profile, fit to be a file name everywhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProfileName(String);

/// The name is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a profile name has 1 to 64 letters, digits, dots, dashes or underscores, and begins with a letter or digit")]
pub struct BadProfileName;

impl std::str::FromStr for ProfileName {
    type Err = BadProfileName;

    fn from_str(text: &str) -> Result<Self, BadProfileName> {
        let fits = (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if fits { Ok(Self(text.to_owned())) } else { Err(BadProfileName) }
    }
}

impl ProfileName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a session could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Another program holds the lock, and does not let go of it.
    #[error("another program is using the tokens and does not come to an end")]
    Busy,
    /// A cipher or a random number failed.
    #[error("the tokens could not be sealed")]
    Crypto,
    /// The file does not hold a session.
    #[error("{0} is damaged: sign in again to replace it")]
    Damaged(PathBuf),
    /// Others on this machine can read the file, so it is not trusted.
    #[error("{0} can be read by others: run `chmod 600` on it, or sign in again")]
    Exposed(PathBuf),
    /// The keyring is of no use.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A later version of this program wrote the file.
    #[error("{0} was written by a newer version of this program: update it, or sign in again")]
    Newer(PathBuf),
    /// The key that the session is sealed with is not there.
    #[error("the {} is missing that the tokens are sealed with", .0.name())]
    NoKey(Seal),
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// What was tried on.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The session is sealed with another key, or damaged.
    #[error("the tokens are sealed with another {}, or damaged: sign in again to replace them", .0.name())]
    WrongKey(Seal),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_names_are_file_names() {
        for good in ["default", "work.eu-1", "7", "a_b"] {
            assert_eq!(good.parse::<ProfileName>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a\\b", "-x", "ä", "a b", "a\u{0}", &"x".repeat(65)] {
            assert_eq!(bad.parse::<ProfileName>(), Err(BadProfileName), "{bad:?}");
        }
    }
}
