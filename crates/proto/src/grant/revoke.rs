//! A client gives tokens back (RFC 7009): the whole family ends, whichever of its tokens is shown.

use super::Refusal;
use crate::Timestamp;
use crate::change::{Change, Decision, Row};
use crate::model::{ClientId, Family, UserId};

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

/// Ends a family at the wish of its person; the reply says whether there was anything of theirs to end.
#[must_use]
pub fn remove(family: &Family, person: UserId, now: Timestamp) -> Decision<bool> {
    if family.user_id != person || family.revoked_at.is_some() {
        return Decision::only(false);
    }
    Decision { reply: true, requires: Vec::new(), changes: vec![revoked(family, now)] }
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

    #[test]
    fn sb_4_14_5_its_person_ends_a_family_once_and_nobody_else_does() {
        let decision = remove(&family(), family().user_id, T0);
        let ended = Family { revoked_at: Some(T0), ..family() };
        assert_eq!((decision.reply, decision.changes), (true, vec![Change::Put(Row::Family(Box::new(ended.clone())))]));
        for (family, person) in [(family(), UserId::from_bytes([9; 16])), (ended, family().user_id)] {
            let decision = remove(&family, person, T0 + Duration::from_secs(5));
            assert_eq!((decision.reply, decision.changes), (false, vec![]));
        }
    }
}
