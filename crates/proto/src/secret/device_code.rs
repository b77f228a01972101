//! Device codes (RFC 8628 §3.2, §5.2): 256 random bits, an expiry and a keyed check value.
//!
//! The check value tells garbage and long-dead codes from real ones without a look-up. It is no
//! credential: only the hash of the random bits finds a grant.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{DeviceCodeHash, MacKey, MacKeys, Tag};
use crate::{Entropy, Timestamp, entropy};

const PREFIX: &str = "dc_";
const RANDOM: usize = 32;
const EXPIRY: usize = 6;
const CHECK: usize = 9;
const BYTES: usize = 1 + RANDOM + EXPIRY + CHECK;

/// A device code. Its text form is `dc_` and 64 base64url characters.
#[derive(Clone)]
pub struct DeviceCode {
    random: Zeroizing<[u8; RANDOM]>,
    expires_at: Timestamp,
}

/// A text that this deployment never issued as a device code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a device code of this server")]
pub struct InvalidDeviceCode;

impl DeviceCode {
    /// A new code of 256 random bits that says when it expires.
    pub fn draw(expires_at: Timestamp, entropy: &mut dyn Entropy) -> Self {
        Self { random: Zeroizing::new(entropy::bytes(entropy)), expires_at }
    }

    /// The text form, with the check value under the active key.
    #[must_use]
    pub fn reveal(&self, keys: &MacKeys) -> Zeroizing<String> {
        let key = keys.active();
        let [_, _, expiry @ ..] = self.expires_at.as_millis().to_be_bytes();
        let check = check(key, &self.random, expiry).into_bytes();
        let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES));
        bytes.push(key.hint());
        bytes.extend_from_slice(&self.random[..]);
        bytes.extend_from_slice(&expiry);
        bytes.extend(check.iter().take(CHECK));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + BYTES / 3 * 4));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&bytes[..], &mut text);
        text
    }

    /// Reads a presented code.
    ///
    /// # Errors
    /// It is not one of ours; every cause looks alike (DF-3.4-6).
    pub fn parse(text: &str, keys: &MacKeys) -> Result<Self, InvalidDeviceCode> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidDeviceCode)?;
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes[..]) {
            Ok(BYTES) => {}
            Ok(_) | Err(_) => return Err(InvalidDeviceCode),
        }
        let (hint, rest) = bytes.split_first().ok_or(InvalidDeviceCode)?;
        let (random, rest) = rest.split_first_chunk::<RANDOM>().ok_or(InvalidDeviceCode)?;
        let (expiry, presented) = rest.split_first_chunk::<EXPIRY>().ok_or(InvalidDeviceCode)?;
        let genuine =
            keys.iter().filter(|key| key.hint() == *hint).any(|key| check(key, random, *expiry).starts_with(presented));
        if !genuine {
            return Err(InvalidDeviceCode);
        }
        let [a, b, c, d, e, f] = *expiry;
        let expires_at = Timestamp::from_millis(i64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        Ok(Self { random: Zeroizing::new(*random), expires_at })
    }

    /// The form that is stored.
    #[must_use]
    pub fn hash(&self) -> DeviceCodeHash {
        DeviceCodeHash::of(&self.random)
    }

    /// When it expires.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

fn check(key: &MacKey, random: &[u8; RANDOM], expiry: [u8; EXPIRY]) -> Tag {
    key.tag(&[random, &expiry])
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entropy::Seeded;
    use crate::model::KeyId;

    fn keys(seed: u64) -> MacKeys {
        let mut entropy = Seeded::new(seed);
        let id = KeyId::draw(Timestamp::EPOCH, &mut entropy);
        MacKeys::new(MacKey::new(id, &Zeroizing::new(entropy::bytes(&mut entropy))), Vec::new())
    }

    #[test]
    fn df_5_2_1_df_5_2_2_device_code_has_256_random_bits_and_survives_its_text_form() {
        let mut entropy = Seeded::new(7);
        let expires_at = Timestamp::from_millis(1_800_000_000_123);
        let code = DeviceCode::draw(expires_at, &mut entropy);
        let text = code.reveal(&keys(1));
        assert_eq!(text.len(), 67);
        let read = DeviceCode::parse(&text, &keys(1)).unwrap();
        assert_eq!((read.hash(), read.expires_at()), (code.hash(), expires_at));
        assert_ne!(DeviceCode::draw(expires_at, &mut entropy).hash(), code.hash());
        assert_eq!(DeviceCode::parse(&text, &keys(2)).err(), Some(InvalidDeviceCode), "another deployment's");
    }

    #[test]
    fn df_3_3_6_device_code_is_redacted_in_debug() {
        let code = DeviceCode::draw(Timestamp::from_millis(5), &mut Seeded::new(7));
        assert_eq!(format!("{code:?}"), "DeviceCode { expires_at: 5ms, .. }");
    }

    proptest! {
        #[test]
        fn df_3_4_6_no_text_panics_and_no_changed_character_passes(text in ".{0,200}", at in 0_usize..67, with in "[A-Za-z0-9_-]") {
            prop_assert!(DeviceCode::parse(&text, &keys(1)).is_err());
            let good = DeviceCode::draw(Timestamp::from_millis(9), &mut Seeded::new(3)).reveal(&keys(1));
            let mut bad = good.to_string();
            bad.replace_range(at..=at, &with);
            prop_assert_eq!(DeviceCode::parse(&bad, &keys(1)).is_ok(), bad == *good);
        }
    }
}
