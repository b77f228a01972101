//! Public keys as JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2) and their thumbprints (RFC 7638).
//!
//! A [`Jwk`] that exists is usable: parsed, of an accepted kind and size, on its curve, without private members, and
//! good for exactly one algorithm. Certificates and URLs beside the key (`x5c`, `x5u`) are not looked at.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::json::{self, JsonError, MAX_DEPTH};
use crate::{Algorithm, base64url, edwards};

/// What only the owner of a key may have (RFC 7518 §6.2.2, §6.3.2, §6.4.1), whatever the `kty`.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "dp", "dq", "k", "oth", "p", "q", "qi"];

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why something is not a public key, or a set of them, that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// `alg` names another algorithm than the one for this kind of key.
    #[error("the key is for another algorithm")]
    AlgorithmMismatch,
    /// Two keys of a set have the same `kid`.
    #[error("two keys have the same kid")]
    DuplicateKid,
    /// A member is not strict base64url, has a length it must not have, or is not a number in its shortest form.
    #[error("a key member is not encoded as it must be")]
    InvalidEncoding,
    /// The point is not on the curve or of small order, or modulus and exponent are no RSA key.
    #[error("not a valid public key")]
    InvalidKey,
    /// Not acceptable as JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A required member is absent or not a string.
    #[error("{0} is missing")]
    MissingMember(&'static str),
    /// `use` or `key_ops` exclude the verification of signatures.
    #[error("the key is not for signatures")]
    NotForSignatures,
    /// A private or symmetric key where a public one belongs: it must be considered lost.
    #[error("the key has private members")]
    PrivateMember,
    /// An RSA modulus of less than 2048 or more than 8192 bits.
    #[error("RSA modulus of unacceptable size")]
    RsaModulusSize,
    /// More keys in a set than are worth searching.
    #[error("too many keys")]
    TooManyKeys,
    /// A `kty` or `crv` that is not supported.
    #[error("unsupported kind of key")]
    UnsupportedKey,
}

/// The members that make up the key, in their only spelling.
#[derive(Clone)]
pub(crate) enum Material {
    Ec { x: String, y: String },
    Okp { x: String },
    Rsa { e: String, n: String },
}

/// A public key, ready to verify.
#[derive(Clone)]
pub struct Jwk {
    material: Material,
    kid: Option<String>,
    parsed: ParsedPublicKey,
}

impl Jwk {
    /// Parses one JWK.
    ///
    /// # Errors
    /// [`JwkError`].
    pub fn parse(json: &[u8]) -> Result<Self, JwkError> {
        Self::from_members(&json::parse_object(json, MAX_DEPTH)?)
    }

