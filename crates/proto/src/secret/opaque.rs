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
    /// An initial access token (RFC 7591 §1.2): who shows it may register clients; shown once.
    InitialAccessToken,
    "iat_"
);
opaque!(
    /// A registration access token (RFC 7592 §1.2): by it a client reads and changes its own registration.
    RegistrationAccessToken,
    "rat_"
);
opaque!(
    /// What the session cookie holds.
    SessionToken,
    "st_"
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::entropy::Seeded;

    #[test]
    fn oa_10_10_1_cf_15_secrets_that_nobody_types_have_256_random_bits() {
        let mut entropy = Seeded::new(5);
        let secrets: BTreeSet<String> =
            (0..1_000).map(|_| ClientSecret::draw(&mut entropy).reveal().to_owned()).collect();
        assert_eq!(secrets.len(), 1_000);
        for secret in &secrets {
            let random = URL_SAFE_NO_PAD.decode(secret.strip_prefix("cs_").unwrap()).unwrap();
            assert_eq!(random.len() * 8, 256);
        }
        assert_eq!(SessionToken::draw(&mut entropy).reveal().len(), "st_".len() + 43);
    }

    #[test]
    fn oa_10_3_1_secrets_are_stored_hashed_and_not_printed() {
        let secret = ClientSecret::draw(&mut Seeded::new(5));
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "ClientSecret(…) SecretHash(…)");
        assert_eq!(ClientSecret::presented(secret.reveal()).hash(), secret.hash());
        assert_ne!(ClientSecret::presented("cs_another").hash(), secret.hash());
    }
}
