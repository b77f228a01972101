//! Refresh tokens (RFC 6749 §1.5): opaque, 256 random bits, their family and generation in the clear, and a keyed check
//! value.
//!
//! The check value tells a token that was superseded from one that never was: only the first ends its family
//! (RFC 9700 §4.14.2), and nobody can make one up to end a stranger's.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{MacKey, MacKeys, SecretHash, Tag};
use crate::model::FamilyId;
use crate::{Entropy, entropy};

const PREFIX: &str = "rt_";
const FAMILY: usize = 16;
const GENERATION: usize = 4;
const RANDOM: usize = 32;
const CHECK: usize = 16;
const BYTES: usize = 1 + FAMILY + GENERATION + RANDOM + CHECK;

/// A refresh token. Its text form is `rt_` and 92 base64url characters.
#[derive(Clone)]
pub struct RefreshToken {
    family_id: FamilyId,
    generation: u32,
    random: Zeroizing<[u8; RANDOM]>,
}

/// A text that this deployment never issued as a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this server")]
pub struct InvalidRefreshToken;

impl RefreshToken {
    /// A new token of 256 random bits.
    pub fn draw(family_id: FamilyId, generation: u32, entropy: &mut dyn Entropy) -> Self {
        Self { family_id, generation, random: Zeroizing::new(entropy::bytes(entropy)) }
    }

    /// The text form, with the check value under the active key.
    #[must_use]
    pub fn reveal(&self, keys: &MacKeys) -> Zeroizing<String> {
        let key = keys.active();
        let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES));
        bytes.push(key.hint());
        bytes.extend_from_slice(self.family_id.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.random[..]);
        bytes.extend(self.check(key).into_bytes().iter().take(CHECK));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + BYTES.div_ceil(3) * 4));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&bytes[..], &mut text);
        text
    }

    /// Reads a presented token.
    ///
    /// # Errors
    /// It is not one of ours; every cause looks alike.
    pub fn parse(text: &str, keys: &MacKeys) -> Result<Self, InvalidRefreshToken> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidRefreshToken)?;
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes[..]) {
            Ok(BYTES) => {}
            Ok(_) | Err(_) => return Err(InvalidRefreshToken),
        }
        let (hint, rest) = bytes.split_first().ok_or(InvalidRefreshToken)?;
        let (family, rest) = rest.split_first_chunk::<FAMILY>().ok_or(InvalidRefreshToken)?;
        let (generation, rest) = rest.split_first_chunk::<GENERATION>().ok_or(InvalidRefreshToken)?;
        let (random, presented) = rest.split_first_chunk::<RANDOM>().ok_or(InvalidRefreshToken)?;
        let token = Self {
            family_id: FamilyId::from_bytes(*family),
            generation: u32::from_be_bytes(*generation),
            random: Zeroizing::new(*random),
        };
        let genuine = keys.iter().filter(|key| key.hint() == *hint).any(|key| token.check(key).starts_with(presented));
        if genuine { Ok(token) } else { Err(InvalidRefreshToken) }
    }

    /// Its family.
    #[must_use]
    pub const fn family_id(&self) -> FamilyId {
        self.family_id
    }

    /// How often the family's token was replaced before this one.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The form that is stored.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.random[..])
    }

    fn check(&self, key: &MacKey) -> Tag {
        key.tag(&[b"refresh token", self.family_id.as_bytes(), &self.generation.to_be_bytes(), &self.random[..]])
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("family_id", &self.family_id)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Timestamp;
    use crate::entropy::Seeded;
    use crate::model::KeyId;

    fn keys(seed: u64) -> MacKeys {
        let mut entropy = Seeded::new(seed);
        let id = KeyId::draw(Timestamp::EPOCH, &mut entropy);
        MacKeys::new(MacKey::new(id, &Zeroizing::new(entropy::bytes(&mut entropy))), Vec::new())
    }

    fn token() -> RefreshToken {
        let mut entropy = Seeded::new(9);
        RefreshToken::draw(FamilyId::draw(Timestamp::EPOCH, &mut entropy), 7, &mut entropy)
    }

    #[test]
    fn oa_10_3_1_a_refresh_token_survives_its_text_form_and_is_not_printed() {
        let token = token();
        let text = token.reveal(&keys(1));
        assert_eq!(text.len(), 95);
        let read = RefreshToken::parse(&text, &keys(1)).unwrap();
        assert_eq!((read.family_id(), read.generation(), read.hash()), (token.family_id(), 7, token.hash()));
        assert!(RefreshToken::parse(&text, &keys(2)).is_err(), "another deployment's");
        assert!(!format!("{token:?}").contains(&text[40..60]));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_changed_character_passes(text in ".{0,200}", at in 0_usize..95, with in "[A-Za-z0-9_-]") {
            prop_assert!(RefreshToken::parse(&text, &keys(1)).is_err());
            let good = token().reveal(&keys(1));
            let mut bad = good.to_string();
            bad.replace_range(at..=at, &with);
            prop_assert_eq!(RefreshToken::parse(&bad, &keys(1)).is_ok(), bad == *good);
        }
    }
}
