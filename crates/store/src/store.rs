//! The store as the rest of the program sees it, whatever keeps its state.

mod loads;

use std::path::Path;
use std::sync::Arc;

use proto::Timestamp;
use proto::change::Commit;

use crate::access::{Accesses, Counts, Operation};
use crate::faulty::{Fault, FaultSettings, Faulty};
use crate::memory::Memory;
use crate::postgres::{Clock, Postgres, PostgresSettings};
use crate::sqlite::{Sqlite, SqliteSettings};
use crate::view::{Load, View};
use crate::{Budget, Feed, Migration, Outcome, StoreError, Swept, Taking, WriteFigures};

/// Where state is kept. Cheap to clone; all clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    backend: Backend,
    counts: Counts,
}

#[derive(Debug)]
enum Backend {
    Faulty(Faulty),
    Memory(Memory),
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Store {
    fn new(backend: Backend) -> Self {
        Self { inner: Arc::new(Inner { backend, counts: Counts::new() }) }
    }

    /// An empty store in memory: the reference for every other one. It is gone with its last clone.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Backend::Memory(Memory::new()))
    }

    /// The store in an SQLite database, which is made and migrated as needed. Two stores may be open on one file, in one
    /// process or in several; each hears what the others write.
    ///
    /// # Errors
    /// The file cannot be used: no folder, no right to it, on a network file system, another program's, damaged
    /// ([`StoreError::Damaged`]), with another history ([`StoreError::Corrupt`]) or too new ([`StoreError::TooNew`]).
    pub async fn sqlite(settings: SqliteSettings) -> Result<Self, StoreError> {
        Sqlite::open(settings).await.map(|sqlite| Self::new(Backend::Sqlite(sqlite)))
    }

    /// The store in a PostgreSQL database, whose schema is made and migrated as needed. It needs a runtime for as long as it
    /// lives.
    ///
    /// # Errors
    /// The database cannot be reached or used, has another history ([`StoreError::Corrupt`]) or is too new
    /// ([`StoreError::TooNew`]).
    pub async fn postgres(settings: PostgresSettings) -> Result<Self, StoreError> {
        Postgres::open(settings).await.map(|postgres| Self::new(Backend::Postgres(postgres)))
    }

    /// The steps of the schema that [`Self::postgres`] would carry out. Nothing is written.
    ///
    /// # Errors
    /// The same as those of [`Self::postgres`].
    pub async fn pending_postgres_migrations(settings: PostgresSettings) -> Result<Vec<Migration>, StoreError> {
        Postgres::pending_migrations(settings).await
    }

    /// The steps of the schema that [`Self::sqlite`] would carry out. Nothing is written.
    ///
    /// # Errors
    /// The same as those of [`Self::sqlite`].
    pub async fn pending_migrations(settings: SqliteSettings) -> Result<Vec<Migration>, StoreError> {
        Sqlite::pending_migrations(settings).await
    }

    /// `inner`, misbehaving as `settings` say. It counts its own accesses.
    #[must_use]
    pub fn faulty(inner: Self, settings: FaultSettings) -> Self {
        Self::new(Backend::Faulty(Faulty::new(inner, settings)))
    }

