//! The key a device proves to hold with every request (DPoP, RFC 9449): made, kept, and used for proofs with the newest
//! nonce of the server they are for.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName};
use jose::dpop::{Prover, Request};
use jose::{Algorithm, SigningKeyError};
use proto::wire::metadata::AuthorizationServerMetadata;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;
use zeroize::Zeroizing;

use crate::nonces::{Kept, Nonces, Role, is_nonce};
use crate::{Environment, Error};

/// The header a proof travels in (RFC 9449 §4.1).
pub(crate) const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header a nonce travels in (RFC 9449 §8).
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A private key of this device alone. Clones share it, and what the servers said.
#[derive(Clone)]
pub struct ProofKey(Arc<Inner>);

struct Inner {
    nonces: Mutex<Nonces>,
    prover: Prover,
}

impl ProofKey {
    /// A new key.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningKeyError> {
        Prover::generate(algorithm).map(Self::new)
    }

    fn new(prover: Prover) -> Self {
        Self(Arc::new(Inner { nonces: Mutex::default(), prover }))
    }

    /// The algorithm of the key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.prover.algorithm()
    }

    /// Its thumbprint: what tokens are bound to (RFC 9449 §6.1).
    #[must_use]
    pub fn jkt(&self) -> &str {
        self.0.prover.jkt()
    }

    /// A proof for one request, with the newest nonce of that server. Never to be sent twice.
    pub(crate) fn proof<E: Environment>(
        &self,
        (role, method, url): (Role, &str, &Url),
        access_token: Option<&str>,
        environment: &E,
    ) -> Result<Zeroizing<String>, Error> {
        let nonce = self.nonce(role, url);
        let request = Request { method, url: url.as_str(), nonce: nonce.as_deref(), access_token };
        let (now, mut entropy) = (environment.now().wall, environment.entropy());
        self.0.prover.proof(&request, now, &mut *entropy).map(Zeroizing::new).map_err(Error::Signing)
    }

    /// Takes the nonce of a reply, whatever its status, and returns it (RFC 9449 §8.2).
    pub(crate) fn learn(&self, role: Role, url: &Url, headers: &HeaderMap) -> Option<String> {
        let mut values = headers.get_all(NONCE).iter();
        // Two of them are none: §8 allows one.
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let nonce = value.to_str().ok().filter(|nonce| is_nonce(nonce))?;
        self.remember(role, url, nonce);
        Some(nonce.to_owned())
    }

    pub(crate) fn remember(&self, role: Role, url: &Url, nonce: &str) {
        self.nonces().remember(role, url, nonce);
    }

    pub(crate) fn nonce(&self, role: Role, url: &Url) -> Option<String> {
        self.nonces().find(role, url)
    }

    /// For the vault: what to keep, if there is something new.
    pub(crate) fn unkept_nonces(&self) -> Option<Vec<Kept>> {
        self.nonces().unkept()
    }

    /// For the vault: what was kept.
    pub(crate) fn recall_nonces(&self, kept: Vec<Kept>) {
        self.nonces().recall(kept);
    }

    fn nonces(&self) -> MutexGuard<'_, Nonces> {
        self.0.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The algorithm for a server's proofs: the best it lists, ES256 first since every server knows it. Only the name that
/// stands in the proof counts.
pub(crate) fn offered(metadata: &AuthorizationServerMetadata) -> Option<Algorithm> {
    let listed =
        |algorithm: &Algorithm| metadata.dpop_signing_alg_values_supported.iter().any(|name| name == algorithm.name());
    [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256].into_iter().find(listed)
}

/// The same key.
impl PartialEq for ProofKey {
    fn eq(&self, other: &Self) -> bool {
        self.jkt() == other.jkt()
    }
}

impl Eq for ProofKey {}

/// Its name and kind; nothing of the key.
impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofKey").field("algorithm", &self.algorithm()).field("jkt", &self.jkt()).finish()
    }
}

/// As it is kept: PKCS#8 in base64url, beside its kind and its thumbprint, under which it must be found again.
#[derive(Serialize, Deserialize)]
struct Stored<A, K> {
    alg: A,
    jkt: String,
    pkcs8: K,
}

