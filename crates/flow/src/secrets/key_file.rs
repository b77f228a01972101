//! The key file: the one secret outside the database. It seals every key in it.
//!
//! Made only while the store holds nothing sealed; after that its absence is an error, since a new one could open nothing.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::{Entropy, entropy};
use zeroize::Zeroizing;

/// Far more than 32 bytes in base64 take.
const MAX_LENGTH: u64 = 256;

/// A key-encryption key of 256 bits, and where it came from.
pub struct KeyFile {
    key: Zeroizing<[u8; 32]>,
    path: Option<PathBuf>,
}

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
    /// It is there and should not be.
    #[error("{} exists already; a new key is not written over anything", .0.display())]
    Exists(PathBuf),
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
        Self { key: Zeroizing::new(entropy::bytes(entropy)), path: None }
    }

    /// Reads the key file; makes it with mode 0600 when it is missing and `store_is_empty`.
    ///
    /// # Errors
    /// It is missing, damaged, exposed or out of reach.
    pub fn open(path: &Path, store_is_empty: bool, entropy: &mut dyn Entropy) -> Result<Self, KeyFileError> {
        match Self::read(path) {
            Err(KeyFileError::Missing(_)) if store_is_empty => match Self::create(path, entropy) {
                // Another process of the same new deployment was first.
                Err(KeyFileError::Exists(_)) => Self::read(path),
                made => made,
            },
            read => read,
        }
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// It is missing, damaged, exposed or out of reach.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let io = |cause| KeyFileError::Io { path: path.into(), cause };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(KeyFileError::Missing(path.into())),
            Err(error) => return Err(io(error)),
        };
        // What is judged is what was opened, whatever the path leads to a moment later.
        refuse_exposed(path, &file.metadata().map_err(io)?)?;
        let mut text = Zeroizing::new(Vec::with_capacity(256));
        file.take(MAX_LENGTH).read_to_end(&mut text).map_err(io)?;
        let bytes = Zeroizing::new(STANDARD.decode(text.trim_ascii()).unwrap_or_default());
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyFileError::Damaged(path.into()))?;
        Ok(Self { key: Zeroizing::new(key), path: Some(path.into()) })
    }

    /// Makes a key file with a new key, mode 0600, where there is nothing yet. It is on the disk when this returns.
    ///
    /// # Errors
    /// Something is there, or it cannot be written.
    pub fn create(path: &Path, entropy: &mut dyn Entropy) -> Result<Self, KeyFileError> {
        let key = Self { path: Some(path.into()), ..Self::ephemeral(entropy) };
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(&key.key[..])));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.and_then(|()| sync(path)).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.into()),
            _ => KeyFileError::Io { path: path.into(), cause },
        })?;
        Ok(key)
    }

    /// Makes sure that the file is on the disk and will be found there, before anything depends on it.
    ///
    /// # Errors
    /// The operating system says no.
    pub fn persist(&self) -> Result<(), KeyFileError> {
        let Some(path) = &self.path else { return Ok(()) };
        sync(path).map_err(|cause| KeyFileError::Io { path: path.into(), cause })
    }

    /// Where it is; `None` for one that is nowhere.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// How its fingerprint begins: enough to tell files apart.
    #[must_use]
    pub fn short_fingerprint(&self) -> String {
        shown(&self.fingerprint())
    }

    /// A value that only who has the key can make.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        super::sealer::fingerprint(&self.key)
    }

    /// The key, for the sealer alone.
    pub(super) const fn bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.key
    }
}

/// The first bytes of a fingerprint.
pub(super) fn shown(fingerprint: &[u8; 32]) -> String {
    fingerprint.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// A file is found after a crash once its folder is on the disk as well.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(folder)?.sync_all() {
        // A file system that has nothing to write back: secrets that are mounted read-only.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::ReadOnlyFilesystem) => Ok(()),
        synced => synced,
    }
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &Metadata) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o077 == 0 { Ok(()) } else { Err(KeyFileError::Exposed(path.into())) }
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path, _metadata: &Metadata) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proto::entropy::Seeded;

    use super::*;

    #[test]
    fn it_is_made_once_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = KeyFile::open(&path, true, &mut Seeded::new(1)).unwrap();
        let read = KeyFile::open(&path, true, &mut Seeded::new(2)).unwrap();
        assert_eq!(*made.key, *read.key);
        assert!(matches!(KeyFile::create(&path, &mut Seeded::new(2)), Err(KeyFileError::Exists(_))));
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
        for damaged in ["", "c2hvcnQ=", "no base64 at all", &"A".repeat(44), &"QUFB".repeat(1_000)] {
            fs::write(&path, damaged).unwrap();
            let error = KeyFile::open(&path, true, &mut Seeded::new(1)).err();
            assert!(matches!(error, Some(KeyFileError::Damaged(_))), "{damaged}: {error:?}");
        }
        assert!(matches!(KeyFile::read(folder.path()), Err(KeyFileError::Exposed(_) | KeyFileError::Io { .. })));
    }
}
