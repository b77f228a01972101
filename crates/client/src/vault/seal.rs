//! Sessions that are unreadable without something else: AES-256-GCM under a key from the keyring of the desktop, from a
//! file, or from a passphrase (Argon2id, RFC 9106 §4). Bound to the name of the profile, so that files cannot change places.
//! What is kept in the keyring is the key alone: a renewal then never depends on a second store being written with it.

use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto::wire::token::Credential;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::disk::{self, Unreadable};
use super::keyring::Keyring;
use super::{ProfileName, VaultError};

/// What a session is unreadable without.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// A key in a file.
    KeyFile,
    /// A key in the keyring of the desktop.
    Keyring,
    /// A passphrase.
    Passphrase,
}

impl Seal {
    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyFile => "key file",
            Self::Keyring => "key in the keyring",
            Self::Passphrase => "passphrase",
        }
    }
}

/// Where the keys are.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The file with the key.
    pub file: Option<PathBuf>,
    /// The keyring.
    pub keyring: Keyring,
    /// The passphrase, if somebody gave it.
    pub passphrase: Option<Credential>,
}

/// A sealed session, as the file has it.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    by: Seal,
    data: String,
    nonce: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
}

/// 256 bits.
type Key = Zeroizing<[u8; 32]>;

/// 64 MiB, three passes, one lane: the second choice of RFC 9106 §4.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// A key file has at least as many bytes, of whatever kind, and not many more.
const LEAST_FILE: usize = 32;
const MOST_FILE: u64 = 4096;

impl Sealed {
    pub(super) const fn by(&self) -> Seal {
        self.by
    }

    pub(super) fn new(by: Seal, keys: &Keys, place: Place<'_>, text: &[u8]) -> Result<Self, VaultError> {
        let salt = match by {
            Seal::Passphrase => Some(random::<16>()?),
            Seal::KeyFile | Seal::Keyring => None,
        };
        let key = keys.find(by, place, salt.as_ref().map(|salt| salt.as_slice()))?;
        let mut data = text.to_vec();
        let nonce = cipher(&key)?.seal_in_place_append_tag(Aad::from(place.aad()), &mut data);
        let nonce = nonce.map_err(|_| VaultError::Crypto)?;
        Ok(Self {
            by,
            data: URL_SAFE_NO_PAD.encode(&data),
            nonce: URL_SAFE_NO_PAD.encode(nonce.as_ref()),
            salt: salt.map(|salt| URL_SAFE_NO_PAD.encode(*salt)),
        })
    }

    /// What was sealed. `None` when it is damaged, or the key is another.
    pub(super) fn open(&self, keys: &Keys, place: Place<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let salt = self.salt.as_deref().map(decode);
        let (Some(nonce), Some(data)) =
            (decode(&self.nonce).and_then(|it| <[u8; 12]>::try_from(it).ok()), decode(&self.data))
        else {
            return Ok(None);
        };
        if matches!(salt, Some(None)) || (self.by == Seal::Passphrase) != salt.is_some() {
            return Ok(None);
        }
        let key = keys.find(self.by, place, salt.flatten().as_deref())?;
        let mut data = Zeroizing::new(data);
        let opened = cipher(&key)?.open_in_place(Nonce::from(&nonce), Aad::from(place.aad()), &mut data);
        let Ok(length) = opened.map(|text| text.len()) else { return Ok(None) };
        data.truncate(length);
        Ok(Some(data))
    }
}

/// Whose session, in which vault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) directory: &'a Path,
    pub(super) profile: &'a ProfileName,
}

impl Place<'_> {
    fn aad(self) -> Vec<u8> {
        format!("countersign session 3 {}", self.profile).into_bytes()
    }

    /// How the keyring knows the key.
    fn attributes(self) -> [(&'static str, String); 3] {
        [
            ("application", "countersign".to_owned()),
            ("profile", self.profile.to_string()),
            ("vault", self.directory.to_string_lossy().into_owned()),
        ]
    }
}

