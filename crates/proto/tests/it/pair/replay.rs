//! A code presented again: lost replies, races, thieves.

use proto::device::Outcome;
use proto::grant::decide::Verdict;
use proto::grant::lookup::Ended;
use proto::model::{AuthMethod, GrantState};
use proto::wire::credentials::{Credentials, Presented};
use proto::wire::error::ErrorCode;

use super::{Pair, assert_refused, at, ms, secs};
use crate::rows::{client, credentials};

/// A grant redeemed at ten seconds.
fn redeemed(auth: AuthMethod) -> Pair {
    let mut pair = Pair::new(auth);
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    assert_eq!(pair.code_at(secs(10)), Ok(()));
    pair.now = secs(10);
    pair
}

#[test]
fn cf_20_df_3_4_8_a_confidential_device_whose_reply_was_lost_gets_new_tokens_and_the_old_ones_die() {
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let mut pair = Pair::new(auth);
        pair.drive_until(secs(12));
        assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
        pair.losing = 1;
        let Outcome::Tokens(tokens) = pair.drive() else { panic!("{:?}", pair.outcome) };

        let [.., (lost, Ok(())), (second, Ok(()))] = pair.polls[..] else { panic!("{:?}", pair.polls) };
        assert!(second - lost > secs(1) && second - lost < secs(60), "{:?}", second - lost);
        let live = pair.live();
        assert_eq!((live.len(), pair.server.rows.families().count()), (1, 2));
        assert!(tokens.access_token.reveal().contains(&live[0].id.to_string()), "the device holds the live one");
        let GrantState::Redeemed(_, redemption) = pair.grant().state else { panic!("redeemed") };
        assert_eq!((redemption.replaced, redemption.family_id), (true, live[0].id));
    }
}

#[test]
fn cf_20_a_second_lost_reply_is_not_replaced_and_leaves_nothing_alive() {
    let mut pair = Pair::new(AuthMethod::ClientSecretBasic);
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    pair.losing = 2;
    let outcome = pair.drive();
    assert_refused(&outcome, ErrorCode::InvalidGrant);
    assert_eq!((pair.live().len(), pair.server.rows.families().count()), (0, 2));
}

#[test]
fn cf_20_df_3_4_8_a_public_device_whose_reply_was_lost_must_start_over() {
    let mut pair = Pair::new(AuthMethod::None);
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    pair.losing = 1;
    let outcome = pair.drive();
    assert_refused(&outcome, ErrorCode::InvalidGrant);
    assert_eq!((pair.live().len(), pair.server.rows.families().count()), (0, 1), "what nobody holds is revoked");
}

#[test]
fn df_3_4_8_cf_6_a_replay_revokes_only_from_ten_seconds_on() {
    for (after, alive) in [(ms(0), 1), (ms(999), 1), (ms(1_000), 1), (ms(9_999), 1), (ms(10_000), 0), (ms(10_001), 0)] {
        let mut pair = redeemed(AuthMethod::None);
        pair.now = secs(10) + after;
        assert_eq!(pair.code_at(pair.now), Err(ErrorCode::InvalidGrant));
        assert_eq!(pair.live().len(), alive, "{after:?}");
    }
}

#[test]
fn cf_6_df_3_4_8_whoever_does_not_authenticate_revokes_nothing() {
    let mut pair = redeemed(AuthMethod::ClientSecretBasic);
    pair.now = secs(100);
    let before = pair.server.rows.clone();
    let nobody = Credentials { presented: Presented::None, ..pair.credentials() };
    let thief = Credentials {
        presented: Presented::Basic(proto::secret::ClientSecret::presented("cs_guess")),
        ..pair.credentials()
    };
    let foreign = credentials(&client("other", AuthMethod::ClientSecretBasic));
    for (who, expected) in
        [(nobody, ErrorCode::InvalidClient), (thief, ErrorCode::InvalidClient), (foreign, ErrorCode::InvalidGrant)]
    {
        let refusal = pair.server.poll(&who, &pair.code, at(100_000)).unwrap_err();
        assert_eq!(refusal.code(), expected);
    }
    assert_eq!(pair.server.rows, before);
    assert_eq!(pair.code_at(secs(100)), Err(ErrorCode::InvalidGrant));
    assert_eq!(pair.live().len(), 0, "the client itself does");
}

#[test]
fn df_3_4_7_cf_5_the_twin_of_the_poll_that_was_served_gets_nothing_and_harms_nothing() {
    for auth in [AuthMethod::None, AuthMethod::ClientSecretPost] {
        let mut pair = redeemed(auth);
        for later in [1, 2, 500, 998] {
            assert_eq!(pair.code_at(secs(10) + ms(later)), Err(ErrorCode::InvalidGrant));
        }
        assert_eq!((pair.live().len(), pair.server.rows.families().count()), (1, 1));
    }
}

#[test]
fn df_3_4_8_a_replacement_may_come_at_one_second_and_before_sixty_and_no_other_time() {
    for (after, served) in
        [(999, false), (1_000, true), (1_001, true), (59_999, true), (60_000, false), (60_001, false)]
    {
        let mut pair = redeemed(AuthMethod::ClientSecretBasic);
        pair.now = secs(10) + ms(after);
        assert_eq!(pair.code_at(pair.now).is_ok(), served, "{after}");
        let families = pair.server.rows.families().count();
        assert_eq!((families, pair.live().len()), (1 + usize::from(served), usize::from(after < 60_000)), "{after}");
    }
}

#[test]
fn df_3_5_19_df_3_4_7_a_redeemed_code_never_works_again() {
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
        let mut pair = redeemed(auth);
        for after in (60..3_000).step_by(7) {
            assert_eq!(pair.code_at(secs(10 + after)), Err(ErrorCode::InvalidGrant), "{after}");
        }
        assert_eq!(pair.server.rows.families().count(), 1);
    }
}