    /// The one write of protocol state: requirements are checked, then changes are carried out in their order; the
    /// first that cannot be is the answer and voids all. [`Outcome::Done`] means that it is durable.
    ///
    /// # Errors
    /// The store cannot serve. Nothing was written, except that [`StoreError::Unavailable`] leaves it open.
    pub async fn commit(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        self.inner.counts.count(Operation::Commit);
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.commit() {
                Fault::After => Box::pin(faulty.inner.commit(commit)).await.map(|_| Faulty::lost()),
                Fault::Before => Ok(Faulty::lost()),
                Fault::Conflict => Ok(Outcome::Conflict),
                Fault::None => Box::pin(faulty.inner.commit(commit)).await,
            },
            Backend::Memory(memory) => Ok(memory.commit(commit)),
            Backend::Postgres(postgres) => Box::pin(postgres.commit(commit.clone())).await,
            Backend::Sqlite(sqlite) => sqlite.commit(commit.clone()).await,
        }
    }

    /// Takes one attempt from each budget, all or none; durable before it returns. Of several budgets that refuse, the
    /// one whose window ends last is named.
    ///
    /// # Errors
    /// The store cannot serve: the attempt must not be made.
    pub async fn take(&self, budgets: &[Budget], now: Timestamp) -> Result<Taking, StoreError> {
        self.inner.counts.count(Operation::Take);
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.other() {
                Fault::After => {
                    Box::pin(faulty.inner.take(budgets, now)).await?;
                    Err(Faulty::unavailable())
                }
                Fault::Before | Fault::Conflict => Err(Faulty::unavailable()),
                Fault::None => Box::pin(faulty.inner.take(budgets, now)).await,
            },
            Backend::Memory(memory) => Ok(memory.take(budgets, now)),
            Backend::Postgres(postgres) => Box::pin(postgres.take(budgets, now)).await,
            Backend::Sqlite(sqlite) => sqlite.take(budgets.to_vec(), now).await,
        }
    }

    /// Gives the attempt back that was taken from these budgets at `taken`, for what turned out to be none. A count that
    /// is 0 already, a window that ended and one that began later stay as they are.
    ///
    /// # Errors
    /// The store cannot serve: the attempts stay counted.
    pub async fn give_back(&self, budgets: &[Budget], taken: Timestamp) -> Result<(), StoreError> {
        self.inner.counts.count(Operation::GiveBack);
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.other() {
                Fault::After => {
                    Box::pin(faulty.inner.give_back(budgets, taken)).await?;
                    Err(Faulty::unavailable())
                }
                Fault::Before | Fault::Conflict => Err(Faulty::unavailable()),
                Fault::None => Box::pin(faulty.inner.give_back(budgets, taken)).await,
            },
            Backend::Memory(memory) => {
                memory.give_back(budgets, taken);
                Ok(())
            }
            Backend::Postgres(postgres) => Box::pin(postgres.give_back(budgets, taken)).await,
            Backend::Sqlite(sqlite) => sqlite.give_back(budgets.to_vec(), taken).await,
        }
    }

    /// Removes at most `limit` rows that nobody may ask for any more: grants past their tombstone, families whose last
    /// token ended and whose grant is gone, sessions [`crate::load::SESSION_RETENTION`] past their end that no live
    /// family and no approved grant refers to, counters past their window, clients that registered themselves and were
    /// not used in time, used proofs that are no good any more. The feed tells of the clients alone.
    ///
    /// # Errors
    /// The store cannot serve.
    pub async fn sweep(&self, now: Timestamp, limit: usize) -> Result<Swept, StoreError> {
        self.inner.counts.count(Operation::Sweep);
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.other() {
                Fault::After => {
                    Box::pin(faulty.inner.sweep(now, limit)).await?;
                    Err(Faulty::unavailable())
                }
                Fault::Before | Fault::Conflict => Err(Faulty::unavailable()),
                Fault::None => Box::pin(faulty.inner.sweep(now, limit)).await,
            },
            Backend::Memory(memory) => Ok(memory.sweep(now, limit)),
            Backend::Postgres(postgres) => Box::pin(postgres.sweep(now, limit)).await,
            Backend::Sqlite(sqlite) => sqlite.sweep(now, limit).await,
        }
    }

    /// Listens to changes, from now on: those of this store, and those that others make to the same data.
    #[must_use]
    pub fn feed(&self) -> Feed {
        match &self.inner.backend {
            Backend::Faulty(faulty) if faulty.settings.disturb_feed => faulty.inner.feed().faulty(faulty.feed_dice()),
            Backend::Faulty(faulty) => faulty.inner.feed(),
            Backend::Memory(memory) => memory.feed(),
            Backend::Postgres(postgres) => postgres.feed(),
            Backend::Sqlite(sqlite) => sqlite.feed(),
        }
    }

    /// The time of the database, where several nodes share one and agree on its time; `None` elsewhere.
    #[must_use]
    pub fn clock(&self) -> Option<Clock> {
        match &self.inner.backend {
            Backend::Faulty(faulty) => faulty.inner.clock(),
            Backend::Memory(_) | Backend::Sqlite(_) => None,
            Backend::Postgres(postgres) => Some(postgres.clock()),
        }
    }

    /// How often it was asked for what.
    #[must_use]
    pub fn accesses(&self) -> Accesses {
        self.inner.counts.read()
    }

    /// Finishes what is queued and lets go of files and threads. Everything asked of a closed database is unavailable.
    ///
    /// # Errors
    /// The writer had stopped before.
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Faulty(faulty) => Box::pin(faulty.inner.close()).await,
            Backend::Memory(_) => Ok(()),
            Backend::Postgres(postgres) => {
                postgres.close();
                Ok(())
            }
            Backend::Sqlite(sqlite) => sqlite.close().await,
        }
    }

    /// Copies the whole store to the file `to`, which must not exist, while it goes on serving.
    ///
    /// # Errors
    /// The file cannot be written, or this kind of store has nothing to copy.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.inner.counts.count(Operation::Backup);
        match &self.inner.backend {
            Backend::Faulty(faulty) => Box::pin(faulty.inner.backup(to)).await,
            Backend::Memory(_) => Err(StoreError::Unavailable("a store in memory has no backup".to_owned())),
            Backend::Postgres(_) => {
                Err(StoreError::Unavailable("PostgreSQL is backed up with its own tools, such as pg_dump".to_owned()))
            }
            Backend::Sqlite(sqlite) => sqlite.backup(to.to_owned()).await,
        }
    }

    /// Copies the SQLite database of `settings` to the file `to`, which must not exist, without opening it as a store: it
    /// is not migrated, and may be in use.
    ///
    /// # Errors
    /// The database cannot be read, or the file not be written.
    pub async fn copy_sqlite(settings: SqliteSettings, to: &Path) -> Result<(), StoreError> {
        Sqlite::copy(settings, to.to_owned()).await
    }

    /// How well writes share transactions; zeros where nothing is grouped.
    #[must_use]
    pub fn write_figures(&self) -> WriteFigures {
        match &self.inner.backend {
            Backend::Faulty(faulty) => faulty.inner.write_figures(),
            Backend::Memory(_) | Backend::Postgres(_) => WriteFigures::default(),
            Backend::Sqlite(sqlite) => sqlite.figures(),
        }
    }

    /// The backend that carries out its loads by itself, over a network, if this is one. A load through it is counted and
    /// may meet a fault; any other goes on to [`Self::read`], which sees to both.
    fn remote(&self, operation: Operation) -> Load<Option<&Postgres>> {
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.inner.remote(operation)? {
                None => Ok(None),
                Some(postgres) => {
                    self.inner.counts.count(operation);
                    match faulty.other() {
                        Fault::After | Fault::Before | Fault::Conflict => Err(Faulty::unavailable()),
                        Fault::None => Ok(Some(postgres)),
                    }
                }
            },
            Backend::Memory(_) | Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(postgres) => {
                self.inner.counts.count(operation);
                Ok(Some(postgres))
            }
        }
    }

    /// Runs `load` on one consistent view.
    async fn read<T, F>(&self, operation: Operation, load: F) -> Load<T>
    where
        T: Send + 'static,
        F: FnOnce(&dyn View) -> Load<T> + Send + 'static,
    {
        self.inner.counts.count(operation);
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.other() {
                Fault::After | Fault::Before | Fault::Conflict => Err(Faulty::unavailable()),
                Fault::None => Box::pin(faulty.inner.read(operation, load)).await,
            },
            Backend::Memory(memory) => load(&*memory.view()),
            Backend::Postgres(_) => Err(StoreError::Unavailable("this load is not carried out on a view".to_owned())),
            Backend::Sqlite(sqlite) => sqlite.read(load).await,
        }
    }
}
