//! The signature algorithms, by their JOSE names (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
//! What is not in this enum cannot be signed or verified with: `none` and HMAC have no spelling here (RFC 8725 §3.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A JWS algorithm. Each kind of key has exactly one (RFC 8725 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037). Written `EdDSA`; `Ed25519`, its name in RFC 9864, is read as well.
    EdDsa,
    /// ECDSA on P-256 with SHA-256. The default for access tokens.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys of 2048 bits and more. What clients assume for ID tokens.
    Rs256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: &[Self] = &[Self::EdDsa, Self::Es256, Self::Rs256];

    /// The name in a JOSE header, in a JWK and in metadata.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// Every name it is known by, the newest first: what a metadata document lists, since peers look for either.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::EdDsa => &["Ed25519", "EdDSA"],
            Self::Es256 => &["ES256"],
            Self::Rs256 => &["RS256"],
        }
    }
}

/// The name is not one of an algorithm that is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unsupported signature algorithm")]
pub struct UnsupportedAlgorithm;

impl FromStr for Algorithm {
    type Err = UnsupportedAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnsupportedAlgorithm> {
        match name {
            "EdDSA" | "Ed25519" => Ok(Self::EdDsa),
            "ES256" => Ok(Self::Es256),
            "RS256" => Ok(Self::Rs256),
            _ => Err(UnsupportedAlgorithm),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Algorithm;

    #[test]
    fn jw_2_none_and_hmac_are_no_algorithms() {
        for name in ["none", "None", "HS256", "HS384", "HS512", "PS256", "RS1", "es256", ""] {
            assert!(name.parse::<Algorithm>().is_err(), "{name}");
        }
    }

    #[test]
    fn jw_15_ed25519_is_read_as_eddsa_and_every_name_reads_back() {
        assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
        for &algorithm in Algorithm::ALL {
            let json = serde_json::to_string(&algorithm).unwrap();
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), algorithm);
        }
    }

    #[test]
    fn jw_15_eddsa_is_advertised_under_both_names() {
        let advertised: Vec<_> = Algorithm::ALL.iter().flat_map(|algorithm| algorithm.names()).copied().collect();
        assert_eq!(advertised, ["Ed25519", "EdDSA", "ES256", "RS256"]);
        for &algorithm in Algorithm::ALL {
            assert!(algorithm.names().contains(&algorithm.name()));
            assert!(algorithm.names().iter().all(|name| name.parse() == Ok(algorithm)));
        }
    }
}
