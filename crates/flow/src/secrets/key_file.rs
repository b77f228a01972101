//! The key file: the one secret outside the database. It seals every key in it.
//!
//! Made only while the store holds nothing sealed; after that its absence is an error, since a new one could open nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::{Entropy, entropy};
use zeroize::Zeroizing;

/// A key-encryption key of 256 bits.
pub struct KeyFile(Zeroizing<[u8; 32]>);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there, and the store holds what only it could open.
    #[error(
        "the key file {} is missing, but the store holds keys that only it can open: restore it from your backup, or point [secrets] key_file at it",
        .0.display()
    )]
    Missing(PathBuf),
    /// It is there and is not 32 bytes in base64.
    #[error("the key file {} is damaged: it must hold 32 bytes in base64", .0.display())]
    Damaged(PathBuf),
    /// Others may read it.
    #[error("the key file {} can be read by other users: run chmod 600 on it", .0.display())]
    Exposed(PathBuf),
    /// The operating system says no.
    #[error("the key file {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Its words.
        cause: io::Error,
    },
}

impl KeyFile {
    /// A key that lives as long as this process, for a store in memory.
    pub fn ephemeral(entropy: &mut dyn Entropy) -> Self {
        Self(Zeroizing::new(entropy::bytes(entropy)))
    }

    /// Reads the key file; makes it with mode 0600 when it is missing and `store_is_empty`.
    ///
    /// # Errors
    /// It is missing, damaged, exposed or out of reach.
    pub fn open(path: &Path, store_is_empty: bool, entropy: &mut dyn Entropy) -> Result<Self, KeyFileError> {
        match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => {
                refuse_exposed(path)?;
                let bytes = Zeroizing::new(STANDARD.decode(text.trim()).unwrap_or_default());
                let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyFileError::Damaged(path.into()))?;
                Ok(Self(Zeroizing::new(key)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && store_is_empty => Self::create(path, entropy),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyFileError::Missing(path.into())),
            Err(cause) => Err(KeyFileError::Io { path: path.into(), cause }),
        }
    }

    fn create(path: &Path, entropy: &mut dyn Entropy) -> Result<Self, KeyFileError> {
        let key = Self::ephemeral(entropy);
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(&key.0[..])));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(|cause| KeyFileError::Io { path: path.into(), cause })?;
        Ok(key)
    }

    /// The key.
    pub(super) const fn bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.0
    }
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|cause| KeyFileError::Io { path: path.into(), cause })?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyFileError::Exposed(path.into())) }
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use proto::entropy::Seeded;

    use super::*;

    #[test]
    fn it_is_made_once_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = KeyFile::open(&path, true, &mut Seeded::new(1)).unwrap();
        let read = KeyFile::open(&path, true, &mut Seeded::new(2)).unwrap();
        assert_eq!(*made.0, *read.0);
        fs::remove_file(&path).unwrap();
        assert!(matches!(KeyFile::open(&path, false, &mut Seeded::new(3)), Err(KeyFileError::Missing(_))));
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn damaged_and_exposed_files_are_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        drop(KeyFile::open(&path, true, &mut Seeded::new(1)).unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(KeyFile::open(&path, true, &mut Seeded::new(1)), Err(KeyFileError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "c2hvcnQ=").unwrap();
        assert!(matches!(KeyFile::open(&path, true, &mut Seeded::new(1)), Err(KeyFileError::Damaged(_))));
    }
}
