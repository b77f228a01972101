//! Lasting access: refreshed, narrowed, revoked, stolen.

use std::sync::Arc;
use std::time::Duration;

use flow::{Issued, RefreshRequest, RenameFailure, Renewed, TokenRefusal};
use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use proto::model::{Client, GrantType, Scope, UserState};
use proto::wire::credentials::Credentials;

use crate::support::{World, by, world};

const DAY: Duration = Duration::from_secs(86_400);

async fn lasting(world: &World, who: &Credentials) -> Issued {
    let admin = world.flow.admin();
    let edit = flow::admin::ClientEdit {
        grants: Some(vec![GrantType::DeviceCode, GrantType::RefreshToken]),
        scopes: Some(Scope::parse("openid profile offline_access").unwrap()),
        ..Default::default()
    };
    admin.edit_client(&who.client_id, &edit).await.unwrap();
    let device = world.start_for(who, "openid profile offline_access").await;
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    world.poll(who, &device).await.unwrap()
}

fn token(issued: &Issued) -> String {
    issued.response.refresh_token.as_ref().unwrap().reveal().to_owned()
}

async fn refresh(world: &World, who: &Credentials, token: &str) -> Result<Issued, Refusal> {
    refresh_to(world, who, token, None).await.outcome
}

async fn refresh_to(world: &World, who: &Credentials, token: &str, scope: Option<&str>) -> Renewed {
    world
        .flow
        .refresh(RefreshRequest { caller: by(who), refresh_token: Some(token), scope, resources: Vec::new() })
        .await
}

#[tokio::test]
async fn sb_2_2_2_1_oa_6_3_an_unbound_token_is_replaced_each_time_and_the_replaced_one_ends_the_family() {
    let world = world().await;
    let first = lasting(&world, &world.tv).await;
    world.env.advance(DAY);
    let second = refresh(&world, &world.tv, &token(&first)).await.unwrap();
    assert_ne!(token(&second), token(&first));
    assert_eq!(second.response.scope, first.response.scope);
    world.flow.userinfo(second.response.access_token.reveal(), None).await.unwrap();
    let third = refresh(&world, &world.tv, &token(&second)).await.unwrap();
    let stolen = refresh_to(&world, &world.tv, &token(&second), None).await;
    assert_eq!(stolen.outcome.unwrap_err(), Refusal::RefreshTokenReplayed);
    assert_eq!(stolen.replayed, Some(first.grant_id));
    assert_eq!(refresh(&world, &world.tv, &token(&third)).await.unwrap_err(), Refusal::RefreshTokenInvalid);
    let dead = world.flow.userinfo(third.response.access_token.reveal(), None).await;
    assert!(matches!(dead, Err(TokenRefusal::Invalid)));
}

#[tokio::test]
async fn cf_8_a_client_with_a_secret_keeps_its_token() {
    let world = world().await;
    let issued = lasting(&world, &world.server).await;
    for _ in 0..3 {
        world.env.advance(DAY * 6);
        let again = refresh(&world, &world.server, &token(&issued)).await.unwrap();
        assert!(again.response.refresh_token.is_none());
    }
}

#[tokio::test]
async fn sb_4_14_4_a_family_ends_idle_after_a_week_and_in_any_case_after_a_month() {
    let world = world().await;
    let idle = lasting(&world, &world.server).await;
    world.env.advance(DAY * 7);
    assert_eq!(refresh(&world, &world.server, &token(&idle)).await.unwrap_err(), Refusal::RefreshTokenInvalid);
    let used = lasting(&world, &world.server).await;
    for _ in 0..4 {
        world.env.advance(DAY * 6);
        refresh(&world, &world.server, &token(&used)).await.unwrap();
    }
    world.env.advance(DAY * 6);
    assert_eq!(refresh(&world, &world.server, &token(&used)).await.unwrap_err(), Refusal::RefreshTokenInvalid);
}

#[tokio::test]
async fn oa_6_1_oa_6_2_a_token_is_its_clients_own_and_never_gives_more() {
    let world = world().await;
    let issued = lasting(&world, &world.tv).await;
    assert_eq!(refresh(&world, &world.server, &token(&issued)).await.unwrap_err(), Refusal::RefreshTokenInvalid);
    let more = refresh_to(&world, &world.tv, &token(&issued), Some("openid email")).await;
    assert_eq!(more.outcome.unwrap_err(), Refusal::ScopeNotAllowed);
    let less = refresh_to(&world, &world.tv, &token(&issued), Some("openid")).await.outcome.unwrap();
    assert_eq!(less.response.scope.as_deref(), Some("openid"));
    let info = world.flow.userinfo(less.response.access_token.reveal(), None).await.unwrap();
    assert_eq!(info.person.name, None, "the profile was not asked for");
    let whole = refresh(&world, &world.tv, &token(&less)).await.unwrap();
    assert_eq!(whole.response.scope, issued.response.scope);
    for noise in ["", "rt_", "rt_AAAA", issued.response.access_token.reveal()] {
        let refused = refresh(&world, &world.tv, noise).await.unwrap_err();
        assert_eq!(refused, Refusal::RefreshTokenInvalid, "{noise}");
    }
}

#[tokio::test]
async fn cf_9_oi_11_without_the_scope_or_the_grant_there_is_no_lasting_access() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    assert!(world.poll(&world.tv, &device).await.unwrap().response.refresh_token.is_none());
}

