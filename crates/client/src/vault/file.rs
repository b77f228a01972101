//! Sessions as files only their owner can read, one for each profile; see `disk` for how. Renewals lock a file beside it, so
//! that no two processes spend one refresh token. A file is one JSON object: the members of [`Session`], among them
//! `proof_key` (`alg`, `jkt`, and the private key as PKCS#8 in base64url), or `sealed` in their place; and `version`, which
//! moves when an older program could not use what is in it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::disk::{self, Unreadable, private};
use super::seal::{Keys, Place, Seal, Sealed};
use super::{ProfileName, VaultError};
use crate::Session;

/// A session is a few KiB; anything near this is not one.
const MOST: u64 = 256 * 1024;
const ROOM: usize = 64 * 1024;

/// The format of a session in plain text. Its absence is the first, which knew no keys.
const PLAIN: u32 = 2;
/// The format of a sealed one, and the newest that is understood.
const SEALED: u32 = 3;

/// A session, as the file has it.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    session: &'a Session,
}

/// The same, sealed.
#[derive(Serialize)]
struct WrittenSealed<'a> {
    version: u32,
    sealed: &'a Sealed,
}

/// Read before the session, and apart from it: flattening would keep copies of its secrets.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    sealed: Option<Sealed>,
    #[serde(default)]
    version: u32,
}

/// How a session is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protection {
    /// As the one before it; in plain text where there is none.
    #[default]
    AsBefore,
    /// In plain text, which only its owner can read.
    Plain,
    /// Sealed.
    Sealed(Seal),
}

/// One file for each profile.
#[derive(Clone, Debug)]
pub struct FileVault {
    pub(super) directory: PathBuf,
    keys: Keys,
    protection: Protection,
}

/// Held from reading a session until its successor is saved. Released when dropped, also by a crash.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "dropping it releases the lock")] File);

