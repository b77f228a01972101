//! Every state of a grant at every boundary of time, and what a replay gets from whom.

mod bound;
mod first_use;

use super::*;
use crate::entropy::Seeded;
use crate::grant::authenticate::{Endpoint, authenticate};
use crate::grant::fixture::{LIFETIME, T0, around, client, credentials, grant, lifetimes, session, user};
use crate::model::{AuthMethod, GrantType, KeyThumbprint, Resource, Revocation, RevocationCause, Scope, UserState};

const TOKENS: Duration = Duration::from_secs(600);

/// All rows of one grant, and who asks.
#[derive(Clone)]
struct Stage {
    grant: Grant,
    client: Client,
    user: User,
    session: Session,
    family: Option<Family>,
    caller: Client,
    /// The key of the DPoP proof that comes with the poll.
    key: Option<KeyThumbprint>,
    /// `code_verifier`.
    verifier: Option<&'static str>,
}

/// What came of a poll, in the terms of this table.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Refused(Refusal),
    /// Refused, and the family was revoked.
    Revoked,
    /// Tokens; and which family died for them.
    Tokens(Option<FamilyId>),
}

fn approved(auth: AuthMethod) -> Stage {
    let (client, user) = (client("tv", auth), user(1));
    let session = session(1, &user);
    let approval = Approval {
        at: T0 + Duration::from_secs(30),
        user_id: user.id,
        session_id: session.id,
        auth_time: session.auth_time,
        amr: session.amr.clone(),
    };
    let grant = Grant { state: GrantState::Approved(approval), version: 2, ..grant(&client) };
    Stage { grant, caller: client.clone(), client, user, session, family: None, key: None, verifier: None }
}

fn redeemed(auth: AuthMethod) -> Stage {
    approved(auth).redeem_at(T0 + Duration::from_secs(60))
}

