//! What a grant is bound to beside its client: the key of a DPoP proof (RFC 9449), a PKCE challenge (RFC 7636).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// SHA-256 thumbprint of a public key (RFC 7638): what `cnf.jkt` says (RFC 9449 §6.1). Public.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyThumbprint([u8; 32]);

/// SHA-256 of a PKCE verifier (RFC 7636 §4.2, method `S256`; there is no other here).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Whether `verifier` is the one: 43 to 128 unreserved characters (RFC 7636 §4.1) with this hash.
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && self.0.ct_eq(&<[u8; 32]>::from(Sha256::digest(verifier))).into()
    }
}

macro_rules! base64url {
    ($($name:ident),*) => {$(
        impl $name {
            /// From its 32 bytes, as a store keeps them.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads the text form, base64url without padding; `None` when it is not 32 bytes in their one spelling.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
base64url!(KeyThumbprint, CodeChallenge);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_x_1_the_verifier_of_rfc_7636_appendix_b_meets_its_challenge_and_no_other_does() {
        let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        for wrong in ["", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]
        {
            assert!(!challenge.is_met_by(wrong), "{wrong}");
        }
        let short = CodeChallenge(Sha256::digest("short").into());
        assert!(!short.is_met_by("short"), "below 43 characters there is nothing to trust");
    }

    #[test]
    fn the_text_form_has_one_spelling() {
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(KeyThumbprint::parse(text).unwrap().to_string(), text);
        for wrong in
            ["", "E9Mel", &format!("{text}="), &text.replace('-', "+"), &format!("{text}AA"), &text.replace("cM", "cN")]
        {
            assert_eq!(KeyThumbprint::parse(wrong), None, "{wrong}");
        }
    }
}
