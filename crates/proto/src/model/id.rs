//! Identifiers of rows: 128 bits, shown as a typed prefix and 32 hexadecimal digits.
//!
//! They are names, not secrets: knowing one gives no right to anything.

use std::fmt;
use std::str::FromStr;

use crate::{Entropy, Timestamp};

/// A text that is not an identifier of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind: expected the prefix {prefix} and 32 hexadecimal digits")]
pub struct InvalidId {
    /// The prefix that was expected, such as `grt_`.
    pub prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// From its 16 bytes, as a store keeps them.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix).and_then(from_hex).map(Self).ok_or(InvalidId { prefix: $prefix })
            }
        }
    };
}

/// Identifiers that are drawn, ordered by the time of their making so that an index grows at its end (UUIDv7 layout).
macro_rules! drawn {
    ($($name:ident),*) => {$(
        impl $name {
            /// A new one: 48 bits of `now`, 80 random bits.
            pub fn draw(now: Timestamp, entropy: &mut dyn Entropy) -> Self {
                let mut bytes = [0; 16];
                entropy.fill(&mut bytes);
                let [_, _, time @ ..] = now.as_millis().to_be_bytes();
                for (to, from) in bytes.iter_mut().zip(time) {
                    *to = from;
                }
                Self(bytes)
            }
        }
    )*};
}

id!(
    /// One commit. Every row it wrote carries it, so that its author finds out whether a lost reply meant success.
    CommitId,
    "com_"
);
id!(
    /// One token family: everything issued from one redemption.
    FamilyId,
    "fam_"
);
id!(
    /// One device authorization grant: the first half of its device code's hash, so that a poll, a feed
    /// entry and a row name the same grant without a second index.
    GrantId,
    "grt_"
);
id!(
    /// One initial access token: the first half of its hash, so that it is found without a second index.
    InitialTokenId,
    "itk_"
);
id!(
    /// One key, public or secret.
    KeyId,
    "key_"
);
id!(
    /// One browser session of a person. Not the secret in the cookie.
    SessionId,
    "ses_"
);
id!(
    /// One person. The subject (`sub`) of their tokens; never reassigned.
    UserId,
    "usr_"
);
drawn!(CommitId, FamilyId, KeyId, SessionId, UserId);

fn from_hex(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.chars().map(lower_hex).collect::<Option<_>>()?;
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 16];
    for (to, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *to = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    }
    Some(bytes)
}

fn lower_hex(c: char) -> Option<u8> {
    if c.is_ascii_uppercase() { None } else { c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Seeded;

    #[test]
    fn an_id_survives_its_text_form_and_others_are_refused() {
        let id = UserId::draw(Timestamp::from_millis(1_700_000_000_000), &mut Seeded::new(1));
        assert_eq!(id.to_string().parse(), Ok(id));
        let hex = id.to_string().replace("usr_", "");
        for wrong in [hex.clone(), format!("grt_{hex}"), format!("usr_{}", hex.to_uppercase()), format!("usr_{hex}0")] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn drawn_ids_grow_with_time() {
        let mut entropy = Seeded::new(2);
        let early = SessionId::draw(Timestamp::from_millis(1), &mut entropy);
        let late = SessionId::draw(Timestamp::from_millis(2), &mut entropy);
        assert!(early < late);
    }
}
