//! Every way to present a refresh token: whose, which, when, for what, and after what happened.

mod bound;
mod fitness;
mod issued;

use std::time::Duration;

use super::*;
use crate::entropy::Seeded;
use crate::grant::authenticate::{Endpoint, authenticate};
use crate::grant::fixture::{T0, around, client, credentials, grant, issuer, lifetimes, mac_key, session, user};
use crate::grant::mint::{Minting, mint};
use crate::grant::redeem::{self, Redeem, redeem};
use crate::grant::revoke::revoke;
use crate::model::{Approval, AuthMethod, FamilyId, Grant, GrantState, Revocation, RevocationCause, UserState};
use crate::wire::error::ErrorCode;

/// When the code was redeemed.
const START: Timestamp = Timestamp::from_millis(T0.as_millis() + 60_000);
const ALL: [AuthMethod; 3] = [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
const SECRETS: [AuthMethod; 2] = [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];

/// All rows of one family, who asks, and the token that the device holds.
#[derive(Clone)]
struct Stage {
    grant: Grant,
    client: Client,
    user: User,
    session: Session,
    family: Family,
    caller: Client,
    held: RefreshToken,
    first: Minting,
    /// The key of the DPoP proof that comes with the request.
    key: Option<KeyThumbprint>,
}

/// What came of a refresh, in the terms of these tables.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Refused(Refusal),
    /// Refused, and the family ended.
    Ended,
    /// Tokens; and whether there is a new refresh token among them.
    Tokens {
        rotated: bool,
    },
}

const INVALID: Got = Got::Refused(Refusal::RefreshTokenInvalid);
const ROTATED: Got = Got::Tokens { rotated: true };
const KEPT: Got = Got::Tokens { rotated: false };

/// A device that got its first tokens at [`START`].
fn signed_in(auth: AuthMethod) -> Stage {
    let (grants, user) = (vec![GrantType::DeviceCode, GrantType::RefreshToken], user(1));
    let client = Client { grants, ..client("tv", auth) };
    let session = session(1, &user);
    let approval = Approval {
        at: T0 + secs(30),
        user_id: user.id,
        session_id: session.id,
        auth_time: session.auth_time,
        amr: session.amr.clone(),
    };
    let scope = scope("openid profile offline_access");
    let approved = Grant { scope, state: GrantState::Approved(approval), version: 2, ..grant(&client) };
    let scene = redeem::Scene {
        grant: &approved,
        client: Some(&client),
        user: Some(&user),
        session: Some(&session),
        family: None,
    };
    let decision = redeem(scene, caller(&client), Carried::default(), lifetimes(), START, &mut Seeded::new(1));
    let Redeem::Issue(issue) = decision.reply else { panic!("{:?}", decision.reply) };
    let Some(Change::Put(Row::Grant(redeemed))) = decision.changes.into_iter().next() else { panic!("no grant") };
    let (family, held) = (Family { version: 1, ..issue.family.clone() }, issue.refresh_token.clone().unwrap());
    let first = mint(*issue, issuer(&mac_key(9)), "jti-1".to_owned(), START);
    let grant = Grant { version: 3, ..*redeemed };
    Stage { grant, caller: client.clone(), client, user, session, family, held, first, key: None }
}

fn caller(client: &Client) -> Authenticated<'_> {
    authenticate(Some(client), &credentials(client), Endpoint::Token).unwrap()
}

