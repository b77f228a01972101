//! One node of a deployment: the store, the keys under the key file, and the use cases on top. `serve`, `demo` and every
//! administrative command begin here.

use std::path::PathBuf;
use std::sync::Arc;

use flow::secrets::{KeyFile, KeyFileError, KeyRing, KeyRingError};
use flow::{Env, Flow, Settings};
use server::fetch::Fetcher;
use store::{SqliteSettings, Store, StoreError};

/// Where state is kept.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// In this process alone, gone with it; so is the key.
    Memory,
    /// In an SQLite database, with the key file beside it.
    Sqlite {
        /// The database.
        database: SqliteSettings,
        /// The key-encryption key.
        key_file: PathBuf,
    },
}

/// Why a node cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The keys in the store.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The store.
    #[error("{place}: {cause}")]
    Store {
        /// Which one.
        place: String,
        /// What is wrong.
        cause: StoreError,
    },
}

/// An open node.
pub(crate) struct Node {
    pub(crate) flow: Arc<Flow>,
    store: Store,
}

impl Node {
    /// Opens the store, making and migrating it where needed, and the keys in it. Keys of clients come through `fetcher`.
    pub(crate) async fn open(kept: &Kept, settings: Settings, fetcher: Fetcher) -> Result<Self, OpenError> {
        let env = Env::system();
        let place = match kept {
            Kept::Memory => "memory".to_owned(),
            Kept::Sqlite { database, .. } => database.path.display().to_string(),
        };
        let failed = |cause| OpenError::Store { place: place.clone(), cause };
        let store = match kept {
            Kept::Memory => Store::memory(),
            Kept::Sqlite { database, .. } => Store::sqlite(database.clone()).await.map_err(failed)?,
        };
        let file = match kept {
            Kept::Memory => KeyFile::ephemeral(&mut env.entropy()),
            Kept::Sqlite { key_file, .. } => {
                let is_new = KeyRing::store_is_empty(&store).await.map_err(failed)?;
                KeyFile::open(key_file, is_new, &mut env.entropy())?
            }
        };
        let ring = KeyRing::open(&store, &file, &env).await?;
        let flow = Flow::new(settings, env, store.clone(), ring, fetcher).await.map_err(failed)?;
        Ok(Self { flow: Arc::new(flow), store })
    }

    /// The store, for what is looked up by commands alone.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Writes what is still waiting to be written.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        self.store.close().await
    }
}
