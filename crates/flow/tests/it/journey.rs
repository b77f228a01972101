//! From the device's first request to its tokens, and everything it may hear on the way.

use std::time::Duration;

use flow::{Found, TokenRefusal};
use jose::{Algorithm, JwkSet, Keys, access_token, id_token};
use proto::grant::Refusal;
use proto::grant::decide::{Verdict, Void};
use proto::grant::lookup::{Arrival, Ended};
use proto::model::RevocationCause;

use crate::support::{World, public, world};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn df_3_5_1_df_3_5_2_cf_7_an_approved_grant_gives_tokens_that_verify() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    assert_eq!((device.expires_in, device.interval), (600, 1));
    assert_eq!(device.verification_uri, "https://id.example.com/device");
    assert_eq!(
        device.verification_uri_complete.as_deref(),
        Some(&*format!("https://id.example.com/D/{}", device.user_code))
    );
    assert_eq!(world.poll(&world.tv, &device).await.unwrap_err(), Refusal::AuthorizationPending);
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    let issued = world.poll(&world.tv, &device).await.unwrap();

    let jwks = JwkSet::parse(world.flow.jwks_json().as_bytes()).unwrap();
    let token = issued.response.access_token.reveal();
    let expected = access_token::Expected {
        issuer: "https://id.example.com",
        audience: "https://id.example.com",
        algorithms: &[Algorithm::Es256],
        keys: Keys::from(&jwks),
        now: world.env.now(),
        leeway: Duration::ZERO,
    };
    let access = access_token::validate(token, &expected).unwrap();
    assert_eq!((access.sub.as_str(), access.client_id.as_str()), (&*person.user.id.to_string(), "tv"));
    let id = issued.response.id_token.unwrap();
    let expected = id_token::Expected {
        issuer: "https://id.example.com",
        client_id: "tv",
        trusted_audiences: &[],
        algorithms: &[Algorithm::Rs256],
        keys: Keys::from(&jwks),
        now: world.env.now(),
        leeway: Duration::ZERO,
        max_age: id_token::MAX_AGE,
        access_token: Some(token),
        nonce: None,
    };
    let id = id_token::validate(id.reveal(), &expected).unwrap();
    assert_eq!(id.sub, access.sub);
    let info = world.flow.userinfo(token, None).await.unwrap();
    assert_eq!((info.sub, info.person.name.as_deref()), (access.sub, Some("Maria")));
}

#[tokio::test]
async fn df_3_5_5_a_denied_grant_says_so_and_stays_so() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Report).await;
    for _ in 0..3 {
        assert_eq!(world.poll(&world.tv, &device).await.unwrap_err(), Refusal::Denied);
    }
    assert!(matches!(
        world.look_up(&person, &device.user_code, Arrival::Typed).await,
        Found::Decided(Ended::Denied, ..)
    ));
}

#[tokio::test]
async fn df_3_5_6_an_undecided_grant_expires_and_a_decision_in_time_is_honoured() {
    let world = world().await;
    let undecided = world.start(&world.tv).await;
    let decided = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.env.advance(Duration::from_millis(599_999));
    let person = {
        drop(person);
        world.sign_in().await
    };
    world.decide(&person, &decided.user_code, Verdict::Approve).await;
    world.env.advance(Duration::from_millis(1));
    for _ in 0..3 {
        assert_eq!(world.poll(&world.tv, &undecided).await.unwrap_err(), Refusal::Expired);
    }
    assert!(matches!(world.look_up(&person, &undecided.user_code, Arrival::Typed).await, Found::Unusable));
    world.env.advance(Duration::from_millis(119_999));
    world.poll(&world.tv, &decided).await.unwrap();
}

#[tokio::test]
async fn df_3_4_5_df_3_4_6_foreign_unknown_and_malformed_codes_are_refused_alike() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let foreign = world.poll(&world.server, &device).await.unwrap_err();
    assert_eq!(foreign, Refusal::CodeForeign);
    for code in ["x", "dc_", &"a".repeat(5_000), "\u{fe0f}", &device.user_code] {
        let refused = world.poll_for(&world.tv, code, Duration::ZERO).await.outcome.unwrap_err();
        assert_eq!(refused.body(), foreign.body(), "{code}");
    }
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    assert_eq!(world.poll(&world.server, &device).await.unwrap_err(), Refusal::CodeForeign);
    world.poll(&world.tv, &device).await.unwrap();
}