impl Stage {
    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    fn decide(&self, token: &RefreshToken, narrowed: Option<&Scope>, now: Timestamp) -> Decision<Refreshed<'_>> {
        let carried = Carried { dpop: self.key, ..Carried::default() };
        let (client, user, session) = (Some(&self.client), Some(&self.user), Some(&self.session));
        let scene = Scene { family: &self.family, client, user, session };
        let mut entropy = Seeded::new(now.as_millis().unsigned_abs());
        refresh(scene, caller(&self.caller), (token, narrowed), carried, lifetimes(), now, &mut entropy)
    }

    fn present(&self, token: &RefreshToken, now: Timestamp) -> Got {
        let decision = self.decide(token, None, now);
        match decision.reply {
            Refreshed::Issue(issue) => Got::Tokens { rotated: issue.refresh_token.is_some() },
            Refreshed::Refuse(Refusal::RefreshTokenReplayed) => {
                let ended = Family { revoked_at: Some(now), ..self.family.clone() };
                assert_eq!(decision.changes, [Change::Put(Row::Family(Box::new(ended)))]);
                Got::Ended
            }
            Refreshed::Refuse(refusal) => {
                assert_eq!((decision.changes, decision.requires), (vec![], vec![]), "{refusal:?} writes nothing");
                Got::Refused(refusal)
            }
        }
    }

    /// The device presents what it holds.
    fn refresh(&self, now: Timestamp) -> Got {
        self.present(&self.held, now)
    }

    fn issue(&self, narrowed: Option<&Scope>, now: Timestamp) -> Box<Issue<'_>> {
        match self.decide(&self.held, narrowed, now).reply {
            Refreshed::Issue(issue) => issue,
            Refreshed::Refuse(refusal) => panic!("{refusal:?}"),
        }
    }

    /// The stage after `token` was presented and what came of it was committed.
    fn after(&self, token: &RefreshToken, now: Timestamp) -> Self {
        let decision = self.decide(token, None, now);
        let mut after = self.clone();
        if let Refreshed::Issue(issue) = &decision.reply {
            after.held = issue.refresh_token.clone().unwrap_or(after.held);
        }
        for change in decision.changes {
            let Change::Put(Row::Family(family)) = change else { panic!("{change:?}") };
            after.family = Family { version: family.version + 1, ..*family };
        }
        after
    }

    /// The stage after the device refreshed.
    fn refreshed(&self, now: Timestamp) -> Self {
        assert!(matches!(self.refresh(now), Got::Tokens { .. }));
        self.after(&self.held, now)
    }

    fn stored(&self) -> Refresh {
        self.family.refresh.unwrap()
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

#[test]
fn oa_6_1_a_refresh_writes_the_family_alone_and_requires_person_client_and_session() {
    for auth in ALL {
        let stage = signed_in(auth);
        let now = START + secs(500);
        let decision = stage.decide(&stage.held, None, now);
        let read = [Require::from(&stage.user), Require::from(&stage.client), Require::from(&stage.session)];
        assert_eq!(decision.requires, read);
        let Refreshed::Issue(issue) = decision.reply else { panic!("{:?}", decision.reply) };
        assert_eq!(decision.changes, [Change::Put(Row::Family(Box::new(issue.family.clone())))]);
        let expected = Family { refresh: issue.family.refresh, refreshed_at: Some(now), ..stage.family.clone() };
        assert_eq!(issue.family, expected, "of the version that was read, and otherwise as it was");
        assert_eq!((issue.access_until, issue.replaces), (now + lifetimes().access, None));
    }
}

#[test]
fn oa_6_1_another_client_gets_invalid_grant_and_ends_nothing() {
    for own in ALL {
        let first = signed_in(own);
        let second = first.refreshed(START + secs(5));
        for auth in ALL {
            let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
            let foreign = second.with(|stage| stage.caller = Client { grants, ..client("other", auth) });
            for token in [&first.held, &second.held] {
                assert_eq!(foreign.present(token, START + secs(10)), INVALID, "{own:?} {auth:?}");
            }
        }
    }
    assert_eq!(Refusal::RefreshTokenInvalid.code(), ErrorCode::InvalidGrant);
    assert_eq!(Refusal::RefreshTokenReplayed.body(), Refusal::RefreshTokenInvalid.body(), "outside they look alike");
}

#[test]
fn oa_6_1_a_family_that_ended_or_is_another_or_never_could_be_refreshed_gives_nothing() {
    for auth in ALL {
        let stage = signed_in(auth);
        let now = START + secs(10);
        let (second, other) =
            (stage.refreshed(now), RefreshToken::draw(FamilyId::from_bytes([9; 16]), 0, &mut Seeded::new(1)));
        let revoked = second.with(|stage| stage.family.revoked_at = Some(now));
        for token in [&stage.held, &second.held] {
            assert_eq!(revoked.present(token, now), INVALID, "and what is over is not ended again");
        }
        assert_eq!(stage.with(|stage| stage.family.refresh = None).refresh(now), INVALID);
        assert_eq!(stage.present(&other, now), INVALID);
    }
}

#[test]
fn sb_2_2_2_1_cf_8_a_public_client_gets_the_next_token_each_time_and_its_hash_is_what_is_stored() {
    let mut stage = signed_in(AuthMethod::None);
    assert_eq!((stage.stored().token, stage.stored().generation), (stage.held.hash(), 0));
    for n in 1..=5 {
        let before = stage.clone();
        let now = START + secs(600 * u64::from(n));
        stage = stage.refreshed(now);
        assert_ne!(stage.held.hash(), before.held.hash());
        assert_eq!((stage.held.family_id(), stage.held.generation()), (stage.family.id, n));
        let idle_until = now + lifetimes().refresh_idle;
        assert_eq!(stage.stored(), Refresh { token: stage.held.hash(), generation: n, idle_until });
    }
}

#[test]
fn cf_8_a_client_with_a_secret_keeps_its_token_and_may_lose_any_reply() {
    for auth in SECRETS {
        let mut stage = signed_in(auth);
        let token = stage.held.clone();
        for n in 1..=5 {
            let now = START + secs(600 * n);
            assert_eq!(stage.present(&token, now), KEPT);
            stage = stage.refreshed(now);
            let idle_until = now + lifetimes().refresh_idle;
            assert_eq!(stage.stored(), Refresh { token: token.hash(), generation: 0, idle_until });
        }
    }
}

#[test]
fn sb_4_14_3_sb_4_14_6_cf_8_a_superseded_token_ends_the_family_and_the_newest_token_with_it() {
    let first = signed_in(AuthMethod::None);
    let second = first.refreshed(START + secs(10));
    let third = second.refreshed(START + secs(20));
    for old in [&first.held, &second.held] {
        // There is no grace: not even for the race of a moment.
        for now in around(START + secs(20)) {
            assert_eq!(third.present(old, now), Got::Ended);
        }
        let ended = third.after(old, START + secs(21));
        assert!(!ended.family.is_live(START + secs(21)), "and every access token of it");
        for token in [&first.held, &second.held, &third.held] {
            assert_eq!(ended.present(token, START + secs(22)), INVALID);
        }
    }
    assert_eq!(third.refresh(START + secs(22)), ROTATED, "otherwise the newest works");
}

#[test]
fn sb_4_14_3_a_superseded_token_ends_the_family_whatever_else_is_wrong() {
    let old = signed_in(AuthMethod::None);
    let stage = old.refreshed(START + secs(10));
    let now = START + secs(20);
    for unfit in [
        stage.with(|s| s.user.state = UserState::Locked),
        stage.with(|s| s.client.grants = vec![GrantType::DeviceCode]),
        stage.with(|s| s.session.revoked = Some(Revocation { at: now, cause: RevocationCause::NotMe })),
    ] {
        assert_eq!(unfit.present(&old.held, now), Got::Ended);
    }
}

#[test]
fn sb_4_14_3_a_genuine_token_that_is_not_the_stored_one_is_never_served() {
    for auth in ALL {
        let stage = signed_in(auth);
        // Of a later generation, or a twin of the same: the rows went back in time behind their holder.
        for generation in [0, 1, 7, u32::MAX] {
            let token = RefreshToken::draw(stage.family.id, generation, &mut Seeded::new(99));
            assert_eq!(stage.present(&token, START + secs(5)), Got::Ended, "{generation}");
        }
    }
    let mut last = signed_in(AuthMethod::None);
    last.held = RefreshToken::draw(last.family.id, u32::MAX, &mut Seeded::new(5));
    last.family.refresh = Some(Refresh { token: last.held.hash(), generation: u32::MAX, ..last.stored() });
    let next = last.refreshed(START + secs(5));
    assert_eq!(next.present(&last.held, START + secs(6)), Got::Ended, "even where the count stands still");
}

#[test]
fn sb_4_14_4_an_unused_token_ends_after_its_idle_time() {
    for (auth, served) in [(AuthMethod::None, ROTATED), (AuthMethod::ClientSecretBasic, KEPT)] {
        let stage = signed_in(auth);
        let idle = around(START + lifetimes().refresh_idle);
        assert_eq!(idle.map(|now| stage.refresh(now)), [served.clone(), INVALID, INVALID]);
        assert_eq!(idle.map(|now| stage.family.is_usable(now)), [true, false, false], "and the account page agrees");
        let used = stage.refreshed(idle[0]);
        let again = around(idle[0] + lifetimes().refresh_idle);
        assert_eq!(again.map(|now| used.refresh(now)), [served, INVALID, INVALID], "each use begins it anew");
    }
}

#[test]
fn sb_4_14_4_a_family_ends_after_its_absolute_time_however_often_it_was_refreshed() {
    for (auth, served) in [(AuthMethod::None, ROTATED), (AuthMethod::ClientSecretPost, KEPT)] {
        let mut stage = signed_in(auth);
        let end = START + lifetimes().refresh_absolute;
        assert_eq!(stage.family.expires_at, end);
        for day in (3..30).step_by(3) {
            stage = stage.refreshed(START + secs(86_400 * day));
            assert_eq!(stage.family.expires_at, end);
            assert!(stage.stored().idle_until <= end);
        }
        assert_eq!(around(end).map(|now| stage.refresh(now)), [served.clone(), INVALID, INVALID]);
        // The absolute end stands by itself: it does not need the other one to be within it.
        stage.family.refresh = Some(Refresh { idle_until: end + secs(60), ..stage.stored() });
        assert_eq!(around(end).map(|now| stage.refresh(now)), [served, INVALID, INVALID]);
    }
}
