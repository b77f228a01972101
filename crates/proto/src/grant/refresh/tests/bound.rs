//! Families that are bound to a DPoP key (RFC 9449 §5), or become so.

use super::*;
use crate::model::{Demand, Rotation};

const fn key(byte: u8) -> Option<KeyThumbprint> {
    Some(KeyThumbprint::from_bytes([byte; 32]))
}

fn bound(auth: AuthMethod) -> Stage {
    signed_in(auth).with(|stage| {
        stage.family.dpop = key(1);
        stage.key = key(1);
    })
}

#[test]
fn dp_5_2_dpd_3_cf_8_a_public_clients_refresh_token_stays_with_its_key_and_works_with_no_other() {
    let stage = bound(AuthMethod::None);
    let now = START + secs(5);
    assert_eq!(stage.refresh(now), KEPT, "bound, so not rotated");
    let issue = stage.issue(None, now);
    assert_eq!((issue.dpop, issue.family.dpop), (key(1), key(1)));
    assert_eq!(stage.with(|stage| stage.key = key(2)).refresh(now), Got::Refused(Refusal::DpopKeyForeign));
    assert_eq!(stage.with(|stage| stage.key = None).refresh(now), Got::Refused(Refusal::DpopMissing));
}

#[test]
fn cf_6_without_the_key_a_replaced_token_ends_nothing() {
    let stage = bound(AuthMethod::None).with(|stage| {
        if let Some(refresh) = &mut stage.family.refresh {
            refresh.generation += 1;
        }
    });
    let now = START + secs(5);
    assert_eq!(stage.with(|stage| stage.key = key(2)).refresh(now), Got::Refused(Refusal::DpopKeyForeign));
    assert_eq!(stage.refresh(now), Got::Ended, "with the key it does");
}

#[test]
fn dp_5_2_another_client_is_bound_by_its_authentication_and_may_change_its_key_but_not_drop_it() {
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::PrivateKeyJwt] {
        let stage = bound(auth).with(|stage| stage.key = key(2));
        let now = START + secs(5);
        assert_eq!(stage.refresh(now), KEPT);
        let issue = stage.issue(None, now);
        assert_eq!((issue.dpop, issue.family.dpop), (key(2), key(2)));
        assert_eq!(stage.with(|stage| stage.key = None).refresh(now), Got::Refused(Refusal::DpopMissing));
    }
}

#[test]
fn dp_5_2_the_first_proof_binds_an_unbound_family_and_a_client_may_have_to_send_one() {
    let stage = signed_in(AuthMethod::None);
    let now = START + secs(5);
    let with_key = stage.with(|stage| stage.key = key(3));
    assert_eq!(with_key.refresh(now), ROTATED, "what was unbound until now is replaced");
    assert_eq!(with_key.issue(None, now).family.dpop, key(3));
    let must = stage.with(|stage| {
        stage.client.tokens.dpop = Demand::Required;
        stage.caller.tokens.dpop = Demand::Required;
    });
    assert_eq!(must.refresh(now), Got::Refused(Refusal::DpopMissing));
}

/// Otherwise whoever took an unbound token could bind it to a key of their own, and its owner's would be refused for want of
/// that key instead of giving the theft away.
#[test]
fn sb_4_14_3_a_token_that_was_replaced_before_its_family_had_a_key_ends_it_with_any_key_or_none() {
    for rotation in [Rotation::Unbound, Rotation::Always] {
        let first = signed_in(AuthMethod::None).with(|stage| {
            stage.client.tokens.rotation = rotation;
            stage.caller.tokens.rotation = rotation;
        });
        let second = first.refreshed(START + secs(5));
        let mut bound = second.with(|stage| stage.key = key(3)).refreshed(START + secs(10));
        for now in [START + secs(15), START + secs(20)] {
            for (old, own) in [(&first.held, None), (&second.held, key(2)), (&second.held, key(3))] {
                let owner = bound.with(|stage| stage.key = own);
                assert_eq!(owner.present(old, now), Got::Ended, "{rotation:?} {own:?}");
                let another =
                    owner.with(|stage| stage.caller = Client { grants: vec![], ..client("other", AuthMethod::None) });
                assert_eq!(another.present(old, now), INVALID);
            }
            // A token that was issued to the key is nobody's without it, replaced or not.
            let issued_to_key = bound.held.clone();
            bound = bound.refreshed(now);
            for wrong in [None, key(2)] {
                let thief = bound.with(|stage| stage.key = wrong);
                assert!(matches!(thief.present(&issued_to_key, now), Got::Refused(_)), "{rotation:?}");
            }
        }
    }
}

#[test]
fn cf_8_a_client_may_want_every_refresh_token_replaced() {
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
        let stage = bound(auth).with(|stage| stage.client.tokens.rotation = Rotation::Always);
        assert_eq!(stage.refresh(START + secs(5)), ROTATED);
    }
}

#[test]
fn cf_8_many_refreshes_at_once_of_a_bound_client_write_once_a_second_and_require_what_they_read() {
    let first = START + secs(5);
    for stage in [signed_in(AuthMethod::ClientSecretBasic), bound(AuthMethod::None)] {
        assert_eq!(stage.decide(&stage.held, None, first).changes.len(), 1, "the first use is kept in mind");
        let used = stage.with(|stage| stage.family.refreshed_at = Some(first));
        let [within, at, _] = around(first + NOTED);
        let decision = used.decide(&used.held, None, within);
        assert!(matches!(decision.reply, Refreshed::Issue(_)) && decision.changes.is_empty());
        assert!(decision.requires.contains(&Require::from(&used.family)) && decision.requires.len() == 4);
        assert_eq!(used.decide(&used.held, None, at).changes.len(), 1);
    }
    let rotated = signed_in(AuthMethod::None).with(|stage| stage.family.refreshed_at = Some(first));
    assert_eq!(rotated.decide(&rotated.held, None, first).changes.len(), 1, "a new token is always written");
}
