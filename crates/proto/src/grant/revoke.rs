//! A client gives tokens back (RFC 7009): the whole family ends, whichever of its tokens is shown.

use super::Refusal;
use crate::Timestamp;
use crate::change::{Change, Decision, Row};
use crate::model::{ClientId, Family};

/// Ends a family at the wish of `client`; the reply says whether it was not over already (RFC 7009 §2.2).
///
/// # Errors
/// It is another client's, and stays as it is (RFC 7009 §2.1).
pub fn revoke(family: &Family, client: &ClientId, now: Timestamp) -> Result<Decision<bool>, Refusal> {
    if family.client_id != *client {
        return Err(Refusal::RefreshTokenInvalid);
    }
    if family.revoked_at.is_some() {
        return Ok(Decision::only(false));
    }
    Ok(Decision { reply: true, requires: Vec::new(), changes: vec![revoked(family, now)] })
}

/// The family, ended.
pub(super) fn revoked(family: &Family, now: Timestamp) -> Change {
    Change::Put(Row::Family(Box::new(Family { revoked_at: Some(now), ..family.clone() })))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::change::Require;
    use crate::grant::fixture::{T0, around, family};

    fn client_id(text: &str) -> ClientId {
        ClientId::parse(text).unwrap()
    }

    #[test]
    fn rv_2_1_rv_2_1_3_the_whole_family_ends_at_once_and_nothing_else_of_it_changes() {
        let decision = revoke(&family(), &client_id("tv"), T0).unwrap();
        let ended = Family { revoked_at: Some(T0), ..family() };
        assert_eq!(around(T0).map(|now| ended.is_live(now)), [false; 3]);
        let expected = (true, vec![Change::Put(Row::Family(Box::new(ended)))], Vec::<Require>::new());
        assert_eq!((decision.reply, decision.changes, decision.requires), expected);
    }

    #[test]
    fn rv_2_1_2_a_token_of_another_client_stays_good() {
        assert_eq!(revoke(&family(), &client_id("other"), T0).err(), Some(Refusal::RefreshTokenInvalid));
    }

    #[test]
    fn rv_2_2_1_what_was_revoked_before_is_left_as_it_was() {
        let ended = Family { revoked_at: Some(T0), ..family() };
        let decision = revoke(&ended, &client_id("tv"), T0 + Duration::from_secs(5)).unwrap();
        assert_eq!((decision.reply, decision.changes), (false, vec![]));
    }
}
