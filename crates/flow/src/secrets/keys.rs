//! Keys as they are used: opened from their rows, the active one of each purpose first, those that only check behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jose::{Jwk, JwkSet, SigningKey};
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey, SigningAlg};
use proto::secret::{MacKey, MacKeys};
use zeroize::Zeroizing;

use super::sealer::{Sealer, algorithm, split_signing};
use super::{KeyRingError, SealKey};

/// Keys, ready for use.
pub struct Keys {
    /// Opaque access tokens; the active key first.
    pub access_token: Vec<SealKey>,
    /// Cookies and form handles; the active key first.
    pub cookies: Vec<SealKey>,
    /// Tokens against forged requests.
    pub csrf: MacKeys,
    /// Check values of device codes.
    pub device_code: MacKeys,
    /// Nonces of DPoP proofs.
    pub dpop_nonce: MacKeys,
    /// Stored user codes.
    pub user_code: MacKeys,
    /// Pepper of passwords.
    pub password: MacKeys,
    /// Check values of refresh tokens.
    pub refresh_token: MacKeys,
    /// Pairwise subjects: one key, for good.
    pub subject: MacKeys,
    /// Signs with Ed25519.
    pub eddsa: SigningKey,
    /// Signs with ECDSA on P-256.
    pub es256: SigningKey,
    /// Signs with RSA.
    pub rs256: SigningKey,
    /// Everything that verifies what these and their neighbours in time signed.
    pub jwks: JwkSet,
    /// The same as it is published.
    pub jwks_json: Arc<str>,
    kids: BTreeMap<KeyId, String>,
}

impl Keys {
    /// The key that signs with this algorithm: access tokens, and id_tokens of clients that registered it.
    #[must_use]
    pub const fn signing_key(&self, alg: SigningAlg) -> &SigningKey {
        match alg {
            SigningAlg::EdDsa => &self.eddsa,
            SigningAlg::Es256 => &self.es256,
            SigningAlg::Rs256 => &self.rs256,
        }
    }

    /// The `kid` under which a signing key is published.
    #[must_use]
    pub fn kid(&self, id: KeyId) -> Option<&str> {
        self.kids.get(&id).map(String::as_str)
    }

    /// Opens what is stored.
    pub(super) fn open(sealer: &Sealer, rows: &[SealedKey]) -> Result<Self, KeyRingError> {
        let rows = Rows { sealer, rows };
        let mut published = Published::default();
        let es256 = rows.signing(KeyPurpose::SignEs256, &mut published)?;
        let rs256 = rows.signing(KeyPurpose::SignRs256, &mut published)?;
        let eddsa = rows.signing(KeyPurpose::SignEdDsa, &mut published)?;
        let Published { jwks, kids } = published;
        let jwks = JwkSet::new(jwks).map_err(|_| KeyRingError::TooManyKeys)?;
        let jwks_json = serde_json::to_string(&jwks).map_err(|_| KeyRingError::Crypto)?.into();
        Ok(Self {
            access_token: rows.seal(KeyPurpose::AccessToken)?,
            cookies: rows.seal(KeyPurpose::Cookie)?,
            csrf: rows.mac(KeyPurpose::Csrf)?,
            device_code: rows.mac(KeyPurpose::DeviceCode)?,
            dpop_nonce: rows.mac(KeyPurpose::DpopNonce)?,
            user_code: rows.mac(KeyPurpose::UserCode)?,
            password: rows.mac(KeyPurpose::Password)?,
            refresh_token: rows.mac(KeyPurpose::RefreshToken)?,
            subject: rows.mac(KeyPurpose::Subject)?,
            eddsa,
            es256,
            rs256,
            jwks,
            jwks_json,
            kids,
        })
    }
}

#[derive(Default)]
struct Published {
    jwks: Vec<Jwk>,
    kids: BTreeMap<KeyId, String>,
}

struct Rows<'a> {
    sealer: &'a Sealer,
    rows: &'a [SealedKey],
}

impl Rows<'_> {
    /// The keys of a purpose, the active one first; every other one checks as well, also one that is not used yet.
    fn of(&self, purpose: KeyPurpose) -> Result<Vec<&SealedKey>, KeyRingError> {
        let mut rows: Vec<&SealedKey> = self.rows.iter().filter(|row| row.purpose == purpose).collect();
        rows.sort_by_key(|row| (row.state != KeyState::Active, std::cmp::Reverse(row.changed_at)));
        match rows.first() {
            Some(first) if first.state == KeyState::Active => Ok(rows),
            Some(_) | None => Err(KeyRingError::NoActiveKey(purpose)),
        }
    }

    fn raw(&self, row: &SealedKey) -> Result<Zeroizing<[u8; 32]>, KeyRingError> {
        let plain = self.sealer.open(row)?;
        <[u8; 32]>::try_from(plain.as_slice()).map(Zeroizing::new).map_err(|_| KeyRingError::Unsealable(row.id))
    }

    fn mac(&self, purpose: KeyPurpose) -> Result<MacKeys, KeyRingError> {
        let rows = self.of(purpose)?;
        let keys: Result<Vec<MacKey>, _> =
            rows.into_iter().map(|row| self.raw(row).map(|key| MacKey::new(row.id, &key))).collect();
        let mut keys = keys?.into_iter();
        let active = keys.next().ok_or(KeyRingError::NoActiveKey(purpose))?;
        Ok(MacKeys::new(active, keys.collect()))
    }

    fn seal(&self, purpose: KeyPurpose) -> Result<Vec<SealKey>, KeyRingError> {
        let key = |row: &SealedKey| SealKey::new(&self.raw(row)?).map_err(|_| KeyRingError::Crypto);
        self.of(purpose)?.into_iter().map(key).collect()
    }

    fn signing(&self, purpose: KeyPurpose, published: &mut Published) -> Result<SigningKey, KeyRingError> {
        let missing = || KeyRingError::NoActiveKey(purpose);
        let algorithm = algorithm(purpose).ok_or_else(missing)?;
        let (mut active, mut jwks) = (None, BTreeMap::new());
        for row in self.of(purpose)? {
            let plain = self.sealer.open(row)?;
            let (kid, pkcs8) = split_signing(&plain).ok_or(KeyRingError::Unsealable(row.id))?;
            let key = SigningKey::from_pkcs8(algorithm, kid, pkcs8)?;
            published.kids.insert(row.id, key.kid().to_owned());
            jwks.insert(row.id, key.public_jwk().clone());
            active.get_or_insert(key);
        }
        // The oldest first, so that what is published does not change when the next one is used.
        published.jwks.extend(jwks.into_values());
        active.ok_or_else(missing)
    }
}
