//! The keys of a node, opened from the store under the key file. Read again when a node or a command changes them, and when
//! `countersignd key reseal` moved them under another key file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jose::SigningKeyError;
use proto::change::{Change, Commit, Deployment, Row};
use proto::model::{CommitId, KeyId, KeyPurpose, KeyState, SealedKey};
use store::{Store, StoreError};
use tokio::sync::Notify;

use super::key_file::shown;
use super::sealer::{Sealer, Secret};
use super::{KeyFile, KeyFileError, Keys};
use crate::env::Env;

/// Attempts at a read between writes, and at a write between those of others.
const ATTEMPTS: usize = 5;

/// The keys of this node, and what it takes to open new ones.
pub struct KeyRing {
    sealer: ArcSwap<Sealer>,
    /// Where the key file is looked for when keys no longer open; `None` for a key that lives in this process alone.
    path: Mutex<Option<PathBuf>>,
    keys: ArcSwap<Keys>,
    read: Notify,
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto,
    /// The key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The database belongs to another key file.
    #[error(
        "the key file{} is not the one this database was made with, or sealed under since by `countersignd key reseal`: \
         its fingerprint is {found}, that of the right one {wanted}; restore the right one, or point [secrets] key_file \
         at it",
        named(.path.as_deref())
    )]
    ForeignKeyFile {
        /// The file.
        path: Option<PathBuf>,
        /// How its fingerprint begins.
        found: String,
        /// How that of the right one begins.
        wanted: String,
    },
    /// A purpose has no active key.
    #[error("the database holds no active key for {0:?}")]
    NoActiveKey(KeyPurpose),
    /// Signing failed.
    #[error(transparent)]
    Signing(#[from] SigningKeyError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Far more signing keys than a rotation ever makes.
    #[error("the database holds more signing keys than can be published")]
    TooManyKeys,
    /// The row that every key depends on is gone.
    #[error("the database does not say which key file it belongs to")]
    Unfounded,
    /// A key does not open.
    #[error("the key {0} in the database does not open with this key file")]
    Unsealable(KeyId),
}

impl KeyRing {
    /// Whether the store holds nothing that a key file sealed: only then may one be made.
    ///
    /// # Errors
    /// The store.
    pub async fn store_is_empty(store: &Store) -> Result<bool, StoreError> {
        Ok(store.deployment().await?.is_none() && store.sealed_keys().await?.is_empty())
    }

    /// Opens the keys of `store`. The first node of a deployment makes them, in one commit; a later one those whose
    /// purpose the program before had no use for.
    ///
    /// # Errors
    /// The key file is another one, or something cannot be opened.
    pub async fn open(store: &Store, file: &KeyFile, env: &Env) -> Result<Self, KeyRingError> {
        let sealer = Sealer::new(file)?;
        let rows = complete(store, file, &sealer, env).await?;
        let keys = ArcSwap::from_pointee(Keys::open(&sealer, &rows)?);
        let path = Mutex::new(file.path().map(Path::to_owned));
        Ok(Self { sealer: ArcSwap::from_pointee(sealer), path, keys, read: Notify::new() })
    }

    /// The keys as they are now.
    pub fn keys(&self) -> arc_swap::Guard<Arc<Keys>> {
        self.keys.load()
    }

    /// Reads them again after a change; also the key file, when they are sealed under another one by now.
    ///
    /// # Errors
    /// Something cannot be opened; the old ones stay in use.
    pub async fn reload(&self, store: &Store) -> Result<(), KeyRingError> {
        let (deployment, rows) = snapshot(store).await?.ok_or(KeyRingError::Unfounded)?;
        let sealer = self.sealer_for(&deployment)?;
        self.keys.store(Arc::new(Keys::open(&sealer, &rows)?));
        self.sealer.store(sealer);
        self.read.notify_one();
        Ok(())
    }

    /// Completes when they were read again since the last time that was asked. For one that waits.
    pub(crate) async fn read_again(&self) {
        self.read.notified().await;
    }

