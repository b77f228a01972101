//! Moves a deployment from one key file to another: every sealed key and the fingerprint, in one commit.
//!
//! The key file seals the rows of `sealed_keys` and nothing else: [`Sealer`] alone uses its bytes. Whatever else is sealed
//! is sealed under one of those keys, which stay as they are.

use proto::change::{Change, Decision, Deployment, Key, Require, Row};
use store::Store;

use super::key_ring::{foreign, snapshot};
use super::sealer::Sealer;
use super::{KeyFile, KeyRingError};
use crate::Unavailable;
use crate::commit::{Failed, commit};
use crate::env::Env;

/// What resealing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealed {
    /// The database belonged to the new file already.
    Already,
    /// So many keys were sealed anew.
    Keys(usize),
}

/// Why nothing was resealed.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// There is nothing sealed.
    #[error("the database holds no keys yet; point [secrets] key_file at the new file and start the server")]
    Empty,
    /// A key does not open, or the database belongs to neither file.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// Both files hold the same key.
    #[error("both files hold the same key; make a new one")]
    SameKey,
    /// The store.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Seals everything that `present` opens under `new`: all or nothing, also while servers run.
///
/// # Errors
/// Nothing was changed.
pub async fn reseal(store: &Store, present: &KeyFile, new: &KeyFile, env: &Env) -> Result<Resealed, ResealError> {
    let file = present;
    let (present, new) = (Sealer::new(present)?, Sealer::new(new)?);
    if present.fingerprint() == new.fingerprint() {
        return Err(ResealError::SameKey);
    }
    commit!(store, env, async {
        let (deployment, rows) = snapshot(store).await?.ok_or(Failed::Refused(ResealError::Empty))?;
        if deployment.key_fingerprint == *new.fingerprint() {
            return Ok(Decision::only(Resealed::Already));
        }
        if deployment.key_fingerprint != *present.fingerprint() {
            return Err(Failed::Refused(foreign(file.path(), &present, &deployment).into()));
        }
        let mut requires = vec![Require { key: Key::Deployment, version: deployment.version }];
        let moved = Deployment { key_fingerprint: *new.fingerprint(), ..deployment };
        let mut changes = vec![Change::Put(Row::Deployment(moved))];
        for row in &rows {
            let row = present.reseal(row, &new, &mut env.entropy()).map_err(|error| Failed::Refused(error.into()))?;
            requires.push(Require::from(&row));
            changes.push(Change::Put(Row::SealedKey(Box::new(row))));
        }
        Ok(Decision { reply: Resealed::Keys(rows.len()), requires, changes })
    })
    .await
    .map_err(|failed| match failed {
        Failed::Refused(error) => error,
        Failed::Store(error) => Unavailable::from(error).into(),
        Failed::Collided | Failed::Spent | Failed::Taken => Unavailable::collided().into(),
    })
}
