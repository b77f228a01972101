//! Every way to present a refresh token: whose, which, when, for what, and after what happened.

use std::time::Duration;

use super::*;
use crate::entropy::Seeded;
use crate::grant::authenticate::{Endpoint, authenticate};
use crate::grant::fixture::{T0, around, client, credentials, grant, lifetimes, session, user};
use crate::grant::mint::{Issuer, Minting, mint};
use crate::grant::redeem::{self, Redeem, redeem};
use crate::grant::revoke::revoke;
use crate::model::{Approval, AuthMethod, FamilyId, Grant, GrantState, Revocation, RevocationCause, UserState};
use crate::wire::error::ErrorCode;

/// When the code was redeemed.
const START: Timestamp = Timestamp::from_millis(T0.as_millis() + 60_000);
const ISSUER: Issuer<'_> = Issuer { issuer: "https://id.example.com", audience: "https://api.example.com" };
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
    let decision = redeem(scene, caller(&client), lifetimes(), START, &mut Seeded::new(1));
    let Redeem::Issue(issue) = decision.reply else { panic!("{:?}", decision.reply) };
    let Some(Change::Put(Row::Grant(redeemed))) = decision.changes.into_iter().next() else { panic!("no grant") };
    let (family, held) = (Family { version: 1, ..issue.family.clone() }, issue.refresh_token.clone().unwrap());
    let first = mint(*issue, ISSUER, "jti-1".to_owned(), START);
    let grant = Grant { version: 3, ..*redeemed };
    Stage { grant, caller: client.clone(), client, user, session, family, held, first }
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
        let (client, user, session) = (Some(&self.client), Some(&self.user), Some(&self.session));
        let scene = Scene { family: &self.family, client, user, session };
        let mut entropy = Seeded::new(now.as_millis().unsigned_abs());
        refresh(scene, caller(&self.caller), (token, narrowed), lifetimes(), now, &mut entropy)
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
fn oa_6_2_the_scope_may_be_narrowed_and_never_widened_and_left_out_it_is_the_original() {
    let stage = signed_in(AuthMethod::None);
    let (now, all) = (START + secs(10), "openid profile offline_access");
    for (asked, expected) in [
        (None, Some(all)),
        (Some(""), Some(all)),
        (Some(all), Some(all)),
        (Some("offline_access profile openid"), Some("offline_access profile openid")),
        (Some("profile"), Some("profile")),
        (Some("openid profile"), Some("openid profile")),
        // The client may ask for it, and this person was not.
        (Some("email"), None),
        (Some("openid email"), None),
        (Some("Openid"), None),
        (Some("openid profile offline_access admin"), None),
    ] {
        let asked = asked.map(scope);
        let decision = stage.decide(&stage.held, asked.as_ref(), now);
        match (decision.reply, expected) {
            (Refreshed::Issue(issue), Some(expected)) => {
                assert_eq!(issue.scope.to_string(), expected);
                assert_eq!(mint(*issue, ISSUER, String::new(), now).scope.to_string(), expected, "the client is told");
            }
            (Refreshed::Refuse(refusal), None) => {
                assert_eq!((refusal.code(), decision.changes), (ErrorCode::InvalidScope, vec![]));
            }
            (reply, expected) => panic!("{asked:?}: {reply:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn oa_6_3_sb_4_14_1_the_new_token_is_good_for_all_that_the_old_one_was_whatever_was_asked_for_in_between() {
    let stage = signed_in(AuthMethod::None);
    let now = START + secs(10);
    let narrow = scope("profile");
    let issue = stage.issue(Some(&narrow), now);
    assert_eq!((&issue.scope, &issue.family.scope), (&narrow, &stage.family.scope));
    let (family, held) = (Family { version: 2, ..issue.family }, issue.refresh_token.unwrap());
    let narrowed = stage.with(|stage| (stage.family, stage.held) = (family, held));
    assert_eq!(narrowed.issue(None, now).scope, stage.family.scope);
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
        assert_eq!(around(end).map(|now| stage.refresh(now)), [served, INVALID, INVALID]);
    }
}

#[test]
fn sb_4_14_4_no_access_token_outlives_its_family_or_the_idle_time_of_its_refresh_token() {
    for auth in ALL {
        let mut stage = signed_in(auth);
        let end = stage.family.expires_at;
        for before in (0..2_400).rev().step_by(300) {
            let now = end - Duration::from_millis(before * 1_000 + 1);
            // Used often enough to get there.
            stage.family.refresh = Some(Refresh { idle_until: end, ..stage.stored() });
            let issue = stage.issue(None, now);
            assert_eq!(issue.access_until, (now + lifetimes().access).min(end));
            assert!(issue.access_until <= issue.family.refresh.unwrap().idle_until);
            let (until, minting) = (issue.access_until, mint(*issue, ISSUER, String::new(), now));
            let exp = serde_json::to_value(&minting.access).unwrap()["exp"].as_i64().unwrap();
            assert!(exp <= end.as_seconds() && now + secs(minting.expires_in) <= until);
            stage = stage.refreshed(now);
        }
    }
}

#[test]
fn oi_8_an_id_token_of_a_refresh_keeps_iss_sub_aud_and_auth_time_is_issued_anew_and_has_no_nonce() {
    let stage = signed_in(AuthMethod::None);
    let now = START + secs(86_400);
    let claims = |minting: &Minting| serde_json::to_value(minting.id.as_ref().unwrap()).unwrap();
    let minting = mint(*stage.issue(None, now), ISSUER, "jti-2".to_owned(), now);
    let (first, second) = (claims(&stage.first), claims(&minting));
    for kept in ["iss", "sub", "aud", "auth_time", "amr"] {
        assert_eq!(first[kept], second[kept], "{kept}");
    }
    assert_eq!(second["auth_time"], T0.as_seconds() - 3_600);
    assert_eq!((&first["iat"], &second["iat"]), (&START.as_seconds().into(), &now.as_seconds().into()));
    assert_eq!(second.get("nonce"), None);
    let narrowed = mint(*stage.issue(Some(&scope("profile")), now), ISSUER, "jti-3".to_owned(), now);
    assert!(narrowed.id.is_none(), "none without openid");
}

#[test]
fn df_3_4_9_sb_4_14_5_who_is_no_longer_fit_is_refused_and_nothing_is_written() {
    for auth in ALL {
        let stage = signed_in(auth);
        let now = START + secs(10);
        let refused = |change: &dyn Fn(&mut Stage)| match stage.with(change).refresh(now) {
            Got::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&|s| s.user.state = UserState::Locked), Refusal::AccountUnfit);
        assert_eq!(refused(&|s| s.user = user(2)), Refusal::AccountUnfit);
        assert_eq!(refused(&|s| s.session = session(2, &s.user)), Refusal::SessionRevoked);
        // It was switched off after it authenticated.
        assert_eq!(refused(&|s| s.client.enabled = false), Refusal::ClientDisabled);
        assert_eq!(refused(&|s| s.client.grants = vec![GrantType::DeviceCode]), Refusal::RefreshNotEnabled);
        assert_eq!(refused(&|s| s.client.grants = vec![]), Refusal::RefreshNotEnabled);
        assert_eq!(refused(&|s| s.client.scopes = scope("openid offline_access email")), Refusal::ScopeNotAllowed);
        for cause in [RevocationCause::Administrator, RevocationCause::Everywhere, RevocationCause::NotMe] {
            assert_eq!(refused(&|s| s.session.revoked = Some(Revocation { at: now, cause })), Refusal::SessionRevoked);
        }
        let ended = stage.with(|s| s.session.ended_at = Some(now));
        assert!(
            matches!(ended.refresh(now), Got::Tokens { .. }),
            "to sign out in the browser is not to sign the device out"
        );
        let no_codes = stage.with(|s| s.client.grants = vec![GrantType::RefreshToken]);
        assert!(matches!(no_codes.refresh(now), Got::Tokens { .. }), "what was signed in stays so");
    }
}

#[test]
fn df_3_4_9_nobody_is_fit_who_is_gone() {
    let stage = signed_in(AuthMethod::None);
    let whole = Scene {
        family: &stage.family,
        client: Some(&stage.client),
        user: Some(&stage.user),
        session: Some(&stage.session),
    };
    for (scene, expected) in [
        (Scene { client: None, ..whole }, Refusal::ClientDisabled),
        (Scene { user: None, ..whole }, Refusal::AccountUnfit),
        (Scene { session: None, ..whole }, Refusal::SessionRevoked),
    ] {
        let asked = (&stage.held, None);
        let decision = refresh(scene, caller(&stage.caller), asked, lifetimes(), START, &mut Seeded::new(1));
        assert!(decision.changes.is_empty());
        let Refreshed::Refuse(refusal) = decision.reply else { panic!("{:?}", decision.reply) };
        assert_eq!(refusal, expected);
    }
}

#[test]
fn cf_20_df_3_4_8_what_was_refreshed_is_not_replaced_when_its_code_comes_again() {
    for auth in SECRETS {
        let stage = signed_in(auth);
        let poll = |stage: &Stage, now| {
            let (client, user, session) = (Some(&stage.client), Some(&stage.user), Some(&stage.session));
            let scene = redeem::Scene { grant: &stage.grant, client, user, session, family: Some(&stage.family) };
            let decision = redeem(scene, caller(&stage.client), lifetimes(), now, &mut Seeded::new(3));
            (matches!(decision.reply, Redeem::Issue(_)), decision.changes.len())
        };
        assert_eq!(poll(&stage, START + secs(5)), (true, 3), "the reply was lost");
        let refreshed = stage.refreshed(START + secs(2));
        assert_eq!(poll(&refreshed, START + secs(5)), (false, 0), "the reply arrived");
        assert_eq!(poll(&refreshed, START + secs(10)), (false, 1), "a replay like any other");
    }
}

#[test]
fn rv_2_1_a_family_that_its_client_gave_back_is_not_refreshed() {
    for auth in ALL {
        let stage = signed_in(auth);
        let decision = revoke(&stage.family, &stage.client.id, START + secs(5)).unwrap();
        let Some(Change::Put(Row::Family(family))) = decision.changes.into_iter().next() else { panic!("not revoked") };
        assert_eq!(stage.with(|stage| stage.family = *family).refresh(START + secs(6)), INVALID);
    }
}
