//! The life of a key: next → active → retired → gone. Published before use, kept until nothing made with it lives.

use std::time::Duration;

use jose::{Algorithm, SigningKey};
use proto::change::{Change, Key, Row};
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey};
use proto::{Timestamp, entropy};
use zeroize::Zeroizing;

use super::key_ring::age;
use super::{KeyRingError, SealKey};
use crate::env::Env;

/// Every purpose has its own keys.
pub(super) const PURPOSES: [KeyPurpose; 8] = [
    KeyPurpose::Cookie,
    KeyPurpose::Csrf,
    KeyPurpose::DeviceCode,
    KeyPurpose::Password,
    KeyPurpose::RefreshToken,
    KeyPurpose::SignEs256,
    KeyPurpose::SignRs256,
    KeyPurpose::UserCode,
];

/// How long verifiers may keep the published keys (`max-age` of the JWKS).
pub(crate) const PUBLISHED_BEFORE_USE: Duration = Duration::from_secs(3_600);
/// How long a retired signing key stays published: longer than any token and any cache.
const SIGNATURES_CHECKED_FOR: Duration = Duration::from_secs(2 * 86_400);
/// How long a retired key still checks cookies, forms and codes: longer than any of them lives.
const MACS_CHECKED_FOR: Duration = Duration::from_secs(86_400);
/// Length of a `kid`: a SHA-256 thumbprint in base64url.
const KID: usize = 43;

/// Makes and seals a key.
pub(crate) fn fresh_key(
    sealer: &SealKey,
    purpose: KeyPurpose,
    state: KeyState,
    env: &Env,
) -> Result<SealedKey, KeyRingError> {
    let now = env.now();
    let mut entropy = env.entropy();
    let id = KeyId::draw(now, &mut entropy);
    let secret = match purpose {
        KeyPurpose::Cookie
        | KeyPurpose::Csrf
        | KeyPurpose::DeviceCode
        | KeyPurpose::Password
        | KeyPurpose::RefreshToken
        | KeyPurpose::UserCode => Zeroizing::new(entropy::bytes::<32>(&mut entropy).to_vec()),
        KeyPurpose::SignEs256 => join_signing(&SigningKey::generate(Algorithm::Es256)?)?,
        KeyPurpose::SignRs256 => join_signing(&SigningKey::generate(Algorithm::Rs256)?)?,
    };
    let sealed = sealer.seal(&place(id, purpose), &secret, &mut entropy).map_err(|_| KeyRingError::Unsealable(id))?;
    Ok(SealedKey { id, purpose, state, sealed, created_at: now, changed_at: now, version: 0 })
}

/// What a sealed key is bound to: its row.
pub(super) fn place(id: KeyId, purpose: KeyPurpose) -> Vec<u8> {
    format!("sealed_key/{id}/{purpose:?}").into_bytes()
}

fn join_signing(key: &SigningKey) -> Result<Zeroizing<Vec<u8>>, KeyRingError> {
    let mut joined = Zeroizing::new(key.kid().as_bytes().to_vec());
    joined.extend_from_slice(&key.to_pkcs8()?);
    Ok(joined)
}

/// `kid` and private key of a signing key.
pub(super) fn split_signing(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (kid, pkcs8) = bytes.split_at_checked(KID)?;
    Some((std::str::from_utf8(kid).ok()?, pkcs8))
}

/// What time asks for: a next key that was published long enough becomes active and its predecessor
/// retires; a retired key of which nothing lives goes. The next key of the purpose `at_once` does not wait.
pub(crate) fn activate_after(keys: &[SealedKey], now: Timestamp, at_once: Option<KeyPurpose>) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut put = |key: &SealedKey, state: KeyState| {
        changes.push(Change::Put(Row::SealedKey(Box::new(SealedKey { state, changed_at: now, ..key.clone() }))));
    };
    let due = |key: &&SealedKey| {
        key.state == KeyState::Next
            && (at_once == Some(key.purpose) || publication(key.purpose).is_none_or(|wait| age(key, now) >= wait))
    };
    let mut activated: Vec<KeyPurpose> = Vec::new();
    for key in keys.iter().filter(due) {
        if !activated.contains(&key.purpose) {
            activated.push(key.purpose);
            put(key, KeyState::Active);
        }
    }
    for key in keys.iter().filter(|key| key.state == KeyState::Active && activated.contains(&key.purpose)) {
        put(key, KeyState::Retired);
    }
    let gone = |key: &&SealedKey| {
        key.state == KeyState::Retired && checked_for(key.purpose).is_some_and(|kept| age(key, now) >= kept)
    };
    changes.extend(keys.iter().filter(gone).map(|key| Change::Delete(Key::SealedKey(key.id), key.version)));
    changes
}

/// How long a key is published before it is used; `None` for one that nobody outside sees.
const fn publication(purpose: KeyPurpose) -> Option<Duration> {
    match purpose {
        KeyPurpose::SignEs256 | KeyPurpose::SignRs256 => Some(PUBLISHED_BEFORE_USE),
        KeyPurpose::Cookie
        | KeyPurpose::Csrf
        | KeyPurpose::DeviceCode
        | KeyPurpose::Password
        | KeyPurpose::RefreshToken
        | KeyPurpose::UserCode => None,
    }
}

/// How long a retired key is kept; `None` for ever: passwords are hashed with it, or tokens that may live for years carry it.
const fn checked_for(purpose: KeyPurpose) -> Option<Duration> {
    match purpose {
        KeyPurpose::SignEs256 | KeyPurpose::SignRs256 => Some(SIGNATURES_CHECKED_FOR),
        KeyPurpose::Cookie | KeyPurpose::Csrf | KeyPurpose::DeviceCode | KeyPurpose::UserCode => Some(MACS_CHECKED_FOR),
        KeyPurpose::Password | KeyPurpose::RefreshToken => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8, purpose: KeyPurpose, state: KeyState, changed: u64) -> SealedKey {
        let at = Timestamp::EPOCH + Duration::from_secs(changed);
        let id = KeyId::from_bytes([n; 16]);
        SealedKey { id, purpose, state, sealed: Vec::new(), created_at: at, changed_at: at, version: 1 }
    }

    fn states(changes: &[Change]) -> Vec<(KeyId, Option<KeyState>)> {
        changes
            .iter()
            .map(|change| match change {
                Change::Put(Row::SealedKey(key)) => (key.id, Some(key.state)),
                Change::Delete(Key::SealedKey(id), _) => (*id, None),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn oi_15_a_signing_key_is_published_before_use_and_kept_after() {
        let hour = PUBLISHED_BEFORE_USE.as_secs();
        let keys = [
            key(1, KeyPurpose::SignEs256, KeyState::Active, 0),
            key(2, KeyPurpose::SignEs256, KeyState::Next, 100),
            key(3, KeyPurpose::SignRs256, KeyState::Active, 0),
        ];
        let at = |seconds| Timestamp::EPOCH + Duration::from_secs(seconds);
        assert!(activate_after(&keys, at(99 + hour), None).is_empty());
        let changes = activate_after(&keys, at(100 + hour), None);
        let [one, two] = [keys[0].id, keys[1].id];
        assert_eq!(states(&changes), [(two, Some(KeyState::Active)), (one, Some(KeyState::Retired))]);
        let retired = [key(1, KeyPurpose::SignEs256, KeyState::Retired, 0)];
        let kept = SIGNATURES_CHECKED_FOR.as_secs();
        assert!(activate_after(&retired, at(kept - 1), None).is_empty());
        assert_eq!(states(&activate_after(&retired, at(kept), None)), [(one, None)]);
    }
}