#[tokio::test]
async fn df_3_4_9_a_refresh_is_judged_as_a_redemption_is() {
    let world = world().await;
    let issued = lasting(&world, &world.server).await;
    let person = world.flow.admin().users().await.unwrap().remove(0);
    let lock = |state| flow::admin::UserEdit { state: Some(state), ..Default::default() };
    world.flow.admin().edit_user(&person.name, &lock(UserState::Locked)).await.unwrap();
    assert_eq!(refresh(&world, &world.server, &token(&issued)).await.unwrap_err(), Refusal::AccountUnfit);
    world.flow.admin().edit_user(&person.name, &lock(UserState::Active)).await.unwrap();
    refresh(&world, &world.server, &token(&issued)).await.unwrap();
    world.flow.admin().end_sessions(&person.name).await.unwrap();
    assert_eq!(refresh(&world, &world.server, &token(&issued)).await.unwrap_err(), Refusal::SessionRevoked);
}

#[tokio::test]
async fn rv_2_1_2_rv_2_2_1_a_client_gives_back_its_own_tokens_and_no_others() {
    let world = world().await;
    for by_access in [true, false] {
        let issued = lasting(&world, &world.server).await;
        let access = issued.response.access_token.reveal().to_owned();
        let shown = if by_access { access.clone() } else { token(&issued) };
        assert_eq!(world.flow.revoke(by(&world.tv), &shown).await.unwrap_err(), Refusal::RefreshTokenInvalid);
        world.flow.userinfo(&access, None).await.unwrap();
        let revoked = world.flow.revoke(by(&world.server), &shown).await.unwrap().unwrap();
        assert_eq!(revoked.grant_id, issued.grant_id);
        assert!(matches!(world.flow.userinfo(&access, None).await, Err(TokenRefusal::Invalid)));
        assert_eq!(refresh(&world, &world.server, &token(&issued)).await.unwrap_err(), Refusal::RefreshTokenInvalid);
        assert_eq!(world.flow.revoke(by(&world.server), &shown).await.unwrap(), None, "again");
    }
    assert_eq!(world.flow.revoke(by(&world.server), "anything").await.unwrap(), None);
}

#[tokio::test]
async fn sb_4_14_3_of_sixty_four_refreshes_of_one_token_one_succeeds_and_the_family_ends() {
    let world = Arc::new(world().await);
    for _ in 0..10 {
        let issued = lasting(&world, &world.tv).await;
        let refreshes: Vec<_> = (0..64)
            .map(|_| {
                let (world, text) = (Arc::clone(&world), token(&issued));
                tokio::spawn(async move { refresh(&world, &world.tv, &text).await })
            })
            .collect();
        let mut renewed = Vec::new();
        for refresh in refreshes {
            renewed.extend(refresh.await.unwrap().ok());
        }
        assert_eq!(renewed.len(), 1);
        let used = refresh(&world, &world.tv, &token(&renewed[0])).await.unwrap_err();
        assert_eq!(used, Refusal::RefreshTokenInvalid, "a token that came twice ended it");
    }
}

#[tokio::test]
async fn a_client_that_lost_the_grant_refreshes_no_more() {
    let world = world().await;
    let issued = lasting(&world, &world.server).await;
    let edit = flow::admin::ClientEdit { grants: Some(vec![GrantType::DeviceCode]), ..Default::default() };
    world.flow.admin().edit_client(&world.server.client_id, &edit).await.unwrap();
    let Client { grants, .. } = world.flow.admin().client(&world.server.client_id).await.unwrap();
    assert!(!grants.contains(&GrantType::RefreshToken));
    assert_eq!(refresh(&world, &world.server, &token(&issued)).await.unwrap_err(), Refusal::RefreshNotEnabled);
}

#[tokio::test]
async fn a_person_sees_names_and_removes_their_devices_and_nobody_elses() {
    let world = world().await;
    let issued = lasting(&world, &world.tv).await;
    let person = world.sign_in().await;
    let stranger = world.another().await;
    let devices = world.flow.devices(&person).await.unwrap();
    assert_eq!(devices.len(), 1);
    let id = devices[0].family.id;
    assert_eq!((id, devices[0].client.as_ref().unwrap().name.as_str()), (issued.family_id, "The tv"));
    assert!(world.flow.devices(&stranger).await.unwrap().is_empty());

    world.flow.rename_device(&person, id, "Upstairs").await.unwrap();
    assert!(matches!(world.flow.rename_device(&stranger, id, "Mine").await, Err(RenameFailure::Unknown)));
    let long = "x".repeat(65);
    assert!(matches!(world.flow.rename_device(&person, id, &long).await, Err(RenameFailure::TooLong)));
    let renamed = world.flow.devices(&person).await.unwrap().remove(0);
    assert_eq!(renamed.family.device_name.as_deref(), Some("Upstairs"));
    let again = refresh(&world, &world.tv, &token(&issued)).await.unwrap();

    assert!(!world.flow.remove_device(&stranger, id).await.unwrap());
    world.flow.userinfo(again.response.access_token.reveal(), None).await.unwrap();
    assert!(world.flow.remove_device(&person, id).await.unwrap());
    assert!(!world.flow.remove_device(&person, id).await.unwrap());
    assert!(world.flow.devices(&person).await.unwrap().is_empty());
    let dead = world.flow.userinfo(again.response.access_token.reveal(), None).await;
    assert!(matches!(dead, Err(TokenRefusal::Invalid)));
    assert_eq!(refresh(&world, &world.tv, &token(&again)).await.unwrap_err(), Refusal::RefreshTokenInvalid);
}

#[tokio::test]
async fn a_device_that_is_left_unused_is_not_listed() {
    let world = world().await;
    lasting(&world, &world.tv).await;
    world.env.advance(DAY * 7);
    let person = world.sign_in().await;
    assert!(world.flow.devices(&person).await.unwrap().is_empty());
}
