//! The keys in use, opened from the store under the key file. Reloaded when a node or a command changes them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jose::{Algorithm, JwkSet, SigningKey, SigningKeyError};
use proto::Timestamp;
use proto::change::{Change, Commit, Deployment, Row};
use proto::model::{CommitId, IdTokenAlg, KeyId, KeyPurpose, KeyState, SealedKey};
use proto::secret::{MacKey, MacKeys};
use store::{Outcome, Store, StoreError};
use zeroize::Zeroizing;

use super::{KeyFile, KeyFileError, SealKey, Unsealable, fresh_key};
use crate::env::Env;

/// The keys of this node, and what it takes to open new ones.
pub struct KeyRing {
    sealer: SealKey,
    keys: ArcSwap<Keys>,
}

/// Keys, ready for use.
pub struct Keys {
    /// Cookies and form handles; the active key first.
    pub cookies: Vec<SealKey>,
    /// Tokens against forged requests.
    pub csrf: MacKeys,
    /// Check values of device codes.
    pub device_code: MacKeys,
    /// Stored user codes.
    pub user_code: MacKeys,
    /// Pepper of passwords.
    pub password: MacKeys,
    /// Check values of refresh tokens.
    pub refresh_token: MacKeys,
    /// Signs access tokens, and id_tokens of clients that ask for it.
    pub es256: SigningKey,
    /// Signs id_tokens.
    pub rs256: SigningKey,
    /// Everything that verifies what these and their neighbours in time signed.
    pub jwks: JwkSet,
    /// The same as it is published.
    pub jwks_json: Arc<str>,
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The database belongs to another key file.
    #[error(
        "the key file is not the one this database was made with: restore the right one, or point [secrets] key_file at it"
    )]
    ForeignKeyFile,
    /// A purpose has no active key.
    #[error("the database holds no active key for {0:?}")]
    NoActiveKey(KeyPurpose),
    /// Signing failed.
    #[error(transparent)]
    Signing(#[from] SigningKeyError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
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

    /// Opens the keys of `store`; the first node of a deployment makes them, in one commit.
    ///
    /// # Errors
    /// The key file is another one, or something cannot be opened.
    pub async fn open(store: &Store, file: &KeyFile, env: &Env) -> Result<Self, KeyRingError> {
        let sealer = SealKey::new(file.bytes()).map_err(|_| KeyRingError::ForeignKeyFile)?;
        let fingerprint = fingerprint(file);
        let deployment = match store.deployment().await? {
            Some(deployment) => deployment,
            None => found(store, &sealer, fingerprint, env).await?,
        };
        if deployment.key_fingerprint != fingerprint {
            return Err(KeyRingError::ForeignKeyFile);
        }
        let keys = ArcSwap::from_pointee(read(&sealer, &complete(store, &sealer, env).await?)?);
        Ok(Self { sealer, keys })
    }

    /// The keys as they are now.
    pub fn keys(&self) -> arc_swap::Guard<Arc<Keys>> {
        self.keys.load()
    }

    /// Reads them again after a change.
    ///
    /// # Errors
    /// Something cannot be opened; the old ones stay in use.
    pub async fn reload(&self, store: &Store) -> Result<(), KeyRingError> {
        self.keys.store(Arc::new(read(&self.sealer, &store.sealed_keys().await?)?));
        Ok(())
    }

    /// A new key, sealed.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(&self, purpose: KeyPurpose, state: KeyState, env: &Env) -> Result<SealedKey, KeyRingError> {
        fresh_key(&self.sealer, purpose, state, env)
    }
}

impl Keys {
    /// The key that signs id_tokens for this algorithm.
    #[must_use]
    pub const fn id_token_key(&self, alg: IdTokenAlg) -> &SigningKey {
        match alg {
            IdTokenAlg::Es256 => &self.es256,
            IdTokenAlg::Rs256 => &self.rs256,
        }
    }
}

/// Writes the deployment's first row and keys. Another node may be first: then its are read.
async fn found(
    store: &Store,
    sealer: &SealKey,
    key_fingerprint: [u8; 32],
    env: &Env,
) -> Result<Deployment, KeyRingError> {
    let deployment = Deployment { key_fingerprint, version: 0 };
    let mut changes = vec![Change::Put(Row::Deployment(deployment.clone()))];
    for purpose in super::rotation::PURPOSES {
        changes.push(Change::Put(Row::SealedKey(Box::new(fresh_key(sealer, purpose, KeyState::Active, env)?))));
    }
    let commit = Commit { id: CommitId::draw(env.now(), &mut env.entropy()), requires: Vec::new(), changes };
    match store.commit(&commit).await? {
        Outcome::Done => Ok(deployment),
        Outcome::Conflict | Outcome::Taken(_) | Outcome::Unknown => store
            .deployment()
            .await?
            .ok_or_else(|| StoreError::Unavailable("the deployment could not be founded".into()).into()),
    }
}