impl Stage {
    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    fn decide(&self, now: Timestamp) -> Decision<Redeem<'_>> {
        let carried = Carried { dpop: self.key, code_verifier: self.verifier, ..Carried::default() };
        let scene = Scene {
            grant: &self.grant,
            client: Some(&self.client),
            user: Some(&self.user),
            session: Some(&self.session),
            family: self.family.as_ref(),
        };
        let caller = authenticate(Some(&self.caller), &credentials(&self.caller), Endpoint::Token).unwrap();
        redeem(scene, caller, carried, lifetimes(), now, &mut Seeded::new(now.as_millis().unsigned_abs()))
    }

    fn poll(&self, now: Timestamp) -> Got {
        let decision = self.decide(now);
        match decision.reply {
            Redeem::Issue(issue) => Got::Tokens(issue.replaces),
            Redeem::Refuse(Refusal::CodeReplayed) if !decision.changes.is_empty() => Got::Revoked,
            Redeem::Refuse(refusal) => {
                assert_eq!((decision.changes, decision.requires), (vec![], vec![]), "{refusal:?} writes nothing");
                Got::Refused(refusal)
            }
        }
    }

    /// The stage after a successful poll was committed.
    fn redeem_at(&self, now: Timestamp) -> Self {
        let decision = self.decide(now);
        let mut after = self.clone();
        let Redeem::Issue(issue) = &decision.reply else { panic!("{:?}", decision.reply) };
        after.family = Some(Family { version: 1, ..issue.family.clone() });
        for change in &decision.changes {
            if let Change::Put(Row::Grant(grant)) = change {
                after.grant = Grant { version: grant.version + 1, ..(**grant).clone() };
            }
        }
        after
    }

    fn redemption(&self) -> Redemption {
        let GrantState::Redeemed(_, redemption) = self.grant.state else { panic!("redeemed") };
        redemption
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn refused(refusal: Refusal) -> Got {
    Got::Refused(refusal)
}

#[test]
fn df_3_5_2_df_3_5_6_df_3_2_4_undecided_is_pending_until_expiry_then_expired_then_forgotten() {
    let stage = approved(AuthMethod::None).with(|stage| stage.grant.state = GrantState::Pending);
    let (pending, expired) = (refused(Refusal::AuthorizationPending), refused(Refusal::Expired));
    assert_eq!(around(T0 + LIFETIME).map(|now| stage.poll(now)), [pending, expired.clone(), expired.clone()]);
    let gone = refused(Refusal::CodeUnknown);
    assert_eq!(around(stage.grant.tombstone_until()).map(|now| stage.poll(now)), [expired, gone.clone(), gone]);
}

#[test]
fn cf_19_df_3_5_6_df_3_5_1_an_approval_is_honoured_until_two_minutes_after_expiry() {
    let stage = approved(AuthMethod::None);
    let (tokens, expired, gone) = (Got::Tokens(None), refused(Refusal::Expired), refused(Refusal::CodeUnknown));
    assert_eq!(around(T0 + LIFETIME).map(|now| stage.poll(now)), [tokens.clone(), tokens.clone(), tokens.clone()]);
    assert_eq!(around(T0 + LIFETIME + GRACE).map(|now| stage.poll(now)), [tokens, expired.clone(), expired.clone()]);
    assert_eq!(around(stage.grant.tombstone_until()).map(|now| stage.poll(now)), [expired, gone.clone(), gone]);
}

#[test]
fn df_3_5_5_df_3_5_19_a_denial_is_told_until_its_tombstone_ends() {
    for reported in [false, true] {
        let stage = approved(AuthMethod::None)
            .with(|stage| stage.grant.state = GrantState::Denied { at: T0, by: stage.user.id, reported });
        let (denied, gone) = (refused(Refusal::Denied), refused(Refusal::CodeUnknown));
        for moment in [T0, T0 + LIFETIME, T0 + LIFETIME + GRACE] {
            assert_eq!(around(moment).map(|now| stage.poll(now)), [denied.clone(), denied.clone(), denied.clone()]);
        }
        assert_eq!(around(T0 + LIFETIME * 2).map(|now| stage.poll(now)), [denied, gone.clone(), gone]);
    }
}

#[test]
fn df_3_5_19_a_short_grant_is_remembered_for_five_minutes() {
    let stage = approved(AuthMethod::None).with(|stage| {
        stage.grant.expires_at = T0 + secs(30);
        stage.grant.state = GrantState::Pending;
    });
    assert_eq!(stage.grant.tombstone_until(), T0 + secs(330));
}

#[test]
fn df_3_4_7_cf_5_a_redemption_writes_grant_and_family_together_and_requires_what_it_read() {
    let stage = approved(AuthMethod::None);
    let decision = stage.decide(T0 + secs(60));
    let Redeem::Issue(issue) = &decision.reply else { panic!("{:?}", decision.reply) };
    let GrantState::Approved(approval) = &stage.grant.state else { panic!("approved") };
    let redemption =
        Redemption { at: T0 + secs(60), last_issue: T0 + secs(60), family_id: issue.family.id, replaced: false };
    let grant = Grant { state: GrantState::Redeemed(approval.clone(), redemption), ..stage.grant.clone() };
    let (grant, family) = (Row::Grant(Box::new(grant)), Row::Family(Box::new(issue.family.clone())));
    assert_eq!(decision.changes, [Change::Put(grant), Change::Put(family)]);
    let read = [Require::from(&stage.user), Require::from(&stage.client), Require::from(&stage.session)];
    assert_eq!(decision.requires, read);
    let family = &issue.family;
    assert_eq!((family.grant_id, &family.client_id, family.user_id), (stage.grant.id, &stage.client.id, stage.user.id));
    assert_eq!((family.session_id, &family.scope), (stage.session.id, &stage.grant.scope));
    assert_eq!((family.issued_at, family.expires_at), (T0 + secs(60), T0 + secs(60) + TOKENS));
}

#[test]
fn df_3_4_5_another_client_gets_nothing_from_any_state_at_any_time() {
    let stage = redeemed(AuthMethod::ClientSecretBasic);
    let GrantState::Redeemed(approval, _) = &stage.grant.state else { panic!("redeemed") };
    let denied = GrantState::Denied { at: T0, by: stage.user.id, reported: false };
    for state in [GrantState::Pending, GrantState::Approved(approval.clone()), denied, stage.grant.state.clone()] {
        for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
            let foreign = stage.with(|stage| {
                stage.caller = client("other", auth);
                stage.grant.state = state.clone();
            });
            for after in [61, 65, 75, 200, 650, 800, 2_000] {
                assert_eq!(foreign.poll(T0 + secs(after)), refused(Refusal::CodeForeign), "{state:?} {after}");
            }
        }
    }
}

