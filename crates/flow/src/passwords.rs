//! Passwords: Argon2id with a pepper, on a bounded pool, since each hash takes 19 MiB and 20 ms of a core.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, KeyId as Argon2KeyId, ParamsBuilder, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use proto::model::{KeyId, UserName};
use proto::secret::{MacKey, MacKeys};
use proto::{Entropy, entropy};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Memory of one hash, in KiB (OWASP, 2023).
const MEMORY: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Bytes of a password.
const MAX_BYTES: usize = 1024;
/// Characters of a password that stands alone (NIST SP 800-63B-4).
pub const MIN_CHARACTERS: usize = 15;

/// A password as it was typed. Wiped when it is dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a password cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It repeats a few characters, or is one that everybody knows.
    #[error("a password must not be easy to guess")]
    Common,
    /// It is the person's own name, or has it in it.
    #[error("a password must not contain the name of the account")]
    Name,
    /// Longer than 1,024 bytes.
    #[error("a password has at most {MAX_BYTES} bytes")]
    TooLong,
    /// Shorter than fifteen characters.
    #[error("a password has at least {MIN_CHARACTERS} characters")]
    TooShort,
}

/// The pool is full, or a hash cannot be computed or read.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash in the store, or its key, is not usable.
    #[error("a password cannot be hashed: {0}")]
    Unusable(String),
}

/// The pool.
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

impl Password {
    /// A password as it was typed, in Unicode's composed form, so that it is the same on every keyboard.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(Zeroizing::new(text.nfc().collect()))
    }

    /// Whether it may be chosen for `name` (NIST SP 800-63B-4: length and a blocklist, no rules of composition).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_strength(&self, name: &UserName) -> Result<(), WeakPassword> {
        let text = self.0.to_lowercase();
        let distinct = text.chars().collect::<std::collections::BTreeSet<_>>().len();
        if self.0.len() > MAX_BYTES {
            Err(WeakPassword::TooLong)
        } else if text.chars().count() < MIN_CHARACTERS {
            Err(WeakPassword::TooShort)
        } else if name.as_str().chars().count() >= 4 && text.contains(name.as_str()) {
            Err(WeakPassword::Name)
        } else if distinct < 5 || without(&text, &COMMON).chars().count() < 5 {
            Err(WeakPassword::Common)
        } else {
            Ok(())
        }
    }
}

/// What is left of `text` without these parts.
fn without(text: &str, parts: &[&str]) -> String {
    parts.iter().fold(text.to_owned(), |left, part| left.replace(part, ""))
}

/// Parts of which too many long passwords are made.
const COMMON: [&str; 8] =
    ["password", "passwort", "countersign", "qwertyuiop", "1234567890", "0123456789", "abcdefghij", "letmein"];

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Passwords {
    pub(crate) fn new(at_once: usize, queue: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(at_once.max(1))), waiting: AtomicUsize::new(0), queue }
    }

    /// Hashes a password for the store, as a PHC string that names its pepper.
    pub(crate) async fn hash(
        &self,
        password: &Password,
        keys: &MacKeys,
        entropy: &mut (dyn Entropy + Send),
    ) -> Result<Box<str>, HashError> {
        let salt = entropy::bytes::<16>(entropy);
        let pepper = Pepper::of(keys.active());
        let password = password.clone();
        self.run(move || {
            let hasher = pepper.hasher()?;
            let hash = hasher.hash_password_with_salt(password.0.as_bytes(), &salt).map_err(unusable)?;
            Ok(hash.to_string().into_boxed_str())
        })
        .await
    }

    /// Whether `password` is the one that was hashed. Without a hash the same time passes and it is not.
    pub(crate) async fn verify(
        &self,
        password: &Password,
        stored: Option<&str>,
        keys: &MacKeys,
    ) -> Result<bool, HashError> {
        let stored = stored.map(str::to_owned);
        let peppers: Vec<Pepper> = keys.iter().map(Pepper::of).collect();
        let active = Pepper::of(keys.active());
        let password = password.clone();
        self.run(move || {
            let Some(stored) = stored else {
                let mut unused = [0; 32];
                active.hasher()?.hash_password_into(password.0.as_bytes(), &[0; 16], &mut unused).map_err(unusable)?;
                return Ok(false);
            };
            let hash = PasswordHash::new(&stored).map_err(unusable)?;
            let named = hash.params.get("keyid").map(|value| value.to_string());
            let pepper = peppers.iter().find(|pepper| named.as_deref() == Some(pepper.name.as_str()));
            let hasher = pepper.ok_or_else(|| HashError::Unusable("its key is gone".into()))?.hasher()?;
            Ok(hasher.verify_password(password.0.as_bytes(), &hash).is_ok())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let waiting = Waiting::enter(&self.waiting, self.queue).ok_or(HashError::Busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| HashError::Busy)?;
        drop(waiting);
        let task = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        task.await.map_err(|error| HashError::Unusable(error.to_string()))?
    }
}

/// A place in the queue, given back also when the caller hangs up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now <= most).then_some(now + 1))
            .is_ok()
            .then_some(Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A secret outside the database that goes into every hash: a stolen table alone cannot be guessed against.
struct Pepper {
    key: Zeroizing<[u8; 32]>,
    id: [u8; 8],
    name: String,
}

impl Pepper {
    fn of(key: &MacKey) -> Self {
        let id = short(key.id());
        let name = STANDARD_NO_PAD.encode(id);
        Self { key: Zeroizing::new(key.tag(&[b"pepper"]).into_bytes()), id, name }
    }

    fn hasher(&self) -> Result<Argon2<'_>, HashError> {
        let params = ParamsBuilder::new()
            .m_cost(MEMORY)
            .t_cost(PASSES)
            .p_cost(1)
            .output_len(32)
            .keyid(Argon2KeyId::new(&self.id).map_err(unusable)?)
            .build()
            .map_err(unusable)?;
        Argon2::new_with_secret(&self.key[..], Algorithm::Argon2id, Version::V0x13, params).map_err(unusable)
    }
}

/// The random half of a key's identifier: PHC strings have room for eight bytes.
fn short(id: KeyId) -> [u8; 8] {
    let mut short = [0; 8];
    short.iter_mut().zip(id.as_bytes().iter().skip(8)).for_each(|(to, from)| *to = *from);
    short
}

fn unusable(error: impl std::fmt::Display) -> HashError {
    HashError::Unusable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_judged_by_length_and_by_what_everybody_knows() {
        let name = UserName::parse("maria").unwrap();
        let judged = |text: &str| Password::typed(text).check_strength(&name);
        assert_eq!(judged("correct horse battery staple"), Ok(()));
        assert_eq!(judged("fourteen chars"), Err(WeakPassword::TooShort));
        assert_eq!(judged(&"ab cd ef gh ".repeat(100)), Err(WeakPassword::TooLong));
        assert_eq!(judged("my name is Maria, hello"), Err(WeakPassword::Name));
        for common in ["passwordpassword1234567890", "aaaaaaaaaaaaaaaaaaaa", "Qwertyuiop1234567890!"] {
            assert_eq!(judged(common), Err(WeakPassword::Common), "{common}");
        }
    }
}
