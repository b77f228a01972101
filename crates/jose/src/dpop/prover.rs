//! The client's end: a key, and a new proof for every request (RFC 9449 §4.2, §7.3).

use proto::{Entropy, Timestamp, entropy};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{TYP, ath, htu};
use crate::{Algorithm, SigningKey, SigningKeyError, base64url};

/// The request that a proof is for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its URL; query and fragment are left out of the proof.
    pub url: &'a str,
    /// The newest nonce of that server, if it ever gave one (RFC 9449 §8.2).
    pub nonce: Option<&'a str>,
    /// The access token sent with it, at a resource.
    pub access_token: Option<&'a str>,
}

/// Makes proofs with one key.
#[derive(Debug)]
pub struct Prover {
    key: SigningKey,
    header: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl Prover {
    /// With a new key. ES256 is what every server knows.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningKeyError> {
        SigningKey::generate(algorithm).map(Self::from)
    }

    /// With a key that was kept, as [`Self::export`] wrote it; `jkt` is the name it was kept under.
    ///
    /// # Errors
    /// [`SigningKeyError::InvalidKey`], [`SigningKeyError::KidMismatch`].
    pub fn import(algorithm: Algorithm, jkt: &str, pkcs8: &[u8]) -> Result<Self, SigningKeyError> {
        SigningKey::from_pkcs8(algorithm, jkt, pkcs8).map(Self::from)
    }

    /// The unencrypted private key as PKCS#8, wiped when dropped.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn export(&self) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        self.key.to_pkcs8()
    }

    /// The algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The thumbprint of the key: what tokens are bound to (RFC 9449 §6.1).
    #[must_use]
    pub fn jkt(&self) -> &str {
        self.key.kid()
    }

    /// A proof for `request`, never to be sent a second time: its `jti` is drawn anew.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn proof(
        &self,
        request: &Request<'_>,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<String, SigningKeyError> {
        let claims = Claims {
            jti: &base64url::encode(entropy::bytes::<16>(entropy)),
            htm: request.method,
            htu: htu::target(request.url),
            iat: now.as_seconds(),
            ath: request.access_token.map(ath),
            nonce: request.nonce,
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| SigningKeyError::Crypto)?;
        let mut proof = self.header.clone();
        proof.push('.');
        base64url::encode_onto(claims, &mut proof);
        let signature = self.key.signature(proof.as_bytes())?;
        proof.push('.');
        base64url::encode_onto(signature, &mut proof);
        Ok(proof)
    }
}

impl From<SigningKey> for Prover {
    fn from(key: SigningKey) -> Self {
        let jwk = key.public_jwk().canonical_json();
        let header = base64url::encode(format!(r#"{{"typ":"{TYP}","alg":"{}","jwk":{jwk}}}"#, key.algorithm()));
        Self { key, header }
    }
}