#[test]
fn df_3_4_9_what_is_no_longer_allowed_is_not_issued() {
    let stage = approved(AuthMethod::None);
    let now = T0 + secs(60);
    let poll = |change: &dyn Fn(&mut Stage)| stage.with(change).poll(now);
    assert_eq!(poll(&|s| s.user.state = UserState::Locked), refused(Refusal::AccountUnfit));
    assert_eq!(poll(&|s| s.user = user(2)), refused(Refusal::AccountUnfit));
    assert_eq!(poll(&|s| s.client.enabled = false), refused(Refusal::ClientDisabled));
    assert_eq!(poll(&|s| s.client.grants = vec![GrantType::RefreshToken]), refused(Refusal::GrantNotEnabled));
    assert_eq!(poll(&|s| s.client.scopes = Scope::parse("openid").unwrap()), refused(Refusal::ScopeNotAllowed));
    let api = Resource::parse("https://api.example.com").unwrap();
    let lost = refused(Refusal::ResourceNotAllowed);
    assert_eq!(poll(&|s| s.grant.resources = vec![api.clone()]), lost, "the client may not name it any more");
    for cause in [RevocationCause::Administrator, RevocationCause::Everywhere, RevocationCause::NotMe] {
        let revoked = Some(Revocation { at: now, cause });
        assert_eq!(poll(&|s| s.session.revoked = revoked), refused(Refusal::SessionRevoked), "{cause:?}");
    }
    assert_eq!(poll(&|s| s.session.ended_at = Some(now)), Got::Tokens(None), "sign-out signs no device out");
    assert_eq!(poll(&|s| s.session.expires_at = now), Got::Tokens(None), "nor does the end of a session");
}

#[test]
fn df_3_4_8_cf_20_a_proven_holder_gets_one_replacement_from_one_second_to_sixty() {
    let (race, replayed) = (refused(Refusal::CodeReplayed), refused(Refusal::CodeReplayed));
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let stage = redeemed(auth);
        let first = stage.redemption();
        let replaced = Got::Tokens(Some(first.family_id));
        let got = around(first.at + RACE).map(|now| stage.poll(now));
        assert_eq!(got, [race.clone(), replaced.clone(), replaced.clone()]);
        let got = around(first.at + REPLACEMENT).map(|now| stage.poll(now));
        assert_eq!(got, [replaced, Got::Revoked, Got::Revoked]);

        let second = stage.redeem_at(first.at + secs(20));
        assert_eq!(second.redemption().at, first.at);
        assert_eq!((second.redemption().last_issue, second.redemption().replaced), (first.at + secs(20), true));
        let got = around(first.at + secs(20) + REVOKES).map(|now| second.poll(now));
        assert_eq!(
            got,
            [replayed.clone(), Got::Revoked, Got::Revoked],
            "only one, and ten seconds from the last issue"
        );
    }
}

#[test]
fn cf_9_oi_11_sb_4_14_1_lasting_access_is_for_offline_access_and_a_client_that_may_refresh_and_nobody_else() {
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
        for (scope, grants, lasting) in [
            ("openid offline_access", &[GrantType::DeviceCode, GrantType::RefreshToken][..], true),
            ("offline_access", &[GrantType::RefreshToken, GrantType::DeviceCode], true),
            ("openid profile", &[GrantType::DeviceCode, GrantType::RefreshToken], false),
            ("", &[GrantType::DeviceCode, GrantType::RefreshToken], false),
            ("openid offline_access", &[GrantType::DeviceCode], false),
        ] {
            let stage = approved(auth).with(|stage| {
                stage.grant.scope = Scope::parse(scope).unwrap();
                stage.client.grants = grants.to_vec();
            });
            let now = T0 + secs(60);
            let Redeem::Issue(issue) = stage.decide(now).reply else { panic!("refused") };
            assert_eq!((issue.access_until, issue.auth_time), (now + TOKENS, stage.session.auth_time));
            let (family, token) = (&issue.family, issue.refresh_token.as_ref());
            assert_eq!((token.is_some(), family.refresh.is_some()), (lasting, lasting), "{scope:?} {grants:?}");
            let lifetime = if lasting { lifetimes().refresh_absolute } else { TOKENS };
            assert_eq!((family.expires_at, family.refreshed_at), (now + lifetime, None), "{scope:?} {grants:?}");
            if let (Some(token), Some(refresh)) = (token, family.refresh) {
                assert_eq!((token.hash(), token.family_id(), token.generation()), (refresh.token, family.id, 0));
                assert_eq!((refresh.generation, refresh.idle_until), (0, now + lifetimes().refresh_idle));
            }
        }
    }
}

