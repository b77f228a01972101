//! Opaque secrets: 256 random bits in base64url behind a typed prefix, so that a leak is found by a scanner.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::SecretHash;
use crate::{Entropy, entropy};

macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// A new one of 256 random bits (RFC 6749 §10.10).
            pub fn draw(entropy: &mut dyn Entropy) -> Self {
                let random = Zeroizing::new(entropy::bytes::<32>(entropy));
                let mut text = Zeroizing::new(String::with_capacity(64));
                text.push_str($prefix);
                URL_SAFE_NO_PAD.encode_string(&random[..], &mut text);
                Self(text)
            }

            /// A text that somebody presents as one; whether it is, its hash will tell.
            #[must_use]
            pub fn presented(text: &str) -> Self {
                Self(Zeroizing::new(text.to_owned()))
            }

            /// The secret itself.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.0
            }

            /// The form that is stored.
            #[must_use]
            pub fn hash(&self) -> SecretHash {
                SecretHash::of(self.0.as_bytes())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

opaque!(
    /// A client secret (RFC 6749 §2.3.1): made here, or declared with at least 32 bytes; shown once.
    ClientSecret,
    "cs_"
);
opaque!(
    /// What the session cookie holds.
    SessionToken,
    "st_"
);
