//! Private keys: making, storing and signing with them (RFC 7515 §5.1).
//!
//! A key is parsed once and lives in aws-lc. It leaves only as PKCS#8 in memory that is wiped; sealing that is the
//! caller's part. Making a key draws from the system's generator inside aws-lc, the one exception to the rule that
//! randomness is an argument; so does ECDSA, for its nonce.

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::jwk::Material;
use crate::{Algorithm, Jwk, JwkError, base64url};

/// The kinds of token made most: their headers are encoded once per key.
const FREQUENT_TYPES: [&str; 2] = ["at+jwt", "JWT"];

/// Why a private key cannot be made, read or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The cryptographic library failed, or has no randomness.
    #[error("the cryptographic library failed")]
    Crypto,
    /// Not a PKCS#8 private key for this algorithm, or one that is too weak.
    #[error("not an acceptable private key for this algorithm")]
    InvalidKey,
    /// The `typ` has characters that a media type cannot have.
    #[error("not a media type")]
    InvalidType,
    /// The key is not the one that `kid` names.
    #[error("the key is not the one its kid names")]
    KidMismatch,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A private key with its public half. Its `kid` is its thumbprint (RFC 7638), so the same key has the same name on
/// every node and no two keys share one.
pub struct SigningKey {
    pair: Pair,
    public: Jwk,
    kid: String,
    headers: [(&'static str, String); 2],
}

impl SigningKey {
    /// A new key; RSA with 2048 bits.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningKeyError> {
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Pair::Ed),
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Ec),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
        };
        Self::from_pair(pair.map_err(|_| SigningKeyError::Crypto)?)
    }

    /// Reads back what [`Self::to_pkcs8`] wrote. `kid` is the name it was stored under: that it is the name of this
    /// key shows that the right record was opened.
    ///
    /// # Errors
    /// [`SigningKeyError::InvalidKey`], [`SigningKeyError::KidMismatch`].
    pub fn from_pkcs8(algorithm: Algorithm, kid: &str, pkcs8: &[u8]) -> Result<Self, SigningKeyError> {
        let key = Self::from_pair(Pair::from_pkcs8(algorithm, pkcs8).ok_or(SigningKeyError::InvalidKey)?)?;
        if key.kid == kid { Ok(key) } else { Err(SigningKeyError::KidMismatch) }
    }

    /// Reads a key that was made elsewhere, of whichever kind it is.
    ///
    /// # Errors
    /// [`SigningKeyError::InvalidKey`].
    pub fn from_foreign_pkcs8(pkcs8: &[u8]) -> Result<Self, SigningKeyError> {
        let pair = Algorithm::ALL.iter().find_map(|&algorithm| Pair::from_pkcs8(algorithm, pkcs8));
        Self::from_pair(pair.ok_or(SigningKeyError::InvalidKey)?)
    }

    fn from_pair(pair: Pair) -> Result<Self, SigningKeyError> {
        let material = pair.public_material().ok_or(SigningKeyError::InvalidKey)?;
        let unnamed = Jwk::from_material(material.clone(), None).map_err(rejected)?;
        let kid = unnamed.thumbprint();
        let public = Jwk::from_material(material, Some(kid.clone())).map_err(rejected)?;
        let headers = FREQUENT_TYPES.map(|typ| (typ, encoded_header(public.algorithm(), typ, &kid)));
        Ok(Self { pair, public, kid, headers })
    }

    /// The unencrypted private key, wiped when dropped.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        let copied = match &self.pair {
            Pair::Ec(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Ed(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Rsa(pair) => pair.as_der().map(|document| document.as_ref().to_vec()),
        };
        copied.map(Zeroizing::new).map_err(|_| SigningKeyError::Crypto)
    }

    /// The algorithm it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The thumbprint of the public half.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, with its `kid`.
    #[must_use]
    pub const fn public_jwk(&self) -> &Jwk {
        &self.public
    }

    /// A compact JWS over `claims_json`, its header being `alg`, `kid` and `typ`. `typ` is a media type without
    /// `application/`: `at+jwt`, `JWT`. Each kind of token has its own (RFC 8725 §3.11).
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`], [`SigningKeyError::InvalidType`].
    pub fn sign(&self, typ: &str, claims_json: &[u8]) -> Result<String, SigningKeyError> {
        let header = match self.headers.iter().find(|(prepared, _)| *prepared == typ) {
            Some((_, header)) => header.clone(),
            None if is_media_type(typ) => encoded_header(self.algorithm(), typ, &self.kid),
            None => return Err(SigningKeyError::InvalidType),
        };
        self.finish(header, claims_json)
    }

    /// The same under the name by which somebody else knows the key, who chose it when the key was registered there.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`], [`SigningKeyError::InvalidType`].
    pub fn sign_as(&self, kid: &str, typ: &str, claims_json: &[u8]) -> Result<String, SigningKeyError> {
        if !is_media_type(typ) {
            return Err(SigningKeyError::InvalidType);
        }
        let header = serde_json::json!({"alg": self.algorithm().name(), "typ": typ, "kid": kid});
        self.finish(base64url::encode(header.to_string()), claims_json)
    }

    fn finish(&self, mut token: String, claims_json: &[u8]) -> Result<String, SigningKeyError> {
        token.push('.');
        base64url::encode_onto(claims_json, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        base64url::encode_onto(signature, &mut token);
        Ok(token)
    }

    /// The bare signature over `message`, for a JWS whose header [`Self::sign`] does not make.
    ///
    /// # Errors
    /// [`SigningKeyError::Crypto`].
    pub fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        let signed = match &self.pair {
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).map(|signature| signature.as_ref().to_vec()),
            Pair::Ed(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map(|()| signature)
            }
        };
        signed.map_err(|_| SigningKeyError::Crypto)
    }
}

impl Pair {
    fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::Ed),
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Self::Ec),
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(Self::Rsa),
        }
        .ok()
    }

    fn public_material(&self) -> Option<Material> {
        match self {
            Self::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
                Some(Material::Ec { x: base64url::encode(x), y: base64url::encode(y) })
            }
            Self::Ed(pair) => Some(Material::Okp { x: base64url::encode(pair.public_key()) }),
            Self::Rsa(pair) => {
                let public = pair.public_key();
                let (e, n) = (public.exponent(), public.modulus());
                Some(Material::Rsa {
                    e: base64url::encode(e.big_endian_without_leading_zero()),
                    n: base64url::encode(n.big_endian_without_leading_zero()),
                })
            }
        }
    }
}

fn is_media_type(typ: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-/".contains(&byte);
    !typ.is_empty() && typ.bytes().all(is_part)
}

fn encoded_header(algorithm: Algorithm, typ: &str, kid: &str) -> String {
    base64url::encode(format!(r#"{{"alg":"{algorithm}","typ":"{typ}","kid":"{kid}"}}"#))
}

fn rejected(_: JwkError) -> SigningKeyError {
    SigningKeyError::InvalidKey
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