    /// The key file is looked for here from now on.
    pub(crate) fn look_for_file_at(&self, path: &Path) {
        *self.path.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
    }

    /// A new key for this deployment, and the move of the deployment's row that goes with it, so that nothing is sealed
    /// under a key file that another commit has done with.
    pub(crate) fn addition(
        &self,
        deployment: Deployment,
        secret: &Secret,
        state: KeyState,
        env: &Env,
    ) -> Result<(SealedKey, Change), KeyRingError> {
        let key = self.sealer_for(&deployment)?.seal(secret, state, env.now(), &mut env.entropy())?;
        Ok((key, Change::Put(Row::Deployment(deployment))))
    }

    /// The present key, or the one that the key file holds meanwhile.
    fn sealer_for(&self, deployment: &Deployment) -> Result<Arc<Sealer>, KeyRingError> {
        let present = self.sealer.load_full();
        if *present.fingerprint() == deployment.key_fingerprint {
            return Ok(present);
        }
        let path = self.path.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let foreign = |found: &Sealer| foreign(path.as_deref(), found, deployment);
        let Some(path) = &path else { return Err(foreign(&present)) };
        let file = Sealer::new(&KeyFile::read(path)?)?;
        if *file.fingerprint() == deployment.key_fingerprint { Ok(Arc::new(file)) } else { Err(foreign(&file)) }
    }
}

/// The deployment and its keys as they were at one moment: whoever seals something moves the deployment's row.
pub(crate) async fn snapshot(store: &Store) -> Result<Option<(Deployment, Vec<SealedKey>)>, StoreError> {
    for _ in 0..ATTEMPTS {
        let Some(deployment) = store.deployment().await? else { return Ok(None) };
        let keys = store.sealed_keys().await?;
        if store.deployment().await?.as_ref() == Some(&deployment) {
            return Ok(Some((deployment, keys)));
        }
    }
    Err(StoreError::Busy)
}

/// All keys, after those were made that this deployment does not have: all of them for a new one. One node does that;
/// the others find it done.
async fn complete(store: &Store, file: &KeyFile, sealer: &Sealer, env: &Env) -> Result<Vec<SealedKey>, KeyRingError> {
    for _ in 0..ATTEMPTS {
        let (deployment, present) = match snapshot(store).await? {
            Some((deployment, _)) if deployment.key_fingerprint != *sealer.fingerprint() => {
                return Err(foreign(file.path(), sealer, &deployment));
            }
            Some(found) => found,
            None => (Deployment { key_fingerprint: *sealer.fingerprint(), version: 0 }, Vec::new()),
        };
        let missing = |purpose: &KeyPurpose| !present.iter().any(|key| key.purpose == *purpose);
        let missing: Vec<KeyPurpose> = KeyPurpose::ALL.into_iter().filter(missing).collect();
        if missing.is_empty() {
            return Ok(present);
        }
        let mut changes = vec![Change::Put(Row::Deployment(deployment))];
        for purpose in missing {
            let mut entropy = env.entropy();
            let secret = Secret::draw(purpose, &mut entropy)?;
            let key = sealer.seal(&secret, KeyState::Active, env.now(), &mut entropy)?;
            changes.push(Change::Put(Row::SealedKey(Box::new(key))));
        }
        let id = CommitId::draw(env.now(), &mut env.entropy());
        // Whatever becomes of it, the next look tells.
        store.commit(&Commit { id, requires: Vec::new(), changes }).await?;
    }
    Err(StoreError::Busy.into())
}

pub(super) fn foreign(path: Option<&Path>, found: &Sealer, deployment: &Deployment) -> KeyRingError {
    KeyRingError::ForeignKeyFile {
        path: path.map(Path::to_owned),
        found: shown(found.fingerprint()),
        wanted: shown(&deployment.key_fingerprint),
    }
}

fn named(path: Option<&Path>) -> String {
    path.map(|path| format!(" {}", path.display())).unwrap_or_default()
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(…)")
    }
}
