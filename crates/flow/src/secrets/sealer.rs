//! What the key of the key file does: it seals the keys in the database, each bound to its row, and nothing else anywhere.

use jose::{Algorithm, SigningKey};
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey};
use proto::secret::MacKey;
use proto::{Entropy, Timestamp, entropy};
use zeroize::Zeroizing;

use super::{KeyFile, KeyRingError, SealKey};

/// Length of a `kid`: a SHA-256 thumbprint in base64url.
const KID: usize = 43;

/// The key of a key file, ready for use.
pub(super) struct Sealer {
    key: SealKey,
    fingerprint: [u8; 32],
}

/// A new key, not sealed yet.
pub(crate) struct Secret {
    purpose: KeyPurpose,
    plain: Zeroizing<Vec<u8>>,
}

impl Sealer {
    pub(super) fn new(file: &KeyFile) -> Result<Self, KeyRingError> {
        let key = SealKey::new(file.bytes()).map_err(|_| KeyRingError::Crypto)?;
        Ok(Self { key, fingerprint: file.fingerprint() })
    }

    /// What the deployment knows this key by.
    pub(super) const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    pub(super) fn open(&self, row: &SealedKey) -> Result<Zeroizing<Vec<u8>>, KeyRingError> {
        self.key.open(&place(row.id, row.purpose), &row.sealed).map_err(|_| KeyRingError::Unsealable(row.id))
    }

    /// A row for a new key.
    pub(super) fn seal(
        &self,
        secret: &Secret,
        state: KeyState,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<SealedKey, KeyRingError> {
        let (id, purpose) = (KeyId::draw(now, entropy), secret.purpose);
        let sealed = self.key.seal(&place(id, purpose), &secret.plain, entropy).map_err(|_| KeyRingError::Crypto)?;
        Ok(SealedKey { id, purpose, state, sealed, created_at: now, changed_at: now, version: 0 })
    }

    /// The same row, sealed by `new`.
    pub(super) fn reseal(
        &self,
        row: &SealedKey,
        new: &Self,
        entropy: &mut dyn Entropy,
    ) -> Result<SealedKey, KeyRingError> {
        let plain = self.open(row)?;
        let sealed = new.key.seal(&place(row.id, row.purpose), &plain, entropy).map_err(|_| KeyRingError::Crypto)?;
        Ok(SealedKey { sealed, ..row.clone() })
    }
}

impl Secret {
    /// Makes a key. RSA takes a good part of a second.
    pub(crate) fn draw(purpose: KeyPurpose, entropy: &mut dyn Entropy) -> Result<Self, KeyRingError> {
        let plain = match algorithm(purpose) {
            Some(algorithm) => {
                let key = SigningKey::generate(algorithm)?;
                let mut joined = Zeroizing::new(key.kid().as_bytes().to_vec());
                joined.extend_from_slice(&key.to_pkcs8()?);
                joined
            }
            None => Zeroizing::new(entropy::bytes::<32>(entropy).to_vec()),
        };
        Ok(Self { purpose, plain })
    }
}

/// `kid` and private key of an opened signing key.
pub(super) fn split_signing(plain: &[u8]) -> Option<(&str, &[u8])> {
    let (kid, pkcs8) = plain.split_at_checked(KID)?;
    Some((std::str::from_utf8(kid).ok()?, pkcs8))
}

/// What a signing key signs with; `None` for a key that does not sign.
pub(crate) const fn algorithm(purpose: KeyPurpose) -> Option<Algorithm> {
    match purpose {
        KeyPurpose::SignEdDsa => Some(Algorithm::EdDsa),
        KeyPurpose::SignEs256 => Some(Algorithm::Es256),
        KeyPurpose::SignRs256 => Some(Algorithm::Rs256),
        KeyPurpose::AccessToken
        | KeyPurpose::Cookie
        | KeyPurpose::Csrf
        | KeyPurpose::DeviceCode
        | KeyPurpose::DpopNonce
        | KeyPurpose::Password
        | KeyPurpose::RefreshToken
        | KeyPurpose::Subject
        | KeyPurpose::UserCode => None,
    }
}

/// The fingerprint of a key: a value that only who has it can make.
pub(super) fn fingerprint(key: &Zeroizing<[u8; 32]>) -> [u8; 32] {
    MacKey::new(KeyId::from_bytes([0; 16]), key).tag(&[b"fingerprint of the key file"]).into_bytes()
}

/// What a sealed key is bound to: its row. The names are part of every sealed key; none of them can change.
fn place(id: KeyId, purpose: KeyPurpose) -> Vec<u8> {
    let purpose = match purpose {
        KeyPurpose::AccessToken => "AccessToken",
        KeyPurpose::Cookie => "Cookie",
        KeyPurpose::Csrf => "Csrf",
        KeyPurpose::DeviceCode => "DeviceCode",
        KeyPurpose::DpopNonce => "DpopNonce",
        KeyPurpose::Password => "Password",
        KeyPurpose::RefreshToken => "RefreshToken",
        KeyPurpose::SignEdDsa => "SignEdDsa",
        KeyPurpose::SignEs256 => "SignEs256",
        KeyPurpose::SignRs256 => "SignRs256",
        KeyPurpose::Subject => "Subject",
        KeyPurpose::UserCode => "UserCode",
    };
    format!("sealed_key/{id}/{purpose}").into_bytes()
}
