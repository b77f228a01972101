//! Load, decide, commit; and again when something that was read has changed meanwhile.

use proto::change::{Change, Commit, Decision, Key, Unique};
use proto::model::CommitId;
use store::{Outcome, Store, StoreError};

use crate::env::Env;

/// Decisions that may lose a race before the caller is told to come back later.
const ATTEMPTS: usize = 3;
/// Draws of a unique value.
const DRAWS: usize = 5;

/// Why a decision could not be made to stand.
#[derive(Debug)]
pub(crate) enum Failed<E> {
    /// Others were faster each time.
    Collided,
    /// The decision itself says no.
    Refused(E),
    /// The proof or the assertion that came with the request was used before.
    Spent,
    /// The store.
    Store(StoreError),
    /// A unique value is taken.
    Taken,
}

impl<E> From<StoreError> for Failed<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The attempts of one decision.
pub(crate) struct Attempts<'a> {
    store: &'a Store,
    env: &'a Env,
    collisions: usize,
    draws: usize,
}

impl<'a> Attempts<'a> {
    pub(crate) const fn new(store: &'a Store, env: &'a Env) -> Self {
        Self { store, env, collisions: 0, draws: 0 }
    }

    /// Commits what was decided. The reply once that stands; `None` to load and decide again.
    pub(crate) async fn settle<T, E>(
        &mut self,
        decided: Result<Decision<T>, Failed<E>>,
    ) -> Result<Option<T>, Failed<E>> {
        let Decision { reply, requires, changes } = decided?;
        if changes.is_empty() && requires.is_empty() {
            return Ok(Some(reply));
        }
        let id = CommitId::draw(self.env.now(), &mut self.env.entropy());
        let witness = changes.iter().find_map(written);
        match self.store.commit(&Commit { id, requires, changes }).await? {
            Outcome::Done => return Ok(Some(reply)),
            Outcome::Unknown => {
                if let Some(key) = &witness
                    && self.store.stamp(key).await? == Some(id)
                {
                    return Ok(Some(reply));
                }
                self.collisions += 1;
            }
            Outcome::Conflict => self.collisions += 1,
            Outcome::Taken(Unique::UserCode | Unique::DeviceCode | Unique::SessionToken) => self.draws += 1,
            Outcome::Taken(Unique::Spent) => return Err(Failed::Spent),
            Outcome::Taken(Unique::ClientId | Unique::Row | Unique::UserName) => return Err(Failed::Taken),
        }
        if self.collisions == ATTEMPTS || self.draws == DRAWS { Err(Failed::Collided) } else { Ok(None) }
    }
}

/// Runs an async block, which loads and decides, and commits what it asks for, until that stands. A drawn code that
/// clashes is drawn again.
///
/// A macro, since the future of a function that takes an async closure cannot be proven `Send` here.
macro_rules! commit {
    ($store:expr, $env:expr, $decide:expr) => {
        async {
            let mut attempts = crate::commit::Attempts::new($store, $env);
            loop {
                match attempts.settle($decide.await).await {
                    Ok(Some(reply)) => break Ok(reply),
                    Ok(None) => {}
                    Err(failed) => break Err(failed),
                }
            }
        }
    };
}
pub(crate) use commit;

fn written(change: &Change) -> Option<Key> {
    match change {
        Change::Delete(..) => None,
        Change::Put(row) => Some(row.key()),
    }
}
