//! Sessions as files only their owner can read: directory 0700, files 0600, links never followed, replaced in one step
//! and flushed to disk before that. Renewals lock a file beside it, so that no two processes spend one refresh token.
//! A file is one JSON object: the members of [`Session`], among them `proof_key` (`alg`, `jkt`, and the private key as
//! PKCS#8 in base64url), and `version`, which moves when an older program could not use what is in it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{ProfileName, VaultError};
use crate::Session;

/// A session is a few KiB; anything near this is not one.
const MOST: u64 = 256 * 1024;
const ROOM: usize = 64 * 1024;

/// The format written. Its absence is the first, which knew no keys.
const VERSION: u32 = 2;

/// A session, as the file has it.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    session: &'a Session,
}

/// Read before the session, and apart from it: flattening would keep copies of its secrets.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    version: u32,
}

/// One file for each profile.
#[derive(Clone, Debug)]
pub struct FileVault {
    pub(super) directory: PathBuf,
}

/// Held from reading a session until its successor is saved. Released when dropped, also by a crash.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "dropping it releases the lock")] File);

impl FileVault {
    /// In this directory, which need not exist yet.
    #[must_use]
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Finds out whether a session could be saved, before anybody goes to the trouble of signing in.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn probe(&self) -> Result<(), VaultError> {
        self.prepare()?;
        let path = temporary(&self.directory, "probe");
        write_new(&path, b"").map_err(at(&path))?;
        fs::remove_file(&path).map_err(at(&path))
    }

    /// The session of a profile, if there is one.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn load(&self, profile: &ProfileName) -> Result<Option<Session>, VaultError> {
        let path = self.file(profile);
        let file = match private(OpenOptions::new().read(true)).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(at(&path))?,
        };
        let metadata = file.metadata().map_err(at(&path))?;
        if !metadata.is_file() {
            return Err(VaultError::Damaged(path));
        }
        if is_exposed(&metadata) {
            return Err(VaultError::Exposed(path));
        }
        let mut text = Zeroizing::new(String::new());
        let read = file.take(MOST).read_to_string(&mut text);
        if read.is_err_and(|error| error.kind() != io::ErrorKind::InvalidData) {
            return Err(VaultError::Damaged(path));
        }
        match serde_json::from_str::<Version>(&text) {
            Ok(Version { version }) if version > VERSION => return Err(VaultError::Newer(path)),
            _ => {}
        }
        let session = serde_json::from_str::<Session>(&text).ok().filter(Session::is_consistent);
        let session = session.ok_or(VaultError::Damaged(path))?;
        if let Some(key) = &session.proof_key {
            self.recall_nonces(profile, key);
        }
        Ok(Some(session))
    }

    /// Replaces the session of a profile: afterwards there is the old one or the new one, never half of either.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn save(&self, profile: &ProfileName, session: &Session) -> Result<(), VaultError> {
        self.prepare()?;
        let path = self.file(profile);
        // Large enough from the start: a vector that grows leaves copies of what it held.
        let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer_pretty(&mut *text, &Written { version: VERSION, session })
            .map_err(|error| VaultError::Io { path: path.clone(), source: error.into() })?;
        let temporary = temporary(&self.directory, profile.as_str());
        let written = write_new(&temporary, &text).and_then(|()| fs::rename(&temporary, &path));
        if let Err(error) = written {
            // The half-written copy holds tokens. That it may not exist is fine.
            drop(fs::remove_file(&temporary));
            return Err(VaultError::Io { path, source: error });
        }
        // Worth keeping, not worth failing for.
        drop(self.keep_nonces(profile, session));
        sync_directory(&self.directory).map_err(at(&self.directory))
    }

    /// Removes the session of a profile; whether there was one.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn forget(&self, profile: &ProfileName) -> Result<bool, VaultError> {
        drop(fs::remove_file(self.nonces(profile)));
        let path = self.file(profile);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            other => other.map(|()| true).map_err(at(&path)),
        }
    }

    /// Waits for the lock of a profile. Blocks the thread.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn lock(&self, profile: &ProfileName) -> Result<Lock, VaultError> {
        self.prepare()?;
        let path = self.directory.join(format!("{profile}.lock"));
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(&path);
        let file = file.and_then(|file| file.lock().map(|()| file)).map_err(at(&path))?;
        Ok(Lock(file))
    }

    /// Where the session of a profile is.
    #[must_use]
    pub fn file(&self, profile: &ProfileName) -> PathBuf {
        self.directory.join(format!("{profile}.json"))
    }

    fn prepare(&self) -> Result<(), VaultError> {
        create_directory(&self.directory).map_err(at(&self.directory))
    }
}

