//! An initial access token (RFC 7591 §1.2): the operator's word that its holder may register clients.

use super::{Ceiling, InitialTokenId, Version};
use crate::Timestamp;
use crate::secret::SecretHash;

/// An initial access token, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialToken {
    /// Its identifier: see [`InitialToken::id_of`].
    pub id: InitialTokenId,
    /// SHA-256 of the token.
    pub token: SecretHash,
    /// What it is for, in the operator's words.
    pub note: String,
    /// What clients that are registered with it may be.
    pub ceiling: Ceiling,
    /// How many more may be; `None` for as many as will.
    pub uses_left: Option<u32>,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When the operator ended it.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How often it was written.
    pub version: Version,
}

impl InitialToken {
    /// The identifier of the token with this hash: the first half of it.
    #[must_use]
    pub fn id_of(token: &SecretHash) -> InitialTokenId {
        let mut id = [0; 16];
        id.iter_mut().zip(token.as_bytes()).for_each(|(to, from)| *to = *from);
        InitialTokenId::from_bytes(id)
    }

    /// Whether a client may be registered with it now.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.uses_left != Some(0) && self.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::entropy::Seeded;
    use crate::secret::InitialAccessToken;

    #[test]
    fn dr_3_2_an_initial_access_token_ends_by_time_by_use_and_by_the_operator() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let hash = InitialAccessToken::draw(&mut Seeded::new(1)).hash();
        let fresh = InitialToken {
            id: InitialToken::id_of(&hash),
            token: hash,
            note: "factory".to_owned(),
            ceiling: Ceiling::default(),
            uses_left: None,
            expires_at: None,
            revoked_at: None,
            created_at: now,
            version: 1,
        };
        assert_eq!(fresh.id.as_bytes().as_slice(), hash.as_bytes().split_at(16).0);
        let moment = Duration::from_millis(1);
        assert!(fresh.is_usable(now));
        assert!(InitialToken { expires_at: Some(now + moment), uses_left: Some(1), ..fresh.clone() }.is_usable(now));
        for ended in [
            InitialToken { expires_at: Some(now), ..fresh.clone() },
            InitialToken { uses_left: Some(0), ..fresh.clone() },
            InitialToken { revoked_at: Some(now), ..fresh },
        ] {
            assert!(!ended.is_usable(now));
        }
    }
}
