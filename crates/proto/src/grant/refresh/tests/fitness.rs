//! Who may no longer refresh, and what a refresh means for the code.

use super::*;

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
        let api = crate::model::Resource::parse("https://api.example.com").unwrap();
        assert_eq!(refused(&|s| s.family.resources = vec![api.clone()]), Refusal::ResourceNotAllowed);
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
        let decision =
            refresh(scene, caller(&stage.caller), asked, Carried::default(), lifetimes(), START, &mut Seeded::new(1));
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
            let decision =
                redeem(scene, caller(&stage.client), Carried::default(), lifetimes(), now, &mut Seeded::new(3));
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