/// A name no other save uses, in the same directory so that renaming is one step.
pub(super) fn temporary(directory: &Path, stem: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    directory.join(format!(".{stem}.{}.{count}.tmp", std::process::id()))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> VaultError {
    move |source| VaultError::Io { path: path.to_owned(), source }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Left behind by a process of the same number that was killed here.
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
}

#[cfg(unix)]
fn is_exposed(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(unix)]
fn create_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

// Elsewhere the user's own directory is private already, and a directory cannot be flushed.

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn is_exposed(_: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use proto::Timestamp;
    use proto::wire::token::{Credential, TokenType};

    use super::*;
    use crate::ProofKey;

    fn session(access_token: &str) -> Session {
        Session {
            access_token: Credential::new(access_token),
            client_id: "tv".to_owned(),
            expires_at: Some(Timestamp::from_seconds(1_800_000_000)),
            issuer: "https://id.example.com".to_owned(),
            name: Some("maria".to_owned()),
            proof_key: None,
            refresh_token: Some(Credential::new("rt")),
            scope: Some("openid".to_owned()),
            subject: None,
            token_type: TokenType::Bearer,
        }
    }

    fn vault() -> (tempfile::TempDir, FileVault, ProfileName) {
        let root = tempfile::tempdir().unwrap();
        let vault = FileVault::at(root.path().join("a/countersign"));
        (root, vault, "default".parse().unwrap())
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn sessions_are_kept_privately_and_come_back() {
        let (_root, vault, profile) = vault();
        assert_eq!(vault.load(&profile).unwrap(), None);
        vault.probe().unwrap();
        vault.save(&profile, &session("one")).unwrap();
        vault.save(&profile, &session("two")).unwrap();
        assert_eq!(vault.load(&profile).unwrap(), Some(session("two")));
        assert_eq!((mode(&vault.file(&profile)), mode(&vault.directory)), (0o600, 0o700));
        let names: Vec<_> = fs::read_dir(&vault.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["default.json"], "nothing is left lying about");
        assert!(vault.forget(&profile).unwrap());
        assert!(!vault.forget(&profile).unwrap());
        assert_eq!(vault.load(&profile).unwrap(), None);
    }

    #[test]
    fn links_and_exposed_or_damaged_files_are_not_trusted() {
        let (root, vault, profile) = vault();
        vault.save(&profile, &session("one")).unwrap();
        let path = vault.file(&profile);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(vault.load(&profile), Err(VaultError::Exposed(_))));
        vault.save(&profile, &session("two")).unwrap();
        assert_eq!(vault.load(&profile).unwrap(), Some(session("two")), "signing in again repairs it");

        fs::write(&path, "{").unwrap();
        assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))));
        fs::write(&path, [0xff; 9]).unwrap();
        assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))));

        let target = root.path().join("target");
        fs::write(&target, "untouched").unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&target, &path).unwrap();
        assert!(matches!(vault.load(&profile), Err(VaultError::Io { .. })));
        vault.save(&profile, &session("three")).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        assert_eq!(vault.load(&profile).unwrap(), Some(session("three")));
    }

    #[test]
    fn dpd_5_the_key_is_kept_with_its_tokens_as_privately_and_goes_with_them() {
        let (_root, vault, profile) = vault();
        let key = ProofKey::generate(jose::Algorithm::Es256).unwrap();
        let bound = Session { proof_key: Some(key.clone()), token_type: TokenType::Dpop, ..session("one") };
        vault.save(&profile, &bound).unwrap();
        let loaded = vault.load(&profile).unwrap().unwrap();
        assert_eq!((loaded.proof_key.as_ref(), &loaded), (Some(&key), &bound));
        let path = vault.file(&profile);
        assert_eq!(mode(&path), 0o600);
        let kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!((&kept["version"], &kept["token_type"]), (&2.into(), &"DPoP".into()));
        assert_eq!((&kept["proof_key"]["alg"], &kept["proof_key"]["jkt"]), (&"ES256".into(), &key.jkt().into()));
        let secret = kept["proof_key"]["pkcs8"].as_str().unwrap();
        assert!(!format!("{bound:?}").contains(&secret[..10]));

        for (name, value) in [("proof_key", serde_json::Value::Null), ("token_type", "Bearer".into())] {
            let mut torn = kept.clone();
            torn[name] = value;
            fs::write(&path, torn.to_string()).unwrap();
            assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))), "a token without its key: {name}");
        }
        assert!(vault.forget(&profile).unwrap() && !path.exists());
    }

    #[test]
    fn files_of_other_versions_are_read_or_named() {
        let (_root, vault, profile) = vault();
        vault.save(&profile, &session("one")).unwrap();
        let path = vault.file(&profile);
        let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        kept.as_object_mut().unwrap().remove("version");
        fs::write(&path, kept.to_string()).unwrap();
        assert_eq!(vault.load(&profile).unwrap(), Some(session("one")), "the first version had no number");
        kept["version"] = 3.into();
        kept["access_token"] = serde_json::json!({"sealed": "…"});
        fs::write(&path, kept.to_string()).unwrap();
        assert!(matches!(vault.load(&profile), Err(VaultError::Newer(_))));
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_noticed_before_the_sign_in() {
        let (root, _, profile) = vault();
        fs::write(root.path().join("file"), "").unwrap();
        let vault = FileVault::at(root.path().join("file/countersign"));
        assert!(matches!(vault.probe(), Err(VaultError::Io { .. })));
        assert!(matches!(vault.save(&profile, &session("one")), Err(VaultError::Io { .. })));
    }

    #[test]
    fn an_open_directory_is_closed() {
        let (_root, vault, profile) = vault();
        fs::create_dir_all(&vault.directory).unwrap();
        fs::set_permissions(&vault.directory, fs::Permissions::from_mode(0o755)).unwrap();
        vault.save(&profile, &session("one")).unwrap();
        assert_eq!(mode(&vault.directory), 0o700);
    }

    #[test]
    fn the_lock_admits_one_at_a_time() {
        let (_root, vault, profile) = vault();
        let held = vault.lock(&profile).unwrap();
        let other = File::open(vault.directory.join("default.lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
