//! Grants that are bound to a DPoP key (DPD-1 to DPD-3) or to a PKCE verifier.

use super::*;
use crate::model::{CodeChallenge, Demand};

const fn key(byte: u8) -> Option<KeyThumbprint> {
    Some(KeyThumbprint::from_bytes([byte; 32]))
}

fn bound(stage: &Stage) -> Stage {
    stage.with(|stage| {
        stage.grant.dpop = key(1);
        stage.key = key(1);
    })
}

#[test]
fn dpd_3_a_poll_of_a_bound_grant_without_its_key_learns_nothing_whatever_the_state() {
    let denied = |stage: &mut Stage| {
        stage.grant.state = GrantState::Denied { at: T0, by: stage.user.id, reported: false };
    };
    let now = T0 + secs(70);
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
        for stage in [
            approved(auth),
            approved(auth).with(|stage| stage.grant.state = GrantState::Pending),
            approved(auth).with(denied),
            redeemed(auth),
        ] {
            let stage = bound(&stage);
            let missing = stage.with(|stage| stage.key = None).poll(now);
            assert_eq!(missing, refused(Refusal::DpopMissing));
            assert_eq!(stage.with(|stage| stage.key = key(2)).poll(now), refused(Refusal::DpopKeyForeign));
            let overdue = T0 + LIFETIME * 2;
            assert_eq!(stage.with(|stage| stage.key = None).poll(overdue), refused(Refusal::DpopMissing));
        }
        let stage = bound(&approved(auth));
        assert_eq!(stage.poll(now), Got::Tokens(None));
        assert_eq!(stage.redeem_at(now).family.unwrap().dpop, key(1));
    }
}

#[test]
fn dp_5_1_1_a_client_that_must_bind_gets_nothing_without_a_proof() {
    let must = approved(AuthMethod::None).with(|stage| {
        stage.client.tokens.dpop = Demand::Required;
        stage.caller.tokens.dpop = Demand::Required;
    });
    assert_eq!(must.poll(T0 + secs(60)), refused(Refusal::DpopMissing));
    assert_eq!(must.with(|stage| stage.key = key(4)).poll(T0 + secs(60)), Got::Tokens(None));
}

#[test]
fn cf_20_cf_6_the_key_of_the_first_tokens_proves_the_holder_and_client_authentication_does_not_replace_it() {
    let replay = T0 + secs(65);
    let public = approved(AuthMethod::None).with(|stage| stage.key = key(1)).redeem_at(T0 + secs(60));
    assert_eq!(public.poll(replay), Got::Tokens(public.family.as_ref().map(|family| family.id)));
    assert_eq!(public.with(|stage| stage.key = key(2)).poll(replay), refused(Refusal::CodeReplayed));
    assert_eq!(public.with(|stage| stage.key = None).poll(replay), refused(Refusal::CodeReplayed));
    let confidential =
        approved(AuthMethod::ClientSecretBasic).with(|stage| stage.key = key(1)).redeem_at(T0 + secs(60));
    assert_eq!(confidential.with(|stage| stage.key = key(2)).poll(replay), refused(Refusal::CodeReplayed));
}

#[test]
fn df_x_1_a_grant_with_a_challenge_is_redeemed_only_with_its_verifier() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let stage = approved(AuthMethod::None).with(|stage| {
        stage.grant.code_challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    });
    let now = T0 + secs(60);
    assert_eq!(stage.poll(now), refused(Refusal::VerifierWrong));
    assert_eq!(stage.with(|stage| stage.verifier = Some("wrong")).poll(now), refused(Refusal::VerifierWrong));
    assert_eq!(stage.with(|stage| stage.verifier = Some(verifier)).poll(now), Got::Tokens(None));
}