/// All keys, after those were made whose purpose this deployment had no use for when it was founded. Two nodes that do so
/// at once make two keys, and each reads what the other's made.
async fn complete(store: &Store, sealer: &SealKey, env: &Env) -> Result<Vec<SealedKey>, KeyRingError> {
    let present = store.sealed_keys().await?;
    let missing = |purpose: &KeyPurpose| !present.iter().any(|key| key.purpose == *purpose);
    let mut changes = Vec::new();
    for purpose in super::rotation::PURPOSES.into_iter().filter(missing) {
        changes.push(Change::Put(Row::SealedKey(Box::new(fresh_key(sealer, purpose, KeyState::Active, env)?))));
    }
    if changes.is_empty() {
        return Ok(present);
    }
    let id = CommitId::draw(env.now(), &mut env.entropy());
    store.commit(&Commit { id, requires: Vec::new(), changes }).await?;
    Ok(store.sealed_keys().await?)
}

fn fingerprint(file: &KeyFile) -> [u8; 32] {
    MacKey::new(KeyId::from_bytes([0; 16]), file.bytes()).tag(&[b"fingerprint of the key file"]).into_bytes()
}

fn read(sealer: &SealKey, rows: &[SealedKey]) -> Result<Keys, KeyRingError> {
    let open = |row: &SealedKey| {
        sealer
            .open(&super::rotation::place(row.id, row.purpose), &row.sealed)
            .map_err(|_| KeyRingError::Unsealable(row.id))
    };
    let of = |purpose: KeyPurpose| {
        let mut rows: Vec<&SealedKey> = rows.iter().filter(|row| row.purpose == purpose).collect();
        rows.sort_by_key(|row| (row.state != KeyState::Active, std::cmp::Reverse(row.changed_at)));
        rows
    };
    let raw = |row: &SealedKey| -> Result<Zeroizing<[u8; 32]>, KeyRingError> {
        let bytes = open(row)?;
        <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| KeyRingError::Unsealable(row.id))
    };
    let mac = |purpose: KeyPurpose| -> Result<MacKeys, KeyRingError> {
        let keys: Vec<MacKey> = of(purpose)
            .into_iter()
            .map(|row| raw(row).map(|key| MacKey::new(row.id, &key)))
            .collect::<Result<_, _>>()?;
        let mut keys = keys.into_iter();
        let active = keys.next().ok_or(KeyRingError::NoActiveKey(purpose))?;
        Ok(MacKeys::new(active, keys.collect()))
    };
    let mut published = Vec::new();
    let mut signing = |purpose: KeyPurpose, algorithm: Algorithm| -> Result<SigningKey, KeyRingError> {
        let mut active = None;
        for row in of(purpose) {
            let bytes = open(row)?;
            let (kid, pkcs8) = super::rotation::split_signing(&bytes).ok_or(KeyRingError::Unsealable(row.id))?;
            let key = SigningKey::from_pkcs8(algorithm, kid, pkcs8)?;
            published.push(key.public_jwk().clone());
            if row.state == KeyState::Active && active.is_none() {
                active = Some(key);
            }
        }
        active.ok_or(KeyRingError::NoActiveKey(purpose))
    };
    let es256 = signing(KeyPurpose::SignEs256, Algorithm::Es256)?;
    let rs256 = signing(KeyPurpose::SignRs256, Algorithm::Rs256)?;
    let cookies = of(KeyPurpose::Cookie)
        .into_iter()
        .map(|row| raw(row).and_then(|key| SealKey::new(&key).map_err(|Unsealable| KeyRingError::Unsealable(row.id))))
        .collect::<Result<Vec<_>, _>>()?;
    let jwks = JwkSet::new(published).map_err(|_| KeyRingError::NoActiveKey(KeyPurpose::SignEs256))?;
    let jwks_json = serde_json::to_string(&jwks).unwrap_or_default().into();
    Ok(Keys {
        cookies,
        csrf: mac(KeyPurpose::Csrf)?,
        device_code: mac(KeyPurpose::DeviceCode)?,
        user_code: mac(KeyPurpose::UserCode)?,
        password: mac(KeyPurpose::Password)?,
        refresh_token: mac(KeyPurpose::RefreshToken)?,
        es256,
        rs256,
        jwks,
        jwks_json,
    })
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(…)")
    }
}

/// The time that `row` has been in its state.
pub(super) fn age(row: &SealedKey, now: Timestamp) -> std::time::Duration {
    now.since(row.changed_at)
}