#[test]
fn cf_20_cf_9_a_replacement_has_a_refresh_token_of_its_own_family() {
    let lasting = approved(AuthMethod::ClientSecretBasic).with(|stage| {
        stage.grant.scope = Scope::parse("offline_access").unwrap();
        stage.client.grants.push(GrantType::RefreshToken);
    });
    let first = lasting.redeem_at(T0 + secs(60));
    let Redeem::Issue(second) = first.decide(T0 + secs(65)).reply else { panic!("refused") };
    let (old, new) = (first.family.as_ref().unwrap().refresh.unwrap(), second.family.refresh.unwrap());
    assert_ne!(old.token, new.token);
    let token = second.refresh_token.unwrap();
    assert_eq!((token.hash(), token.family_id(), token.generation()), (new.token, second.family.id, 0));
}

#[test]
fn cf_20_the_first_family_dies_in_the_commit_that_replaces_it() {
    let stage = redeemed(AuthMethod::ClientSecretBasic);
    let now = stage.redemption().at + secs(5);
    let old = stage.family.clone().unwrap();
    let decision = stage.decide(now);
    let revoked = Change::Put(Row::Family(Box::new(Family { revoked_at: Some(now), ..old })));
    assert_eq!((decision.changes.len(), decision.changes.contains(&revoked)), (3, true));
}

#[test]
fn df_3_4_8_cf_20_a_public_client_gets_no_replacement_and_loses_the_family_from_ten_seconds_on() {
    let stage = redeemed(AuthMethod::None);
    let first = stage.redemption();
    let replayed = refused(Refusal::CodeReplayed);
    let got = around(first.at + RACE).map(|now| stage.poll(now));
    assert_eq!(got, [replayed.clone(), replayed.clone(), replayed.clone()]);
    assert_eq!(around(first.at + REVOKES).map(|now| stage.poll(now)), [replayed, Got::Revoked, Got::Revoked]);
}

#[test]
fn df_3_4_8_a_family_that_was_refreshed_is_revoked_and_not_replaced() {
    let stage = redeemed(AuthMethod::ClientSecretBasic);
    let at = stage.redemption().at;
    let refreshed = stage.with(|s| s.family.as_mut().unwrap().refreshed_at = Some(at + secs(1)));
    assert_eq!(refreshed.poll(at + secs(5)), refused(Refusal::CodeReplayed));
    assert_eq!(refreshed.poll(at + secs(15)), Got::Revoked);
}

#[test]
fn df_3_4_8_a_dead_family_is_neither_replaced_nor_revoked_again() {
    let stage = redeemed(AuthMethod::ClientSecretBasic);
    let at = stage.redemption().at;
    let revoked = stage.with(|s| s.family.as_mut().unwrap().revoked_at = Some(at + secs(1)));
    let swept = stage.with(|s| s.family = None);
    let short = stage.with(|s| s.family.as_mut().unwrap().expires_at = at + secs(3));
    for dead in [revoked, swept, short] {
        for after in [5, 15, 59, 70, 900] {
            assert_eq!(dead.poll(at + secs(after)), refused(Refusal::CodeReplayed));
        }
    }
}

#[test]
fn df_3_4_8_df_3_4_9_a_replay_that_may_not_be_replaced_is_a_replay_like_any_other() {
    let stage = redeemed(AuthMethod::ClientSecretBasic);
    let at = stage.redemption().at;
    let revoked = Some(Revocation { at, cause: RevocationCause::NotMe });
    for unfit in [
        stage.with(|s| s.user.state = UserState::Locked),
        stage.with(|s| s.client.enabled = false),
        stage.with(|s| s.client.scopes = Scope::default()),
        stage.with(|s| s.session.revoked = revoked),
    ] {
        assert_eq!(unfit.poll(at + secs(5)), refused(Refusal::CodeReplayed));
        assert_eq!(unfit.poll(at + secs(15)), Got::Revoked);
    }
}

#[test]
fn a_clock_that_stepped_back_takes_nobody_for_a_thief() {
    let stage = redeemed(AuthMethod::None);
    assert_eq!(stage.poll(stage.redemption().at - secs(3)), refused(Refusal::CodeReplayed));
}