    /// A JWK that came inside something parsed already, with [`json::parse_strict`] if it is from outside.
    ///
    /// # Errors
    /// [`JwkError`].
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, JwkError> {
        if PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(JwkError::PrivateMember);
        }
        let text = |name| members.get(name).and_then(Value::as_str).ok_or(JwkError::MissingMember(name));
        let material = match text("kty")? {
            "EC" if text("crv")? == "P-256" => Material::Ec { x: text("x")?.to_owned(), y: text("y")?.to_owned() },
            "OKP" if text("crv")? == "Ed25519" => Material::Okp { x: text("x")?.to_owned() },
            "RSA" => Material::Rsa { e: text("e")?.to_owned(), n: text("n")?.to_owned() },
            _ => return Err(JwkError::UnsupportedKey),
        };
        if members.get("use").is_some_and(|usage| usage != "sig") {
            return Err(JwkError::NotForSignatures);
        }
        let verifies = |operations: &Value| operations.as_array().is_some_and(|all| all.contains(&json!("verify")));
        if members.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return Err(JwkError::NotForSignatures);
        }
        let algorithm = material.algorithm();
        if members.get("alg").is_some_and(|alg| alg.as_str().and_then(|name| name.parse().ok()) != Some(algorithm)) {
            return Err(JwkError::AlgorithmMismatch);
        }
        let kid = members.get("kid").map(|_| text("kid").map(str::to_owned)).transpose()?;
        Self::from_material(material, kid)
    }

    pub(crate) fn from_material(material: Material, kid: Option<String>) -> Result<Self, JwkError> {
        let parsed = material.parse()?;
        Ok(Self { material, kid, parsed })
    }

    /// The one algorithm this key is good for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.material.algorithm()
    }

    /// The name its owner gave it, if any. Untrusted text: compare it, never build a path, query or URL from it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The required members alone, in lexicographic order and without white space (RFC 7638 §3.2): what a thumbprint
    /// is made over, and what belongs into the `jwk` header of a DPoP proof (RFC 9449 §4.2).
    #[must_use]
    pub fn canonical_json(&self) -> String {
        match &self.material {
            Material::Ec { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Material::Okp { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
            Material::Rsa { e, n } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        }
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638): a name for the key that its owner cannot choose.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        base64url::encode(digest(&SHA256, self.canonical_json().as_bytes()))
    }

    /// Whether `signature` was made over `message` with the private half of this key, by [`Self::algorithm`].
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

impl Material {
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ec { .. } => Algorithm::Es256,
            Self::Okp { .. } => Algorithm::EdDsa,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    fn parse(&self) -> Result<ParsedPublicKey, JwkError> {
        match self {
            Self::Ec { x, y } => {
                let point = [&[4_u8][..], &exactly_32(x)?, &exactly_32(y)?].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| JwkError::InvalidKey)
            }
            Self::Okp { x } => {
                let point = exactly_32(x)?;
                if !edwards::is_usable_public_key(&point) {
                    return Err(JwkError::InvalidKey);
                }
                ParsedPublicKey::new(&ED25519, point).map_err(|_| JwkError::InvalidKey)
            }
            Self::Rsa { e, n } => {
                let (n, e) = (shortest_number(n)?, shortest_number(e)?);
                if !RSA_BITS.contains(&bit_length(&n)) {
                    return Err(JwkError::RsaModulusSize);
                }
                // Putting the components together checks nothing; reading the outcome back as DER does.
                RsaPublicKeyComponents { n, e }
                    .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                    .and_then(|key| ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.as_ref()))
                    .map_err(|_| JwkError::InvalidKey)
            }
        }
    }
}

/// A coordinate has the full length of the field, leading zeros included (RFC 7518 §6.2.1.2, RFC 8037 §2).
fn exactly_32(text: &str) -> Result<[u8; 32], JwkError> {
    base64url::decode(text).and_then(|bytes| bytes.try_into().ok()).ok_or(JwkError::InvalidEncoding)
}

/// Base64urlUInt: big-endian, as few bytes as possible (RFC 7518 §2).
fn shortest_number(text: &str) -> Result<Vec<u8>, JwkError> {
    base64url::decode(text)
        .filter(|bytes| bytes.first().is_some_and(|first| *first != 0))
        .ok_or(JwkError::InvalidEncoding)
}

fn bit_length(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |first| first.leading_zeros() as usize);
    number.len() * 8 - unused
}

/// The published form: the required members and `alg`, `kid`, `use`; without a `kid` of its own, the thumbprint is it.
impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (alg, kid) = (self.algorithm().name(), self.kid.clone().unwrap_or_else(|| self.thumbprint()));
        match &self.material {
            Material::Ec { x, y } => {
                json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": alg, "kid": kid, "use": "sig"})
            }
            Material::Okp { x } => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": alg, "kid": kid, "use": "sig"})
            }
            Material::Rsa { e, n } => json!({"kty": "RSA", "e": e, "n": n, "alg": alg, "kid": kid, "use": "sig"}),
        }
        .serialize(serializer)
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("algorithm", &self.algorithm()).field("kid", &self.kid).finish_non_exhaustive()
    }
}
