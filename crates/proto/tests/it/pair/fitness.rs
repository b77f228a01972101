//! Between approval and token much can happen: who is no longer fit gets nothing, and another client never matters.

use proto::change::Row;
use proto::device::Outcome;
use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use proto::grant::lookup::Ended;
use proto::model::{AuthMethod, Client, GrantType, Revocation, RevocationCause, Scope, Session, User, UserState};
use proto::wire::credentials::{Credentials, Presented};
use proto::wire::error::ErrorCode;

use super::{Pair, assert_refused, at, ms, secs, session_id};
use crate::rows::{T0, client, credentials, user};

/// A device that polls, and an approval of the first person in session 1.
fn approved(auth: AuthMethod) -> Pair {
    let mut pair = Pair::new(auth);
    pair.drive_until(secs(12));
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    pair
}

impl Pair {
    fn change_user(&mut self, change: impl Fn(User) -> User) {
        self.server.change(|rows| rows.user(&user(1).id), |row| Row::User(Box::new(change(row))));
    }

    fn change_session(&mut self, change: impl Fn(Session) -> Session) {
        self.server.change(|rows| rows.session(&session_id(1)), |row| Row::Session(Box::new(change(row))));
    }

    fn change_client(&mut self, change: impl Fn(Client) -> Client) {
        let id = self.client.id.clone();
        self.server.change(|rows| rows.client(&id), |row| Row::Client(Box::new(change(row))));
    }
}

#[test]
fn df_3_4_9_a_locked_person_gets_no_token_and_an_unlocked_one_does() {
    let mut pair = approved(AuthMethod::None);
    pair.change_user(|row| User { state: UserState::Locked, ..row });
    assert_eq!(pair.poll_at(secs(13)).unwrap_err(), Refusal::AccountUnfit);
    pair.change_user(|row| User { state: UserState::Active, ..row });
    assert!(matches!(pair.drive(), Outcome::Tokens(_)), "a refusal burns nothing");

    let mut pair = approved(AuthMethod::None);
    pair.change_user(|row| User { state: UserState::Locked, ..row });
    let outcome = pair.drive();
    assert_refused(&outcome, ErrorCode::InvalidGrant);
}

#[test]
fn df_3_4_9_a_revoked_session_signs_the_device_out_and_one_that_ended_does_not() {
    for cause in [RevocationCause::NotMe, RevocationCause::Everywhere, RevocationCause::Administrator] {
        let mut pair = approved(AuthMethod::None);
        pair.change_session(|row| Session { revoked: Some(Revocation { at: at(12_000), cause }), ..row });
        let outcome = pair.drive();
        assert_refused(&outcome, ErrorCode::InvalidGrant);
        assert_eq!(pair.server.rows.families().count(), 0, "{cause:?}");
    }
    let mut pair = approved(AuthMethod::None);
    pair.change_session(|row| Session { ended_at: Some(at(12_000)), expires_at: at(12_500), ..row });
    assert!(matches!(pair.drive(), Outcome::Tokens(_)));
}

#[test]
fn df_3_4_9_another_session_of_the_same_person_may_be_revoked() {
    let mut pair = approved(AuthMethod::None);
    let revoked = Some(Revocation { at: at(12_000), cause: RevocationCause::NotMe });
    pair.server.change(|rows| rows.session(&session_id(3)), |row| Row::Session(Box::new(Session { revoked, ..row })));
    assert!(matches!(pair.drive(), Outcome::Tokens(_)));
}

#[test]
fn df_3_4_9_a_client_that_lost_its_rights_gets_no_token() {
    for (change, expected) in [
        ((|row| Client { enabled: false, ..row }) as fn(Client) -> Client, ErrorCode::InvalidClient),
        (|row| Client { grants: vec![GrantType::RefreshToken], ..row }, ErrorCode::UnauthorizedClient),
        (|row| Client { scopes: Scope::parse("openid").unwrap(), ..row }, ErrorCode::InvalidScope),
    ] {
        let mut pair = approved(AuthMethod::None);
        pair.change_client(change);
        let outcome = pair.drive();
        assert_refused(&outcome, expected);
        assert_eq!(pair.server.rows.families().count(), 0);
    }
}

#[test]
fn df_3_4_9_the_tokens_carry_the_scope_that_was_approved_whatever_the_client_may_ask_for_since() {
    let mut pair = approved(AuthMethod::None);
    pair.change_client(|row| Client {
        scopes: Scope::parse("openid profile email offline_access admin").unwrap(),
        ..row
    });
    let Outcome::Tokens(tokens) = pair.drive() else { panic!("{:?}", pair.outcome) };
    assert_eq!(tokens.scope.as_deref(), Some("openid profile email"));
}

#[test]
fn df_3_4_5_df_3_4_6_another_client_learns_nothing_and_moves_nothing_in_any_state() {
    let stages: [fn() -> Pair; 4] = [
        || Pair::new(AuthMethod::ClientSecretBasic),
        || approved(AuthMethod::ClientSecretBasic),
        || {
            let mut pair = Pair::new(AuthMethod::ClientSecretBasic);
            assert_eq!(pair.decide(1, Verdict::Deny), Ok(Ended::Denied));
            pair
        },
        || {
            let mut pair = approved(AuthMethod::ClientSecretBasic);
            assert_eq!(pair.code_at(secs(12)), Ok(()));
            pair
        },
    ];
    let foreign = credentials(&client("other", AuthMethod::ClientSecretBasic));
    for stage in stages {
        let mut pair = stage();
        let before = pair.server.rows.clone();
        for moment in (0..1_500).step_by(10) {
            let refusal = pair.server.poll(&foreign, &pair.code, T0 + secs(moment)).unwrap_err();
            assert_eq!(refusal.body(), Refusal::CodeUnknown.body());
        }
        assert_eq!(pair.server.rows, before);
    }
}

#[test]
fn df_3_4_5_polls_of_another_client_take_nothing_from_the_devices_pace() {
    let mut pair = Pair::new(AuthMethod::None);
    let foreign = credentials(&client("other", AuthMethod::None));
    for n in 0..1_000 {
        drop(pair.server.poll(&foreign, &pair.code, at(5_000 + n)));
    }
    assert_eq!(pair.code_at(ms(6_000)), Err(ErrorCode::AuthorizationPending));
}

#[test]
fn df_3_4_4_oa_3_2_1_1_a_confidential_client_without_its_secret_is_never_told_pending() {
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let mut pair = Pair::new(auth);
        let bare = Credentials { presented: Presented::None, ..pair.credentials() };
        for n in 0..100 {
            let refusal = pair.server.poll(&bare, &pair.code, at(5_000 + n)).unwrap_err();
            assert_eq!(refusal.code(), ErrorCode::InvalidClient);
        }
        assert_eq!(pair.code_at(ms(5_100)), Err(ErrorCode::AuthorizationPending), "and it took nothing");
    }
}
