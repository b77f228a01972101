//! Sign-ins under way, between the process that started them and the one that waits for their end: in a file beside the
//! session, as private as that one. It lives for minutes, so it is not sealed.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::file::{FileVault, Lock, at, text};
use super::{ProfileName, VaultError, disk};
use crate::Pending;

const MOST: u64 = 128 * 1024;
const ROOM: usize = 32 * 1024;

impl FileVault {
    /// Keeps a sign-in that another process is to go on with, in place of any before it.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn save_pending(&self, profile: &ProfileName, pending: &Pending) -> Result<(), VaultError> {
        let path = self.pending(profile);
        let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *text, pending)
            .map_err(|error| VaultError::Io { path: path.clone(), source: error.into() })?;
        disk::replace(&path, &text).map_err(at(&path))
    }

    /// The sign-in under way, if there is one.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn load_pending(&self, profile: &ProfileName) -> Result<Option<Pending>, VaultError> {
        let path = self.pending(profile);
        let Some(text) = text(&path, MOST)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|_| VaultError::Damaged(path))
    }

    /// Forgets the sign-in under way; whether there was one.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn forget_pending(&self, profile: &ProfileName) -> Result<bool, VaultError> {
        let path = self.pending(profile);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            other => other.map(|()| true).map_err(at(&path)),
        }
    }

    /// The right to wait for the sign-in under way, if nobody has it: two who poll would be too fast together.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn try_lock_pending(&self, profile: &ProfileName) -> Result<Option<Lock>, VaultError> {
        self.try_lock_at(&self.directory.join(format!("{profile}.pending.lock")))
    }

    fn pending(&self, profile: &ProfileName) -> PathBuf {
        self.directory.join(format!("{profile}.pending"))
    }
}
