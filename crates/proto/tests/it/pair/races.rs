//! Two things at once: what was read must still be so when it is written.

use proto::change::Row;
use proto::grant::decide::{Verdict, Void};
use proto::grant::lookup::Ended;
use proto::model::{AuthMethod, Client, ClientId, GrantState, Revocation, RevocationCause, Session, User, UserState};
use proto::wire::error::ErrorCode;

use super::{Pair, at, secs, session_id};
use crate::rows::{client, user};
use crate::world::{Committed, Server};

fn lock(server: &mut Server) {
    let locked = |user: User| Row::User(Box::new(User { state: UserState::Locked, ..user }));
    server.change(|rows| rows.user(&user(1).id), locked);
}

fn revoke(server: &mut Server) {
    let revoked = Some(Revocation { at: at(5_000), cause: RevocationCause::NotMe });
    server.change(|rows| rows.session(&session_id(1)), |row| Row::Session(Box::new(Session { revoked, ..row })));
}

fn disable(server: &mut Server) {
    let tv = ClientId::parse("tv").unwrap();
    server.change(|rows| rows.client(&tv), |row| Row::Client(Box::new(Client { enabled: false, ..row })));
}

type Intrusion = (&'static str, fn(&mut Server));

const INTRUSIONS: [Intrusion; 3] = [("lock", lock), ("revoke", revoke), ("disable", disable)];

#[test]
fn df_3_4_7_cf_5_of_64_polls_that_saw_the_approval_one_gets_tokens() {
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
        let mut pair = Pair::new(auth);
        assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
        let credentials = pair.credentials();
        let prepared: Vec<_> =
            (0..64).map(|_| pair.server.prepare_poll(&credentials, &pair.code, at(5_000)).unwrap()).collect();
        assert!(prepared.iter().all(|prepared| prepared.reply.is_ok()));
        let done = prepared.iter().filter(|prepared| pair.server.commit(prepared) == Committed::Done).count();
        assert_eq!((done, pair.server.rows.families().count()), (1, 1));
        assert_eq!(pair.code_at(secs(5)), Err(ErrorCode::InvalidGrant), "what a loser gets when it decides again");
        pair.now = secs(5);
        assert_eq!(pair.live().len(), 1);
    }
}

#[test]
fn df_3_4_8_of_two_replacements_at_once_one_is_given() {
    let mut pair = Pair::new(AuthMethod::ClientSecretBasic);
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    assert_eq!(pair.code_at(secs(5)), Ok(()));
    let credentials = pair.credentials();
    let [first, second] = [(); 2].map(|()| pair.server.prepare_poll(&credentials, &pair.code, at(9_000)).unwrap());
    assert!(first.reply.is_ok() && second.reply.is_ok());
    assert_eq!([pair.server.commit(&first), pair.server.commit(&second)], [Committed::Done, Committed::Conflict]);
    pair.now = secs(9);
    assert_eq!((pair.live().len(), pair.server.rows.families().count()), (1, 2));
    assert_eq!(pair.code_at(secs(9)), Err(ErrorCode::InvalidGrant));
}

#[test]
fn df_3_4_9_a_lock_a_revocation_or_a_switched_off_client_between_load_and_commit_stops_the_tokens() {
    for (name, intrude) in INTRUSIONS {
        let mut pair = Pair::new(AuthMethod::None);
        assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
        let credentials = pair.credentials();
        let prepared = pair.server.prepare_poll(&credentials, &pair.code, at(5_000)).unwrap();
        assert!(prepared.reply.is_ok());
        intrude(&mut pair.server);
        assert_eq!(pair.server.commit(&prepared), Committed::Conflict, "{name}");
        assert!(pair.code_at(secs(5)).is_err(), "{name}");
        assert_eq!(pair.server.rows.families().count(), 0, "{name}");
    }
}

#[test]
fn df_3_3_13_df_3_3_2_the_same_between_load_and_commit_of_a_decision_stops_the_decision() {
    for ((name, intrude), verdict) in INTRUSIONS.into_iter().zip([Verdict::Approve, Verdict::Deny, Verdict::Report]) {
        let mut pair = Pair::new(AuthMethod::None);
        let shown = pair.server.show(pair.grant_id, session_id(1));
        let prepared = pair.server.prepare_decision(shown, verdict, at(5_000)).unwrap();
        intrude(&mut pair.server);
        assert_eq!(pair.server.commit(&prepared), Committed::Conflict, "{name}");
        assert!(pair.server.decide(shown, verdict, at(5_001)).is_err(), "{name}");
        assert_eq!(pair.grant().state, GrantState::Pending, "{name}");
    }
}

#[test]
fn df_3_3_12_of_two_decisions_at_once_the_first_counts() {
    for (first, second) in [(Verdict::Approve, Verdict::Deny), (Verdict::Deny, Verdict::Approve)] {
        for (n, other_says) in [(2, Err(Void::Unusable)), (3, Ok(()))] {
            let mut pair = Pair::new(AuthMethod::None);
            let mine = pair.server.show(pair.grant_id, session_id(1));
            let theirs = pair.server.show(pair.grant_id, session_id(n));
            let early = pair.server.prepare_decision(mine, first, at(5_000)).unwrap();
            let late = pair.server.prepare_decision(theirs, second, at(5_000)).unwrap();
            assert_eq!([pair.server.commit(&early), pair.server.commit(&late)], [Committed::Done, Committed::Conflict]);
            let again = pair.server.decide(theirs, second, at(5_001));
            let stands = if first == Verdict::Approve { Ended::Approved } else { Ended::Denied };
            assert_eq!(again, other_says.map(|()| stands), "{first:?} and then {second:?} in session {n}");
            assert_eq!(pair.code_at(secs(6)).is_ok(), first == Verdict::Approve);
        }
    }
}

#[test]
fn df_3_3_13_a_registration_that_changed_since_the_page_was_shown_voids_the_press() {
    let mut pair = Pair::new(AuthMethod::None);
    let shown = pair.server.show(pair.grant_id, session_id(1));
    let id = client("tv", AuthMethod::None).id;
    let renamed = |row: Client| Row::Client(Box::new(Client { name: "Your bank".to_owned(), ..row }));
    pair.server.change(|rows| rows.client(&id), renamed);
    assert_eq!(pair.server.decide(shown, Verdict::Approve, at(5_000)), Err(Void::Changed));
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved), "shown again, it counts");
}

#[test]
fn lp_8_a_redemption_that_was_never_committed_leaves_the_grant_redeemable() {
    let mut pair = Pair::new(AuthMethod::None);
    assert_eq!(pair.decide(1, Verdict::Approve), Ok(Ended::Approved));
    let credentials = pair.credentials();
    for _ in 0..3 {
        drop(pair.server.prepare_poll(&credentials, &pair.code, at(5_000)).unwrap());
    }
    assert_eq!(pair.code_at(secs(700)), Ok(()));
}
