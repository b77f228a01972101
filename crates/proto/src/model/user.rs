//! A person with an account here.

use std::fmt;

use super::{UserId, Version};
use crate::Timestamp;

/// A sign-in name: 1 to 64 characters, compared without regard to case; kept in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Box<str>);

impl UserName {
    /// Reads one, lower-cased; `None` when it is empty, too long, or has control characters or blanks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_lowercase();
        let fits = !lower.is_empty()
            && lower.chars().count() <= 64
            && !lower.chars().any(|c| c.is_control() || c.is_whitespace() || crate::wire::is_invisible(c));
        fits.then(|| Self(lower.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// It may.
    Active,
    /// An administrator locked it: no sign-in, no decision, no token.
    Locked,
}

/// A person with an account here.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their identifier: the subject of their tokens.
    pub id: UserId,
    /// What they sign in with, unique.
    pub name: UserName,
    /// What they are called.
    pub display_name: Option<String>,
    /// Their address, as the administrator gave it.
    pub email: Option<String>,
    /// Argon2id hash as a PHC string; `None` when they cannot sign in with a password.
    pub password: Option<Box<str>>,
    /// Whether the account may be used.
    pub state: UserState,
    /// When the account was made.
    pub created_at: Timestamp,
    /// How often it was written.
    pub version: Version,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("state", &self.state)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
