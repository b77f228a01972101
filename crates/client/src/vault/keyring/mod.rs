//! The keyring of the desktop over the Secret Service (GNOME, KDE, KeePassXC): keys of sessions, found by their attributes.
//! Never hangs: each use has a bound, and a person is asked to unlock it only where there is a screen to do so.
//! The session with the service is unencrypted: it stays on a socket of this user, and holds a random key.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::Plain;

#[cfg(unix)]
mod bus;
#[cfg(unix)]
mod service;
#[cfg(unix)]
mod wire;

/// Why the keyring was of no use.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is none.
    #[error("there is no keyring: {0}")]
    Absent(Plain),
    /// Somebody was asked to unlock it and did not.
    #[error("the keyring was not unlocked")]
    Dismissed,
    /// It failed.
    #[error("the keyring failed: {0}")]
    Failed(Plain),
    /// It is locked, and there is no screen to ask anybody.
    #[error("the keyring is locked")]
    Locked,
    /// It did not answer in time.
    #[error("the keyring does not answer")]
    TimedOut,
}

/// The keyring.
#[derive(Clone, Copy, Debug)]
pub struct Keyring {
    /// How long a person has to unlock it.
    pub patience: Duration,
    /// For everything else together.
    pub timeout: Duration,
}

impl Default for Keyring {
    fn default() -> Self {
        Self { patience: Duration::from_secs(60), timeout: Duration::from_secs(5) }
    }
}

/// What a secret is found by.
type Attributes = [(&'static str, String)];

#[cfg(unix)]
impl Keyring {
    pub(super) fn find(&self, attributes: &Attributes) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        service::Service::open(*self)?.find(attributes)
    }

    pub(super) fn put(&self, attributes: &Attributes, label: &str, secret: &[u8]) -> Result<(), KeyringError> {
        service::Service::open(*self)?.put(attributes, label, secret)
    }

    pub(super) fn remove(&self, attributes: &Attributes) -> Result<(), KeyringError> {
        service::Service::open(*self)?.remove(attributes)
    }
}

#[cfg(not(unix))]
impl Keyring {
    pub(super) fn find(&self, _: &Attributes) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        Err(none())
    }

    pub(super) fn put(&self, _: &Attributes, _: &str, _: &[u8]) -> Result<(), KeyringError> {
        Err(none())
    }

    pub(super) fn remove(&self, _: &Attributes) -> Result<(), KeyringError> {
        Err(none())
    }
}

#[cfg(not(unix))]
fn none() -> KeyringError {
    KeyringError::Absent(Plain::own("it is not used on this system"))
}