#[tokio::test]
async fn df_3_1_12_df_3_4_4_clients_are_authenticated_on_every_request() {
    let world = world().await;
    assert_eq!(world.try_start(&public("nobody")).await.unwrap_err(), Refusal::ClientUnknown);
    assert_eq!(world.try_start(&public("server")).await.unwrap_err(), Refusal::ClientAuthMissing);
    let device = world.start(&world.server).await;
    assert_eq!(world.poll(&public("server"), &device).await.unwrap_err(), Refusal::ClientAuthMissing);
    assert_eq!(world.poll(&world.server, &device).await.unwrap_err(), Refusal::AuthorizationPending);
}

async fn redeemed(world: &World) -> (proto::wire::authorize::AuthorizationResponse, String) {
    let device = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    let issued = world.poll(&world.tv, &device).await.unwrap();
    (device, issued.response.access_token.reveal().to_owned())
}

#[tokio::test]
async fn df_3_4_8_a_late_replay_revokes_and_an_early_one_does_not() {
    let world = world().await;
    let (device, token) = redeemed(&world).await;
    for after in [Duration::ZERO, SECOND * 9] {
        world.env.advance(after);
        assert_eq!(world.poll(&world.tv, &device).await.unwrap_err(), Refusal::CodeReplayed);
        world.flow.userinfo(&token, None).await.unwrap();
    }
    world.env.advance(SECOND);
    assert_eq!(world.poll(&world.tv, &device).await.unwrap_err(), Refusal::CodeReplayed);
    assert!(matches!(world.flow.userinfo(&token, None).await, Err(TokenRefusal::Invalid)));
}

#[tokio::test]
async fn df_3_4_9_nothing_is_issued_for_a_locked_person_or_a_revoked_session() {
    let world = world().await;
    let person = world.sign_in().await;
    let locked = world.start(&world.tv).await;
    world.decide(&person, &locked.user_code, Verdict::Approve).await;
    let edit = flow::admin::UserEdit { state: Some(proto::model::UserState::Locked), ..Default::default() };
    world.flow.admin().edit_user(&person.user.name, &edit).await.unwrap();
    assert_eq!(world.poll(&world.tv, &locked).await.unwrap_err(), Refusal::AccountUnfit);
    let edit = flow::admin::UserEdit { state: Some(proto::model::UserState::Active), ..Default::default() };
    world.flow.admin().edit_user(&person.user.name, &edit).await.unwrap();

    let signed_out = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.decide(&person, &signed_out.user_code, Verdict::Approve).await;
    world.flow.sign_out(person.session.id).await.unwrap();
    world.poll(&world.tv, &signed_out).await.unwrap();

    let not_me = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.decide(&person, &not_me.user_code, Verdict::Approve).await;
    world.flow.end_session(&person, person.session.id, true).await.unwrap();
    assert_eq!(world.poll(&world.tv, &not_me).await.unwrap_err(), Refusal::SessionRevoked);
    let revoked = world.store.session(person.session.id).await.unwrap().unwrap().revoked.unwrap();
    assert_eq!(revoked.cause, RevocationCause::NotMe);
}

#[tokio::test]
async fn df_3_3_12_df_3_3_13_the_first_decision_stands_and_a_changed_client_voids_it() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let person = world.sign_in().await;
    let Found::Question(question) = world.look_up(&person, &device.user_code, Arrival::Typed).await else { panic!() };
    let shown = world.flow.shown(&question.handle).unwrap();
    let edit = flow::admin::ClientEdit { name: Some("Another name".into()), ..Default::default() };
    world.flow.admin().edit_client(&world.tv.client_id, &edit).await.unwrap();
    let void = world.flow.decide(&person, shown, Verdict::Approve).await.unwrap_err();
    assert!(matches!(void, flow::DecideFailure::Void(Void::Changed)));

    let Found::Question(question) = world.look_up(&person, &device.user_code, Arrival::Typed).await else { panic!() };
    let shown = world.flow.shown(&question.handle).unwrap();
    assert_eq!(world.flow.decide(&person, shown, Verdict::Deny).await.unwrap().ended, Ended::Denied);
    let again = world.flow.decide(&person, shown, Verdict::Approve).await.unwrap();
    assert_eq!((again.ended, again.changed), (Ended::Denied, false));
}
