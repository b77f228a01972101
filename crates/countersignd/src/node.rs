//! One node of a deployment: the store, the keys under the key file, and the use cases on top. `serve`, `demo` and every
//! administrative command begin here.

use std::path::PathBuf;
use std::sync::Arc;

use flow::secrets::{KeyFile, KeyFileError, KeyRing, KeyRingError};
use flow::{Env, Flow, Settings};
use server::fetch::Fetcher;
use store::{Migration, PostgresSettings, SqliteSettings, Store, StoreError};

/// Where state is kept.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// In this process alone, gone with it; so is the key.
    Memory,
    /// In a database, with the key file beside this program.
    Database {
        /// The database.
        database: Database,
        /// The key-encryption key.
        key_file: PathBuf,
    },
}

/// A database.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// PostgreSQL, which other nodes may share.
    Postgres(Box<PostgresSettings>),
    /// A file of SQLite.
    Sqlite(SqliteSettings),
}

impl Database {
    /// Opens it, made and migrated as needed.
    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        match self {
            Self::Postgres(settings) => Store::postgres((**settings).clone()).await,
            Self::Sqlite(settings) => Store::sqlite(settings.clone()).await,
        }
    }

    /// What opening it would do to its schema.
    pub(crate) async fn pending_migrations(&self) -> Result<Vec<Migration>, StoreError> {
        match self {
            Self::Postgres(settings) => Store::pending_postgres_migrations((**settings).clone()).await,
            Self::Sqlite(settings) => Store::pending_migrations(settings.clone()).await,
        }
    }

    /// Where it is, for an operator.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Postgres(settings) => settings.place(),
            Self::Sqlite(settings) => settings.path.display().to_string(),
        }
    }
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
        let place = match kept {
            Kept::Memory => "memory".to_owned(),
            Kept::Database { database, .. } => database.place(),
        };
        let failed = |cause| OpenError::Store { place: place.clone(), cause };
        let store = match kept {
            Kept::Memory => Store::memory(),
            Kept::Database { database, .. } => database.open().await.map_err(failed)?,
        };
        let env = store.clock().map_or_else(Env::system, Env::by_clock);
        let file = match kept {
            Kept::Memory => KeyFile::ephemeral(&mut env.entropy()),
            Kept::Database { key_file, .. } => {
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
