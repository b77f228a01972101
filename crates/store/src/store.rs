//! The store as the rest of the program sees it, whatever keeps its state.

mod loads;

use std::sync::Arc;

use proto::Timestamp;
use proto::change::Commit;

use crate::access::{Accesses, Counts, Operation};
use crate::faulty::{Fault, FaultSettings, Faulty};
use crate::memory::Memory;
use crate::view::{Load, View};
use crate::{Bucket, Budget, Feed, Outcome, StoreError, Swept, Taking};

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
        }
    }

    /// Gives one attempt back to each bucket, for what turned out to be none. A count that is 0 already, or a window
    /// that ended, stays as it is.
    ///
    /// # Errors
    /// The store cannot serve: the attempts stay counted.
    pub async fn give_back(&self, buckets: &[Bucket], now: Timestamp) -> Result<(), StoreError> {
        self.inner.counts.count(Operation::GiveBack);
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.other() {
                Fault::After => {
                    Box::pin(faulty.inner.give_back(buckets, now)).await?;
                    Err(Faulty::unavailable())
                }
                Fault::Before | Fault::Conflict => Err(Faulty::unavailable()),
                Fault::None => Box::pin(faulty.inner.give_back(buckets, now)).await,
            },
            Backend::Memory(memory) => {
                memory.give_back(buckets, now);
                Ok(())
            }
        }
    }

    /// Removes at most `limit` rows that nobody may ask for any more: grants past their tombstone, families whose last
    /// token ended and whose grant is gone, sessions [`crate::load::SESSION_RETENTION`] past their end that no live
    /// family and no approved grant refers to, counters past their window. The feed does not tell of them.
    ///
    /// # Errors
    /// The store cannot serve.
    pub async fn sweep(&self, now: Timestamp, limit: usize) -> Result<Swept, StoreError> {
        self.inner.counts.count(Operation::Sweep);
        match &self.inner.backend {
            Backend::Faulty(faulty) => match faulty.other() {
                Fault::After | Fault::Before | Fault::Conflict => Err(Faulty::unavailable()),
                Fault::None => Box::pin(faulty.inner.sweep(now, limit)).await,
            },
            Backend::Memory(memory) => Ok(memory.sweep(now, limit)),
        }
    }

    /// Listens to changes, from now on: those of this store, and those that others make to the same data.
    #[must_use]
    pub fn feed(&self) -> Feed {
        match &self.inner.backend {
            Backend::Faulty(faulty) if faulty.settings.disturb_feed => faulty.inner.feed().faulty(faulty.feed_dice()),
            Backend::Faulty(faulty) => faulty.inner.feed(),
            Backend::Memory(memory) => memory.feed(),
        }
    }

    /// How often it was asked for what.
    #[must_use]
    pub fn accesses(&self) -> Accesses {
        self.inner.counts.read()
    }

    /// Finishes what is queued and lets go of files and threads. Everything asked for later is unavailable.
    ///
    /// # Errors
    /// What could not be finished.
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Faulty(faulty) => Box::pin(faulty.inner.close()).await,
            Backend::Memory(_) => Ok(()),
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
        }
    }
}
