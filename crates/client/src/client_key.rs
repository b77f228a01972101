//! The key of an application that authenticates with one (`private_key_jwt`, RFC 7523): read from PEM, named, and an
//! assertion made with it for every request. What an assertion says is `jose`'s.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jose::{Algorithm, SigningKey, SigningKeyError, client_assertion};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Environment;
use crate::error::Error;

/// Why a key file cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClientKeyError {
    /// Neither P-256, nor Ed25519, nor RSA with 2048 bits and more.
    #[error("the key is none that can be used: P-256, Ed25519, or RSA with 2048 bits and more")]
    Kind,
    /// There is no PKCS#8 block in it.
    #[error("there is no unencrypted PKCS#8 key in it (BEGIN PRIVATE KEY)")]
    NotPkcs8,
}

/// A private key that the application's public one is registered for.
#[derive(Clone)]
pub struct ClientKey(Arc<Inner>);

struct Inner {
    key: SigningKey,
    /// The name it was registered under, where that is not the thumbprint.
    kid: Option<String>,
}

impl ClientKey {
    /// Reads the first PKCS#8 key of a PEM file. `kid` is the name the server knows it by; without one it is the
    /// thumbprint (RFC 7638).
    ///
    /// # Errors
    /// [`ClientKeyError`].
    pub fn from_pem(pem: &[u8], kid: Option<String>) -> Result<Self, ClientKeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| ClientKeyError::NotPkcs8)?;
        let key = SigningKey::from_foreign_pkcs8(der.secret_pkcs8_der()).map_err(|_| ClientKeyError::Kind)?;
        Ok(Self(Arc::new(Inner { key, kid })))
    }

    /// A new key.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningKeyError> {
        SigningKey::generate(algorithm).map(|key| Self(Arc::new(Inner { key, kid: None })))
    }

    /// The private key itself, as [`Self::from_pem`] reads it.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SigningKeyError> {
        const LINE: usize = 64;
        let text = Zeroizing::new(STANDARD.encode(&*self.0.key.to_pkcs8()?));
        let mut pem = Zeroizing::new(String::with_capacity(text.len() + text.len() / LINE + 80));
        pem.push_str("-----BEGIN PRIVATE KEY-----\n");
        let mut rest = text.as_str();
        while let Some((line, more)) = rest.split_at_checked(LINE.min(rest.len())).filter(|(line, _)| !line.is_empty())
        {
            pem.push_str(line);
            pem.push('\n');
            rest = more;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    /// The public half as a JWK Set (RFC 7517 §5): what is registered with the server.
    #[must_use]
    pub fn public_set(&self) -> Value {
        let mut key = json!(self.0.key.public_jwk());
        if let Some(members) = key.as_object_mut() {
            members.insert("kid".to_owned(), self.kid().into());
        }
        json!({ "keys": [key] })
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.key.algorithm()
    }

    /// The name it goes by.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.kid.as_deref().unwrap_or_else(|| self.0.key.kid())
    }

    /// The assertion of one request. `issuer` is the one that was configured, never a URL the server published.
    pub(crate) fn assertion<E: Environment>(
        &self,
        client_id: &str,
        issuer: &str,
        environment: &E,
    ) -> Result<String, Error> {
        let (now, mut entropy) = (environment.now().wall, environment.entropy());
        let issued: Result<String, SigningKeyError> = match &self.0.kid {
            None => client_assertion::issue(&self.0.key, client_id, issuer, now, &mut *entropy),
            Some(kid) => client_assertion::issue_as((&self.0.key, kid), client_id, issuer, now, &mut *entropy),
        };
        issued.map_err(Error::Signing)
    }
}

/// The same key under the same name.
impl PartialEq for ClientKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.key.kid() == other.0.key.kid() && self.kid() == other.kid()
    }
}

impl Eq for ClientKey {}

/// Its name and kind; nothing of the key.
impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("algorithm", &self.algorithm()).field("kid", &self.kid()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(algorithm: Algorithm) -> String {
        format!("made by hand\n{}", *ClientKey::generate(algorithm).unwrap().to_pem().unwrap())
    }

    #[test]
    fn keys_are_read_whatever_their_kind() {
        for &algorithm in Algorithm::ALL {
            let key = ClientKey::from_pem(pem(algorithm).as_bytes(), None).unwrap();
            assert_eq!((key.algorithm(), key.kid().len()), (algorithm, 43));
            let printed = format!("{key:?}");
            assert!(printed.contains(key.kid()) && printed.len() < 120, "{printed}");
            let public = &key.public_set()["keys"][0];
            assert_eq!((&public["alg"], &public["kid"]), (&algorithm.name().into(), &key.kid().into()));
            assert!(["d", "p", "q"].iter().all(|name| public.get(name).is_none()), "{public}");
            assert!(key.to_pem().unwrap().lines().all(|line| line.len() <= 64));
        }
        let pem = pem(Algorithm::Es256);
        let named = ClientKey::from_pem(pem.as_bytes(), Some("k1".to_owned())).unwrap();
        assert_eq!((named.kid(), &named.public_set()["keys"][0]["kid"]), ("k1", &"k1".into()));
        assert_ne!(named, ClientKey::from_pem(pem.as_bytes(), None).unwrap());
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        let sec1 = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
        for text in ["", "hello", sec1, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(ClientKey::from_pem(text.as_bytes(), None), Err(ClientKeyError::NotPkcs8), "{text}");
        }
        let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(ClientKey::from_pem(other.as_bytes(), None), Err(ClientKeyError::Kind));
    }
}
