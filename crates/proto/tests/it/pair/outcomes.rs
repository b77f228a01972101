//! How a sign-in ends: approved, denied, reported, run out.

use proto::device::{Event, Outcome};
use proto::grant::decide::{Verdict, Void};
use proto::grant::lookup::Ended;
use proto::model::{AuthMethod, GrantState};
use proto::wire::error::ErrorCode;

use super::{Pair, assert_refused, ms, secs};
use crate::rows::{LIFETIME, T0, user};

const EVERY_KIND: [AuthMethod; 3] = [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];

#[test]
fn df_3_5_1_df_3_5_2_df_3_5_8_oa_5_1_1_oa_3_3_2_approved_after_some_pending_polls() {
    for auth in EVERY_KIND {
        let mut pair = Pair::new(auth);
        pair.drive_until(secs(32));
        assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
        let Outcome::Tokens(tokens) = pair.drive() else { panic!("{:?}", pair.outcome) };

        let (last, before) = pair.polls.split_last().unwrap();
        assert!(before.len() >= 5 && before.iter().all(|(_, got)| *got == Err(ErrorCode::AuthorizationPending)));
        assert_eq!(last.1, Ok(()));
        assert!(pair.shown.iter().all(|event| *event == Event::Pending));
        assert_eq!(tokens.scope.as_deref(), Some("openid profile email"));
        assert!(tokens.id_token.is_some() && tokens.expires_in == Some(600));
        assert!(tokens.access_token.reveal().contains(&format!("\"sub\":\"{}\"", user(1).id)));
        assert_eq!(pair.live().len(), 1);
    }
}

#[test]
fn df_3_5_5_denied_and_reported_are_access_denied_and_nothing_is_ever_issued() {
    for (verdict, reported) in [(Verdict::Deny, false), (Verdict::Report, true)] {
        let mut pair = Pair::new(AuthMethod::None);
        pair.drive_until(secs(12));
        assert_eq!(pair.decide(1, verdict), Ok(Ended::Denied));
        let Outcome::Denied(error) = pair.drive() else { panic!("{:?}", pair.outcome) };
        assert_eq!(error.code, Some(ErrorCode::AccessDenied));
        assert!(pair.polls.len() <= 3, "the device stops at the first answer that is final");
        let GrantState::Denied { reported: told, .. } = pair.grant().state else { panic!("denied") };
        assert_eq!((told, pair.server.rows.families().count()), (reported, 0));
        assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Denied), "too late to change one's mind");
        assert_eq!(pair.decide(2, Verdict::Approve), Err(Void::Unusable));
        assert_eq!(pair.code_at(pair.now + secs(60)), Err(ErrorCode::AccessDenied));
    }
}

#[test]
fn df_3_5_6_df_3_2_4_df_3_5_21_undecided_runs_out_on_both_sides() {
    let mut pair = Pair::new(AuthMethod::None);
    assert_eq!(pair.drive(), Outcome::Expired);
    assert!(pair.now <= LIFETIME, "the device does not outlive its code");
    let (last, _) = pair.polls.last().unwrap();
    assert!(*last >= LIFETIME - secs(1) && *last < LIFETIME, "{last:?}: a last look right before the end");
    assert_eq!(pair.code_at(LIFETIME + ms(9)), Err(ErrorCode::AuthorizationPending), "the server began 10 ms later");
    assert_eq!(pair.code_at(LIFETIME + ms(10)), Err(ErrorCode::ExpiredToken));
    pair.now = LIFETIME + ms(10);
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Expired));
    assert_eq!(pair.code_at(LIFETIME + secs(5)), Err(ErrorCode::ExpiredToken));
    assert_eq!(pair.server.rows.families().count(), 0);
}

#[test]
fn cf_19_an_approval_in_the_last_seconds_reaches_the_device() {
    let mut pair = Pair::new(AuthMethod::None);
    pair.drive_until(LIFETIME - secs(1));
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    assert!(matches!(pair.drive(), Outcome::Tokens(_)));
}

#[test]
fn cf_19_df_3_5_6_an_approval_in_time_is_honoured_for_two_minutes_after_expiry() {
    let expires_at = LIFETIME + ms(10);
    for (late, expected) in [
        (ms(0), Ok(())),
        (secs(119), Ok(())),
        (ms(119_999), Ok(())),
        (ms(120_000), Err(ErrorCode::ExpiredToken)),
        (ms(120_001), Err(ErrorCode::ExpiredToken)),
        (secs(599), Err(ErrorCode::ExpiredToken)),
    ] {
        let mut pair = Pair::new(AuthMethod::None);
        pair.now = expires_at - ms(1);
        assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
        assert_eq!(pair.code_at(expires_at + late), expected, "{late:?}");
    }
}

#[test]
fn df_3_5_19_outcomes_stay_what_they_are_until_the_tombstone_ends() {
    let tombstone = LIFETIME * 2 + ms(10);
    for (verdict, expected) in [
        (Some(Verdict::Deny), ErrorCode::AccessDenied),
        (Some(Verdict::Report), ErrorCode::AccessDenied),
        (None, ErrorCode::ExpiredToken),
    ] {
        let mut pair = Pair::new(AuthMethod::None);
        if let Some(verdict) = verdict {
            assert_eq!(pair.decide(1, verdict), Ok(Ended::Denied));
        }
        let first = if verdict.is_some() { ms(0) } else { LIFETIME + ms(10) };
        for step in 0_u32..60 {
            let moment = first + (tombstone - ms(1) - first) * step / 59;
            assert_eq!(pair.code_at(moment), Err(expected), "{verdict:?} {moment:?}");
        }
        assert_eq!(pair.code_at(tombstone), Err(ErrorCode::InvalidGrant));
    }
}

#[test]
fn df_3_3_11_an_earlier_approval_decides_nothing_for_the_next_grant() {
    let mut pair = Pair::new(AuthMethod::None);
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    assert!(matches!(pair.drive(), Outcome::Tokens(_)));
    let credentials = pair.credentials();
    let next = pair.server.start(&credentials, None, T0 + pair.now).unwrap();
    assert_eq!(next.grant.state, GrantState::Pending);
    let code = pair.server.text_of(&next.device_code);
    let polled = pair.server.poll(&credentials, &code, T0 + pair.now + secs(5));
    assert_eq!(polled.unwrap_err().code(), ErrorCode::AuthorizationPending);
}

#[test]
fn df_3_4_6_a_code_long_gone_looks_like_one_that_never_was() {
    let mut pair = Pair::new(AuthMethod::None);
    let gone = pair.poll_at(LIFETIME * 3).unwrap_err();
    let text = pair.code.clone();
    let mut wrong = vec![String::new(), "dc_".to_owned(), "x".repeat(100_000), "dé_\u{0}\u{fffd}".to_owned()];
    wrong.extend((0..text.len()).map(|cut| text[..cut].to_owned()));
    wrong.push(format!("{text}A"));
    wrong.push(text.to_uppercase());
    for code in wrong {
        let credentials = pair.credentials();
        let refusal = pair.server.poll(&credentials, &code, T0 + secs(5)).unwrap_err();
        assert_eq!(refusal.body(), gone.body(), "{code:?}");
    }
    pair.code = "dc_nothing".to_owned();
    let outcome = pair.drive();
    assert_refused(&outcome, ErrorCode::InvalidGrant);
}
