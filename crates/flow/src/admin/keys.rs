//! Keys.

use proto::change::{Change, Decision, Key, Row};
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey};

use super::{Admin, AdminError, failed};
use crate::Unavailable;
use crate::commit::commit;

impl Admin<'_> {
    /// All keys, as they are stored: what seals them is not shown.
    ///
    /// # Errors
    /// The store.
    pub async fn keys(&self) -> Result<Vec<SealedKey>, AdminError> {
        Ok(self.0.store.sealed_keys().await?)
    }

    /// Makes the next key of a purpose. A signing key is published at once and used once verifiers know it; any other is
    /// used at once.
    ///
    /// # Errors
    /// It cannot be made, or the store.
    pub async fn rotate_key(&self, purpose: KeyPurpose) -> Result<KeyId, AdminError> {
        let flow = self.0;
        let key = flow.ring.make(purpose, KeyState::Next, &flow.env);
        let key = key.map_err(|error| Unavailable::because(&error.to_string()))?;
        commit!(&flow.store, &flow.env, async {
            let changes = vec![Change::Put(Row::SealedKey(Box::new(key.clone())))];
            Ok(Decision { reply: (), requires: Vec::new(), changes })
        })
        .await
        .map_err(failed("key"))?;
        flow.advance_keys(None).await?;
        Ok(key.id)
    }

    /// Takes a key out of use in an emergency: its successor becomes active now, and what it signed is good nowhere.
    ///
    /// # Errors
    /// There is no such key, no successor, or the store.
    pub async fn retire_key(&self, id: KeyId) -> Result<(), AdminError> {
        let flow = self.0;
        let keys = flow.store.sealed_keys().await?;
        let key = keys.iter().find(|key| key.id == id).ok_or_else(|| AdminError::Unknown(format!("key {id}")))?;
        if key.state == KeyState::Active {
            let next = keys.iter().any(|other| other.purpose == key.purpose && other.state == KeyState::Next);
            if !next {
                return Err(AdminError::NoNextKey);
            }
            flow.advance_keys(Some(key.purpose)).await?;
        }
        commit!(&flow.store, &flow.env, async {
            let keys = flow.store.sealed_keys().await?;
            let Some(key) = keys.iter().find(|key| key.id == id) else { return Ok(Decision::only(())) };
            let changes = vec![Change::Delete(Key::SealedKey(id), key.version)];
            Ok(Decision { reply: (), requires: Vec::new(), changes })
        })
        .await
        .map_err(failed("key"))
    }
}