impl FileVault {
    /// In this directory, which need not exist yet.
    #[must_use]
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), keys: Keys::default(), protection: Protection::default() }
    }

    /// With these keys for what is sealed, and this protection for what is saved.
    #[must_use]
    pub fn with(self, keys: Keys, protection: Protection) -> Self {
        Self { keys, protection, ..self }
    }

    /// Finds out whether a session could be saved, before anybody goes to the trouble of signing in. Makes the key where
    /// one is needed.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn probe(&self, profile: &ProfileName) -> Result<(), VaultError> {
        self.prepare()?;
        let path = disk::temporary(&self.directory, "probe");
        disk::replace(&path, b"").map_err(at(&path))?;
        fs::remove_file(&path).map_err(at(&path))?;
        match self.protection {
            Protection::AsBefore | Protection::Plain => Ok(()),
            Protection::Sealed(seal) => self.keys.prepare(seal, self.place(profile)),
        }
    }

    /// The session of a profile, if there is one.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn load(&self, profile: &ProfileName) -> Result<Option<Session>, VaultError> {
        let path = self.file(profile);
        let Some((text, envelope)) = read(&path)? else { return Ok(None) };
        let session = match envelope.sealed {
            None => serde_json::from_str::<Session>(&text).ok(),
            Some(sealed) => {
                let opened = sealed.open(&self.keys, self.place(profile))?.ok_or(VaultError::WrongKey(sealed.by()))?;
                serde_json::from_slice::<Session>(&opened).ok()
            }
        };
        let session = session.filter(Session::is_consistent).ok_or(VaultError::Damaged(path))?;
        if let Some(key) = &session.proof_key {
            self.recall_nonces(profile, key);
        }
        Ok(Some(session))
    }

    /// What the session of a profile is unreadable without; none for plain text, or no session at all.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn seal(&self, profile: &ProfileName) -> Result<Option<Seal>, VaultError> {
        Ok(read(&self.file(profile))?.and_then(|(_, envelope)| envelope.sealed).map(|sealed| sealed.by()))
    }

    /// Whether there is a session, without reading it.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn has(&self, profile: &ProfileName) -> Result<bool, VaultError> {
        Ok(read(&self.file(profile))?.is_some())
    }

    /// Replaces the session of a profile: afterwards there is the old one or the new one, never half of either.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn save(&self, profile: &ProfileName, session: &Session) -> Result<(), VaultError> {
        let path = self.file(profile);
        let seal = match self.protection {
            // One that cannot be read is replaced by whoever signs in anew, and says how.
            Protection::AsBefore => self.seal(profile).unwrap_or_default(),
            Protection::Plain => None,
            Protection::Sealed(seal) => Some(seal),
        };
        let failed = |error: serde_json::Error| VaultError::Io { path: path.clone(), source: error.into() };
        // Large enough from the start: a vector that grows leaves copies of what it held.
        let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
        match seal {
            None => {
                serde_json::to_writer_pretty(&mut *text, &Written { version: PLAIN, session }).map_err(failed)?;
            }
            Some(seal) => {
                let mut plain = Zeroizing::new(Vec::with_capacity(ROOM));
                serde_json::to_writer(&mut *plain, session).map_err(failed)?;
                let sealed = Sealed::new(seal, &self.keys, self.place(profile), &plain)?;
                serde_json::to_writer_pretty(&mut *text, &WrittenSealed { version: SEALED, sealed: &sealed })
                    .map_err(failed)?;
            }
        }
        disk::replace(&path, &text).map_err(at(&path))?;
        // Worth keeping, not worth failing for.
        drop(self.keep_nonces(profile, session));
        Ok(())
    }

    /// Removes the session of a profile and the key that it was sealed with; whether there was one.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn forget(&self, profile: &ProfileName) -> Result<bool, VaultError> {
        drop(fs::remove_file(self.nonces(profile)));
        let path = self.file(profile);
        let seal = self.seal(profile).ok().flatten();
        let removed = match fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            other => other.map(|()| true).map_err(at(&path)),
        };
        if seal == Some(Seal::Keyring) {
            // A key to nothing harms nobody.
            drop(self.keys.forget(self.place(profile)));
        }
        removed
    }

    /// Waits for the lock of a profile. Blocks the thread.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn lock(&self, profile: &ProfileName) -> Result<Lock, VaultError> {
        let path = self.directory.join(format!("{profile}.lock"));
        let file = self.lock_file(&path)?;
        file.lock().map_err(at(&path))?;
        Ok(Lock(file))
    }

    /// The lock of a profile, if nobody has it.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn try_lock(&self, profile: &ProfileName) -> Result<Option<Lock>, VaultError> {
        self.try_lock_at(&self.directory.join(format!("{profile}.lock")))
    }

    pub(super) fn try_lock_at(&self, path: &Path) -> Result<Option<Lock>, VaultError> {
        let file = self.lock_file(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(VaultError::Io { path: path.to_owned(), source }),
        }
    }

    fn lock_file(&self, path: &Path) -> Result<File, VaultError> {
        self.prepare()?;
        private(OpenOptions::new().write(true).create(true).truncate(false)).open(path).map_err(at(path))
    }

    /// Where the session of a profile is.
    #[must_use]
    pub fn file(&self, profile: &ProfileName) -> PathBuf {
        self.directory.join(format!("{profile}.json"))
    }

    fn place<'a>(&'a self, profile: &'a ProfileName) -> Place<'a> {
        Place { directory: &self.directory, profile }
    }

    fn prepare(&self) -> Result<(), VaultError> {
        disk::create_directory(&self.directory).map_err(at(&self.directory))
    }
}

pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> VaultError {
    move |source| VaultError::Io { path: path.to_owned(), source }
}

/// A file of ours, with what stands around the session.
fn read(path: &Path) -> Result<Option<(Zeroizing<String>, Envelope)>, VaultError> {
    let Some(text) = text(path, MOST)? else { return Ok(None) };
    match serde_json::from_str::<Envelope>(&text) {
        Ok(Envelope { version, .. }) if version > SEALED => Err(VaultError::Newer(path.to_owned())),
        Ok(envelope) if envelope.sealed.is_some() == (envelope.version == SEALED) => Ok(Some((text, envelope))),
        Ok(_) | Err(_) => Err(VaultError::Damaged(path.to_owned())),
    }
}

pub(super) fn text(path: &Path, most: u64) -> Result<Option<Zeroizing<String>>, VaultError> {
    disk::read(path, most).map_err(|why| match why {
        Unreadable::Exposed => VaultError::Exposed(path.to_owned()),
        Unreadable::Io(source) => VaultError::Io { path: path.to_owned(), source },
        Unreadable::NotText => VaultError::Damaged(path.to_owned()),
    })
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