impl Keys {
    /// Sees to it that there is a key before anybody signs in: makes one where there is none.
    pub(super) fn prepare(&self, by: Seal, place: Place<'_>) -> Result<(), VaultError> {
        match by {
            Seal::KeyFile => {
                let path = self.file.as_ref().ok_or(VaultError::NoKey(by))?;
                if read_file(path)?.is_none() {
                    let text = URL_SAFE_NO_PAD.encode(*random::<32>()?) + "\n";
                    disk::replace(path, Zeroizing::new(text).as_bytes())
                        .map_err(|source| VaultError::Io { path: path.clone(), source })?;
                }
                Ok(())
            }
            Seal::Keyring => {
                if self.in_keyring(place)?.is_none() {
                    let label = format!("Countersign: {}", place.profile);
                    self.keyring.put(&place.attributes(), &label, &*random::<32>()?)?;
                }
                // One that forgets is no keyring.
                self.in_keyring(place)?.map(|_| ()).ok_or(VaultError::NoKey(by))
            }
            Seal::Passphrase => match &self.passphrase {
                Some(passphrase) if !passphrase.reveal().is_empty() => Ok(()),
                Some(_) | None => Err(VaultError::NoKey(by)),
            },
        }
    }

    /// Forgets the key of a session that is gone.
    pub(super) fn forget(&self, place: Place<'_>) -> Result<(), VaultError> {
        self.keyring.remove(&place.attributes()).map_err(VaultError::Keyring)
    }

    fn find(&self, by: Seal, place: Place<'_>, salt: Option<&[u8]>) -> Result<Key, VaultError> {
        match by {
            Seal::KeyFile => {
                let path = self.file.as_ref().ok_or(VaultError::NoKey(by))?;
                read_file(path)?.ok_or(VaultError::NoKey(by))
            }
            Seal::Keyring => self.in_keyring(place)?.ok_or(VaultError::NoKey(by)),
            Seal::Passphrase => {
                let passphrase = self.passphrase.as_ref().ok_or(VaultError::NoKey(by))?;
                derive(passphrase.reveal().as_bytes(), salt.unwrap_or_default())
            }
        }
    }

    fn in_keyring(&self, place: Place<'_>) -> Result<Option<Key>, VaultError> {
        let found = self.keyring.find(&place.attributes())?;
        Ok(found.and_then(|secret| <[u8; 32]>::try_from(secret.as_slice()).ok()).map(Zeroizing::new))
    }
}

/// The key in a file, which only its owner may read.
fn read_file(path: &Path) -> Result<Option<Key>, VaultError> {
    let text = disk::read(path, MOST_FILE).map_err(|why| match why {
        Unreadable::Exposed => VaultError::Exposed(path.to_owned()),
        Unreadable::Io(source) => VaultError::Io { path: path.to_owned(), source },
        Unreadable::NotText => VaultError::Damaged(path.to_owned()),
    })?;
    match text {
        None => Ok(None),
        Some(text) if text.trim().len() < LEAST_FILE => Err(VaultError::Damaged(path.to_owned())),
        Some(text) => Ok(Some(Zeroizing::new(Sha256::digest(text.trim().as_bytes()).into()))),
    }
}

fn derive(passphrase: &[u8], salt: &[u8]) -> Result<Key, VaultError> {
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(|_| VaultError::Crypto)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut *key)
        .map_err(|_| VaultError::Crypto)?;
    Ok(key)
}

fn cipher(key: &Key) -> Result<RandomizedNonceKey, VaultError> {
    RandomizedNonceKey::new(&AES_256_GCM, &**key).map_err(|_| VaultError::Crypto)
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, VaultError> {
    let mut bytes = Zeroizing::new([0; N]);
    aws_lc_rs::rand::fill(&mut *bytes).map_err(|_| VaultError::Crypto)?;
    Ok(bytes)
}