/// The private key itself: for the vault alone.
impl Serialize for ProofKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let key = self.0.prover.export().map_err(S::Error::custom)?;
        let pkcs8 = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*key));
        Stored { alg: self.algorithm(), jkt: self.jkt().to_owned(), pkcs8: pkcs8.as_str() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ProofKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { alg, jkt, pkcs8 } = Stored::<Algorithm, String>::deserialize(deserializer)?;
        let pkcs8 = Zeroizing::new(pkcs8);
        let key = URL_SAFE_NO_PAD.decode(pkcs8.as_bytes()).map(Zeroizing::new);
        let key = key.map_err(|_| D::Error::custom("not base64url"))?;
        Prover::import(alg, &jkt, &key).map(Self::new).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nonces::{MOST_NONCE, MOST_SERVERS};

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn headers(nonces: &[&str]) -> HeaderMap {
        nonces.iter().map(|nonce| (NONCE, nonce.parse().unwrap())).collect()
    }

    #[test]
    fn dp_9_1_dp_8_3_nonces_are_kept_apart_for_each_role_and_origin() {
        let key = ProofKey::generate(Algorithm::Es256).unwrap();
        let (id, api) = (url("https://id.example.com/token"), url("https://api.example.com/x"));
        assert_eq!(key.learn(Role::Authorization, &id, &headers(&["a"])).as_deref(), Some("a"));
        assert_eq!(key.learn(Role::Resource, &id, &headers(&["r"])).as_deref(), Some("r"));
        assert_eq!(key.learn(Role::Authorization, &id, &headers(&["b"])).as_deref(), Some("b"));
        let other_path = url("https://id.example.com/device_authorization");
        assert_eq!(key.nonce(Role::Authorization, &other_path).as_deref(), Some("b"), "the newest counts");
        assert_eq!(key.nonce(Role::Resource, &id).as_deref(), Some("r"));
        assert_eq!(key.nonce(Role::Resource, &api), None);
        assert_eq!(key.nonce(Role::Authorization, &url("https://id.example.com:8443/token")), None);
        let clone = key.clone();
        clone.remember(Role::Resource, &id, "s");
        assert_eq!(key.nonce(Role::Resource, &id).as_deref(), Some("s"), "clones share what was said");
    }

    #[test]
    fn t26_what_is_no_nonce_is_not_taken() {
        let key = ProofKey::generate(Algorithm::Es256).unwrap();
        let id = url("https://id.example.com/token");
        let long = "x".repeat(MOST_NONCE + 1);
        for bad in [&[][..], &["a", "b"], &[""], &["a b"], &["a\"b"], &["a\\b"], &[long.as_str()]] {
            assert_eq!(key.learn(Role::Authorization, &id, &headers(bad)), None, "{bad:?}");
        }
        assert_eq!(key.nonce(Role::Authorization, &id), None);
        for count in 0..1000 {
            key.remember(Role::Resource, &url(&format!("https://api-{count}.example.com")), "n");
        }
        assert!(key.nonces().len() <= MOST_SERVERS);
    }

    #[test]
    fn dpd_5_es256_is_taken_where_it_is_offered_and_nothing_that_is_not() {
        let with = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            offered(&AuthorizationServerMetadata { dpop_signing_alg_values_supported: names, ..Default::default() })
        };
        assert_eq!(with(&["RS256", "EdDSA", "ES256"]), Some(Algorithm::Es256));
        assert_eq!(with(&["RS256", "EdDSA"]), Some(Algorithm::EdDsa));
        assert_eq!(with(&["PS256", "Ed25519"]), None, "our proofs say EdDSA");
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn a_kept_key_comes_back_and_is_printed_nowhere() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = ProofKey::generate(algorithm).unwrap();
            let kept = serde_json::to_value(&key).unwrap();
            let secret = kept["pkcs8"].as_str().unwrap().to_owned();
            assert_eq!((&kept["alg"], &kept["jkt"]), (&algorithm.name().into(), &key.jkt().into()));
            assert_eq!(serde_json::from_value::<ProofKey>(kept.clone()).unwrap(), key);
            assert!(!format!("{key:?}").contains(&secret[..10]));
            for (name, value) in [("jkt", "another"), ("alg", "RS256"), ("alg", "none"), ("pkcs8", "?"), ("pkcs8", "")]
            {
                let mut wrong = kept.clone();
                wrong[name] = value.into();
                assert!(serde_json::from_value::<ProofKey>(wrong).is_err(), "{name} {value}");
            }
        }
    }
}
