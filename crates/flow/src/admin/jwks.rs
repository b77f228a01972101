//! The public keys that a client is registered with (RFC 7591 §2, `jwks`).
//!
//! Stricter than what is read from an address: there a key of an unknown kind is left out (RFC 7517 §5), here somebody is
//! waiting for an answer, and a key that could never be used is their mistake.

use std::collections::HashSet;

use jose::{Algorithm, Jwk, JwkError, JwkSet, json};
use proto::model::{ClientKeys, SigningAlg};

/// Bytes of the longest set.
const LONGEST: usize = 64 * 1024;
/// A set, its keys, and what stands in them.
const DEPTH: usize = 8;

/// Why a set of keys cannot be registered. Nothing of the set stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// A key of the set stands there twice.
    #[error("key {0} of the set is the same as one before it")]
    Duplicate(usize),
    /// There is no key in it.
    #[error("the set has no key")]
    Empty,
    /// A key of the set, counted from 1.
    #[error("key {0} of the set: {1}")]
    Key(usize, JwkError),
    /// It is no JWK set.
    #[error("{0}; a set of keys is JSON like {{\"keys\":[{{\"kty\":\"EC\",…}}]}}")]
    NotASet(JwkError),
    /// A private key was shown to somebody.
    #[error(
        "key {0} of the set is a private key, or a secret one; it has been shown, so make another and register its \
         public half alone"
    )]
    Private(usize),
    /// The keys do not go together.
    #[error("{0}")]
    Set(JwkError),
    /// It is too large.
    #[error("the set has {0} bytes; at most 65536 are allowed")]
    TooLarge(usize),
}

/// One of the keys that a client is registered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredKey {
    /// The name that assertions know it by.
    pub kid: String,
    /// The one algorithm it is good for.
    pub alg: SigningAlg,
    /// Its SHA-256 thumbprint (RFC 7638).
    pub thumbprint: String,
}

