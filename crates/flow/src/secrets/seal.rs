//! Sealing: AES-256-GCM with a fresh nonce, bound to what and whose it is. Nothing sealed for one place opens in another.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use proto::{Entropy, entropy};
use zeroize::Zeroizing;

/// A key that seals.
pub struct SealKey(LessSafeKey);

/// The text was not sealed by this key for this place, or it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not sealed here")]
pub struct Unsealable;

impl SealKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// The cryptographic library refuses it, which it does not for any 32 bytes.
    pub fn new(bytes: &Zeroizing<[u8; 32]>) -> Result<Self, Unsealable> {
        UnboundKey::new(&AES_256_GCM, &bytes[..]).map(|key| Self(LessSafeKey::new(key))).map_err(|_| Unsealable)
    }

    /// Seals `plain` for `place`: nonce, then ciphertext and tag.
    ///
    /// # Errors
    /// The cryptographic library fails.
    pub fn seal(&self, place: &[u8], plain: &[u8], entropy: &mut dyn Entropy) -> Result<Vec<u8>, Unsealable> {
        let nonce = entropy::bytes::<NONCE_LEN>(entropy);
        let mut body = plain.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut body)
            .map_err(|_| Unsealable)?;
        Ok([&nonce[..], &body].concat())
    }

    /// Opens what [`SealKey::seal`] made for the same place.
    ///
    /// # Errors
    /// Anything else.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unsealable)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut body)
            .map_err(|_| Unsealable)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use proto::entropy::Seeded;

    use super::*;

    #[test]
    fn sealed_text_opens_in_its_own_place_only_and_unchanged_only() {
        let mut entropy = Seeded::new(1);
        let key = SealKey::new(&Zeroizing::new([7; 32])).unwrap();
        let sealed = key.seal(b"here", b"secret", &mut entropy).unwrap();
        assert_eq!(**key.open(b"here", &sealed).unwrap(), *b"secret");
        assert_eq!(key.open(b"there", &sealed), Err(Unsealable));
        assert_eq!(SealKey::new(&Zeroizing::new([8; 32])).unwrap().open(b"here", &sealed), Err(Unsealable));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"here", &changed), Err(Unsealable));
            assert_eq!(key.open(b"here", &sealed[..at]), Err(Unsealable));
        }
        assert_ne!(key.seal(b"here", b"secret", &mut entropy).unwrap(), sealed, "a fresh nonce each time");
    }
}
