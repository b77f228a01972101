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

/// Runs `decide`, which loads and decides, and commits what it asks for, until that stands. A drawn code that
/// clashes is drawn again.
pub(crate) async fn commit<T, E>(
    store: &Store,
    env: &Env,
    mut decide: impl AsyncFnMut() -> Result<Decision<T>, Failed<E>>,
) -> Result<T, Failed<E>> {
    let mut collisions = 0;
    let mut draws = 0;
    loop {
        let Decision { reply, requires, changes } = decide().await?;
        if changes.is_empty() {
            return Ok(reply);
        }
        let id = CommitId::draw(env.now(), &mut env.entropy());
        let witness = changes.iter().find_map(written);
        match store.commit(&Commit { id, requires, changes }).await? {
            Outcome::Done => return Ok(reply),
            Outcome::Unknown => {
                if let Some(key) = &witness
                    && store.stamp(key).await? == Some(id)
                {
                    return Ok(reply);
                }
                collisions += 1;
            }
            Outcome::Conflict => collisions += 1,
            Outcome::Taken(Unique::UserCode | Unique::DeviceCode | Unique::SessionToken) => draws += 1,
            Outcome::Taken(Unique::ClientId | Unique::Row | Unique::UserName) => return Err(Failed::Taken),
        }
        if collisions == ATTEMPTS || draws == DRAWS {
            return Err(Failed::Collided);
        }
    }
}

fn written(change: &Change) -> Option<Key> {
    match change {
        Change::Delete(..) => None,
        Change::Put(row) => Some(row.key()),
    }
}