/// Reads a JWK set that is to be registered: public keys alone, each of a kind that can be used, none twice. What comes back
/// is its canonical form, in which a key without a `kid` has its thumbprint for one.
///
/// # Errors
/// [`JwksError`].
pub fn read_jwks(text: &[u8]) -> Result<ClientKeys, JwksError> {
    if text.len() > LONGEST {
        return Err(JwksError::TooLarge(text.len()));
    }
    let members = json::parse_object(text, DEPTH).map_err(|error| JwksError::NotASet(error.into()))?;
    let missing = JwksError::NotASet(JwkError::MissingMember("keys"));
    let entries = members.get("keys").and_then(|keys| keys.as_array()).ok_or(missing)?;
    if entries.len() > JwkSet::MAX_KEYS {
        return Err(JwksError::Set(JwkError::TooManyKeys));
    }
    let mut keys = Vec::new();
    let mut seen = HashSet::new();
    for (number, entry) in (1..).zip(entries) {
        let members = entry.as_object().ok_or(JwksError::Key(number, JwkError::MissingMember("kty")))?;
        let key = Jwk::from_members(members).map_err(|cause| match cause {
            JwkError::PrivateMember => JwksError::Private(number),
            cause => JwksError::Key(number, cause),
        })?;
        if !seen.insert(key.thumbprint()) {
            return Err(JwksError::Duplicate(number));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(JwksError::Empty);
    }
    let set = JwkSet::new(keys).map_err(JwksError::Set)?;
    let canonical = serde_json::to_string(&set).unwrap_or_default();
    // A thumbprint that became a name may be the name that another key was given.
    JwkSet::parse(canonical.as_bytes()).map_err(JwksError::Set)?;
    Ok(ClientKeys::Set(canonical.into()))
}

/// The keys that are registered with a client, and none where they are fetched from its address.
#[must_use]
pub fn registered_keys(keys: &ClientKeys) -> Vec<RegisteredKey> {
    let set = match keys {
        ClientKeys::At(_) => JwkSet::default(),
        ClientKeys::Set(text) => JwkSet::parse(text.as_bytes()).unwrap_or_default(),
    };
    let facts = |key: &Jwk| RegisteredKey {
        kid: key.kid().map_or_else(|| key.thumbprint(), str::to_owned),
        alg: match key.algorithm() {
            Algorithm::EdDsa => SigningAlg::EdDsa,
            Algorithm::Es256 => SigningAlg::Es256,
            Algorithm::Rs256 => SigningAlg::Rs256,
        },
        thumbprint: key.thumbprint(),
    };
    set.keys().iter().map(facts).collect()
}

#[cfg(test)]
mod tests {
    use jose::SigningKey;
    use serde_json::{Value, json};

    use super::*;

    fn key(algorithm: Algorithm) -> Value {
        json!(SigningKey::generate(algorithm).unwrap().public_jwk())
    }

    fn read(keys: &[Value]) -> Result<ClientKeys, JwksError> {
        read_jwks(json!({ "keys": keys }).to_string().as_bytes())
    }

    fn without(mut key: Value, members: &[&str]) -> Value {
        members.iter().for_each(|member| drop(key.as_object_mut().unwrap().remove(*member)));
        key
    }

    #[test]
    fn a_set_is_kept_in_one_form_and_every_key_has_a_name() {
        let [ec, okp] = [Algorithm::Es256, Algorithm::EdDsa].map(key);
        let full = read(&[ec.clone(), okp.clone()]).unwrap();
        let mut bare = without(ec, &["alg", "kid", "use"]);
        bare["x5t"] = json!("left out");
        assert_eq!(read(&[bare, without(okp, &["kid"])]).unwrap(), full);
        let keys = registered_keys(&full);
        assert_eq!(keys.iter().map(|key| key.alg).collect::<Vec<_>>(), [SigningAlg::Es256, SigningAlg::EdDsa]);
        assert!(keys.iter().all(|key| key.kid == key.thumbprint));
        assert_eq!(registered_keys(&ClientKeys::At("https://tv.example.com/jwks".into())), []);
    }

    #[test]
    fn jw_16_a_private_key_is_refused_and_not_repeated() {
        for private in ["d", "k", "p"] {
            let mut leaked = key(Algorithm::Es256);
            leaked[private] = json!("geheim");
            let refused = read(&[key(Algorithm::EdDsa), leaked]).unwrap_err();
            assert_eq!(refused, JwksError::Private(2));
            assert!(!refused.to_string().contains("geheim"));
        }
        assert_eq!(read(&[json!({"kty": "oct", "k": "geheim"})]).unwrap_err(), JwksError::Private(1));
    }

    #[test]
    fn jw_12_what_could_never_be_used_is_refused() {
        let good = key(Algorithm::Es256);
        let with = |member: &str, value: Value| {
            let mut key = good.clone();
            key[member] = value;
            key
        };
        let small = json!({"kty": "RSA", "e": "AQAB", "n": "AQAB"});
        for (keys, refused) in [
            (vec![], JwksError::Empty),
            (vec![good.clone(), json!({"kty": "AKP", "pub": "AA"})], JwksError::Key(2, JwkError::UnsupportedKey)),
            (vec![with("crv", json!("P-384"))], JwksError::Key(1, JwkError::UnsupportedKey)),
            (vec![with("use", json!("enc"))], JwksError::Key(1, JwkError::NotForSignatures)),
            (vec![with("alg", json!("RS256"))], JwksError::Key(1, JwkError::AlgorithmMismatch)),
            (vec![with("x", json!("AAAA"))], JwksError::Key(1, JwkError::InvalidEncoding)),
            (vec![small], JwksError::Key(1, JwkError::RsaModulusSize)),
            (vec![json!(7)], JwksError::Key(1, JwkError::MissingMember("kty"))),
            (vec![good.clone(), with("kid", json!("other"))], JwksError::Duplicate(2)),
            (
                vec![with("kid", json!("a")), {
                    let mut key = key(Algorithm::EdDsa);
                    key["kid"] = json!("a");
                    key
                }],
                JwksError::Set(JwkError::DuplicateKid),
            ),
            (vec![json!({}); 65], JwksError::Set(JwkError::TooManyKeys)),
        ] {
            assert_eq!(read(&keys).unwrap_err(), refused);
        }
        let mut named_like = key(Algorithm::EdDsa);
        named_like["kid"] = good["kid"].clone();
        let unnamed = without(good, &["kid"]);
        assert_eq!(read(&[named_like, unnamed]).unwrap_err(), JwksError::Set(JwkError::DuplicateKid));
        for text in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}"] {
            assert!(matches!(read_jwks(text.as_bytes()), Err(JwksError::NotASet(_))), "{text}");
        }
        let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(LONGEST));
        assert!(matches!(read_jwks(large.as_bytes()), Err(JwksError::TooLarge(_))));
    }
}
