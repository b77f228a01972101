//! Nonces that need no memory (RFC 9449 §8, §9): a time and a MAC over it. Whoever holds the keys can tell that one was
//! issued, and when, so every node takes the nonces of every other.

use std::time::Duration;

use proto::Timestamp;
use proto::secret::MacKeys;

use crate::base64url;

/// How far the clocks of two nodes may be apart.
const SKEW: Duration = Duration::from_secs(15);

/// Half of a SHA-256 MAC: 2^128 guesses, none of which can be tried offline.
const TAG: usize = 16;

const LABEL: &[u8] = b"DPoP nonce";

/// Issues nonces and knows them again. An authorization server and a resource have keys of their own (RFC 9449 §9).
#[derive(Clone, Debug)]
pub struct Nonces {
    keys: MacKeys,
    lifetime: Duration,
}

impl Nonces {
    /// With keys for this purpose alone; a nonce is fresh for `lifetime`, some minutes.
    #[must_use]
    pub const fn new(keys: MacKeys, lifetime: Duration) -> Self {
        Self { keys, lifetime }
    }

    /// How long a proof with one of these nonces must be remembered.
    #[must_use]
    pub const fn span(&self) -> Duration {
        self.lifetime.saturating_add(SKEW)
    }

    /// The nonce of this second, 32 characters.
    #[must_use]
    pub fn issue(&self, now: Timestamp) -> String {
        let time = now.as_seconds().to_be_bytes();
        let tag = self.keys.active().tag(&[LABEL, &time]).into_bytes();
        base64url::encode(time.into_iter().chain(tag.into_iter().take(TAG)).collect::<Vec<_>>())
    }

    /// Whether `nonce` was issued under these keys, not longer ago than its lifetime.
    #[must_use]
    pub fn is_fresh(&self, nonce: &str, now: Timestamp) -> bool {
        let Some(bytes) = base64url::decode(nonce) else { return false };
        let Some((time, tag)) = bytes.split_first_chunk::<8>() else { return false };
        let issued = Timestamp::from_seconds(i64::from_be_bytes(*time));
        let is_genuine = tag.len() == TAG && self.keys.iter().any(|key| key.tag(&[LABEL, time]).starts_with(tag));
        is_genuine && issued <= now + SKEW && now.since(issued) <= self.lifetime
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::Timestamp;
    use proto::model::KeyId;
    use proto::secret::{MacKey, MacKeys};
    use zeroize::Zeroizing;

    use super::Nonces;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const MINUTES: Duration = Duration::from_secs(300);

    fn key(number: u8) -> MacKey {
        MacKey::new(KeyId::from_bytes([number; 16]), &Zeroizing::new([number; 32]))
    }

    fn nonces(active: u8, retired: &[u8]) -> Nonces {
        Nonces::new(MacKeys::new(key(active), retired.iter().copied().map(key).collect()), MINUTES)
    }

    #[test]
    fn dp_8_2_a_nonce_is_fresh_for_its_lifetime_on_every_node() {
        let nonce = nonces(1, &[]).issue(NOW);
        let other_node = nonces(2, &[1]);
        assert_eq!(nonce.len(), 32);
        assert!(other_node.is_fresh(&nonce, NOW - Duration::from_secs(15)), "its clock is behind");
        assert!(other_node.is_fresh(&nonce, NOW + MINUTES));
        assert!(!other_node.is_fresh(&nonce, NOW - Duration::from_secs(16)));
        assert!(!other_node.is_fresh(&nonce, NOW + MINUTES + Duration::from_millis(1)));
        assert!(!nonces(2, &[3]).is_fresh(&nonce, NOW), "its key is gone");
        assert_ne!(nonce, nonces(1, &[]).issue(NOW + Duration::from_secs(1)));
    }

    #[test]
    fn dp_8_2_a_nonce_cannot_be_made_without_the_key() {
        let nonces = nonces(1, &[]);
        let nonce = nonces.issue(NOW);
        for at in 0..nonce.len() {
            for with in ['A', 'b', '0', '_', '=', 'é'] {
                let mutant: String = nonce.chars().enumerate().map(|(n, c)| if n == at { with } else { c }).collect();
                assert!(mutant == nonce || !nonces.is_fresh(&mutant, NOW), "{mutant}");
            }
        }
        for length in 0..nonce.len() {
            assert!(!nonces.is_fresh(&nonce[..length], NOW), "cut to {length}");
        }
        assert!(!nonces.is_fresh(&format!("{nonce}AA"), NOW));
    }
}
