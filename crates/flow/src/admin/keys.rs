//! Keys.

use proto::change::{Change, Decision, Deployment, Row};
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey};

use super::{Admin, AdminError};
use crate::commit::{Failed, commit};
use crate::secrets::{CannotRetire, KeyRingError, Secret, life, next_of, retire, snapshot};
use crate::{Flow, Unavailable};

/// The successor of a key that is taken out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// It is made now if there is none: whoever has to check it learns of it after it was used.
    MadeNow,
    /// It is there already.
    Ready,
}

impl Admin<'_> {
    /// All keys, as they are stored: what seals them is not shown.
    ///
    /// # Errors
    /// The store.
    pub async fn keys(&self) -> Result<Vec<SealedKey>, AdminError> {
        Ok(self.0.store.sealed_keys().await?)
    }

    /// The `kid` under which a signing key is published, as far as this node has read it.
    #[must_use]
    pub fn kid(&self, id: KeyId) -> Option<String> {
        self.0.ring.keys().kid(id).map(str::to_owned)
    }

    /// Makes the next key of a purpose. It is known at once, and used by a running server once everybody who checks knows
    /// it ([`life`]).
    ///
    /// # Errors
    /// There is a next one already, there is but one for good, it cannot be made, or the store.
    pub async fn rotate_key(&self, purpose: KeyPurpose) -> Result<KeyId, AdminError> {
        let flow = self.0;
        if life(purpose).is_none() {
            return Err(AdminError::LastingKey);
        }
        let secret = flow.draw_key(purpose).await?;
        commit!(&flow.store, &flow.env, async {
            let (deployment, keys) = existing(flow).await?;
            if let Some(next) = next_of(&keys, purpose) {
                return Err(Failed::Refused(AdminError::NextKey(next.id)));
            }
            let added = flow.ring.addition(deployment, &secret, KeyState::Next, &flow.env);
            let (key, moved) = added.map_err(|error| Failed::Refused(error.into()))?;
            let reply = key.id;
            Ok(Decision {
                reply,
                requires: Vec::new(),
                changes: vec![Change::Put(Row::SealedKey(Box::new(key))), moved],
            })
        })
        .await
        .map_err(refused)
    }

    /// Takes a key out of use in an emergency, in one commit: its successor becomes active now, and what was made with it
    /// is good nowhere. The successor, if the key was in use.
    ///
    /// # Errors
    /// There is no such key, no successor, it is one that is there for good, or the store.
    pub async fn retire_key(&self, id: KeyId, successor: Successor) -> Result<Option<KeyId>, AdminError> {
        let flow = self.0;
        commit!(&flow.store, &flow.env, async {
            let (deployment, mut keys) = existing(flow).await?;
            let now = flow.env.now();
            let mut moved = None;
            let mut decision = retire(&keys, id, now);
            if let (Err(CannotRetire::NoSuccessor(purpose)), Successor::MadeNow) = (&decision, successor) {
                let secret = flow.draw_key(*purpose).await.map_err(|error| Failed::Refused(error.into()))?;
                let added = flow.ring.addition(deployment, &secret, KeyState::Next, &flow.env);
                let (made, deployment) = added.map_err(|error| Failed::Refused(error.into()))?;
                moved = Some(deployment);
                keys.push(made);
                decision = retire(&keys, id, now);
            }
            let Decision { reply: (), requires, mut changes } =
                decision.map_err(|cause| Failed::Refused(AdminError::because(cause, id)))?;
            let reply = changes.iter().find_map(written);
            changes.extend(moved);
            Ok(Decision { reply, requires, changes })
        })
        .await
        .map_err(refused)
    }
}

impl Flow {
    /// Makes a key beside the runtime where that takes long.
    async fn draw_key(&self, purpose: KeyPurpose) -> Result<Secret, KeyRingError> {
        let mut entropy = self.env.entropy();
        if purpose != KeyPurpose::SignRs256 {
            return Secret::draw(purpose, &mut entropy);
        }
        let drawn = tokio::task::spawn_blocking(move || Secret::draw(purpose, &mut entropy)).await;
        drawn.unwrap_or(Err(KeyRingError::Crypto))
    }
}

async fn existing(flow: &Flow) -> Result<(Deployment, Vec<SealedKey>), Failed<AdminError>> {
    snapshot(&flow.store).await?.ok_or(Failed::Refused(KeyRingError::Unfounded.into()))
}

/// The sealed key that a change writes.
fn written(change: &Change) -> Option<KeyId> {
    if let Change::Put(Row::SealedKey(key)) = change { Some(key.id) } else { None }
}

fn refused(failed: Failed<AdminError>) -> AdminError {
    match failed {
        Failed::Refused(error) => error,
        Failed::Store(error) => error.into(),
        Failed::Collided | Failed::Spent | Failed::Taken => Unavailable::collided().into(),
    }
}

impl AdminError {
    fn because(cause: CannotRetire, id: KeyId) -> Self {
        match cause {
            CannotRetire::Lasting => Self::LastingKey,
            CannotRetire::NoSuccessor(_) => Self::NoNextKey,
            CannotRetire::Unknown => Self::Unknown(format!("key {id}")),
        }
    }
}
