//! Commands of the operator, and a running node that hears of them.

use flow::admin::{AdminError, ClientEdit, Declared};
use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use proto::model::AuthMethod;

use crate::support::{basic, client, world};

#[tokio::test]
async fn a_disabled_client_is_refused_at_once_although_it_is_cached() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let house = tokio::spawn({
        let flow = std::sync::Arc::clone(&world.flow);
        async move { flow.keep_house().await }
    });
    tokio::task::yield_now().await;
    let edit = ClientEdit { enabled: Some(false), ..ClientEdit::default() };
    world.flow.admin().edit_client(&world.tv.client_id, &edit).await.unwrap();
    let mut last = Refusal::AuthorizationPending;
    for _ in 0..100 {
        tokio::task::yield_now().await;
        last = world.poll(&world.tv, &device).await.unwrap_err();
    }
    assert_eq!(last, Refusal::ClientDisabled);
    house.abort();
}

#[tokio::test]
async fn a_client_that_changed_is_judged_as_it_is_although_nobody_told_this_node() {
    let world = world().await;
    let approved = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.decide(&person, &approved.user_code, Verdict::Approve).await;
    let edit = ClientEdit { name: Some("Renamed".into()), ..ClientEdit::default() };
    world.flow.admin().edit_client(&world.tv.client_id, &edit).await.unwrap();
    world.start(&world.tv).await;
    let edit = ClientEdit { enabled: Some(false), ..ClientEdit::default() };
    world.flow.admin().edit_client(&world.tv.client_id, &edit).await.unwrap();
    assert_eq!(world.poll(&world.tv, &approved).await.unwrap_err(), Refusal::ClientDisabled);
    assert_eq!(world.try_start(&world.tv).await.unwrap_err(), Refusal::ClientDisabled);
}

#[tokio::test]
async fn a_secret_is_rotated_with_two_live_and_the_third_kills_the_first() {
    let world = world().await;
    let admin = world.flow.admin();
    let second = admin.rotate_secret(&world.server.client_id).await.unwrap();
    let registered = admin.client(&world.server.client_id).await.unwrap();
    assert_eq!(registered.secrets.len(), 2);
    world.start(&basic("server", &second)).await;
    let third = admin.rotate_secret(&world.server.client_id).await.unwrap();
    let registered = admin.client(&world.server.client_id).await.unwrap();
    assert!(registered.secrets == [third.hash(), second.hash()]);
    assert!(matches!(admin.rotate_secret(&world.tv.client_id).await, Err(AdminError::Unknown(_))));
}

#[tokio::test]
async fn older_secrets_end_at_once_when_the_operator_says_so() {
    let world = world().await;
    let (admin, id) = (world.flow.admin(), &world.server.client_id);
    assert!(!admin.drop_old_secrets(id).await.unwrap(), "there is one alone");
    let second = admin.rotate_secret(id).await.unwrap();
    world.start(&world.server).await;
    assert!(admin.drop_old_secrets(id).await.unwrap());
    assert_eq!(world.try_start(&world.server).await.unwrap_err(), Refusal::SecretWrong);
    world.start(&basic("server", &second)).await;
    admin.rotate_secret(id).await.unwrap();
    let last = admin.replace_secret(id).await.unwrap();
    assert!(admin.client(id).await.unwrap().secrets == [last.hash()]);
    assert_eq!(world.try_start(&basic("server", &second)).await.unwrap_err(), Refusal::SecretWrong);
    for refused in
        [admin.replace_secret(&world.tv.client_id).await.err(), admin.drop_old_secrets(&world.tv.client_id).await.err()]
    {
        assert!(matches!(refused, Some(AdminError::Unknown(_))));
    }
}

#[tokio::test]
async fn declared_clients_follow_the_configuration_and_no_command() {
    let world = world().await;
    let admin = world.flow.admin();
    let declared = |name: &str| Declared {
        client: proto::model::Client { name: name.into(), ..client("box", AuthMethod::None) },
        text: name.into(),
    };
    admin.declare(&[declared("one")]).await.unwrap();
    admin.declare(&[declared("one")]).await.unwrap();
    let id = client("box", AuthMethod::None).id;
    assert_eq!(admin.client(&id).await.unwrap().version, 1, "the epoch moves only with the declaration");
    admin.declare(&[declared("two")]).await.unwrap();
    assert_eq!(admin.client(&id).await.unwrap().version, 2);
    assert!(matches!(admin.edit_client(&id, &ClientEdit::default()).await, Err(AdminError::Declared(_))));
    admin.declare(&[]).await.unwrap();
    assert!(!admin.client(&id).await.unwrap().enabled);
    admin.declare(&[declared("two")]).await.unwrap();
    assert!(admin.client(&id).await.unwrap().enabled);
    let clash = Declared { client: client("tv", AuthMethod::None), text: String::new() };
    assert!(matches!(admin.declare(&[clash]).await, Err(AdminError::Taken(_))));
}

#[tokio::test]
async fn a_grant_taken_back_gives_nothing_any_more() {
    let world = world().await;
    let device = world.start(&world.tv).await;
    let person = world.sign_in().await;
    world.decide(&person, &device.user_code, Verdict::Approve).await;
    let issued = world.poll(&world.tv, &device).await.unwrap();
    let token = issued.response.access_token.reveal().to_owned();
    world.flow.userinfo(&token, None).await.unwrap();
    world.flow.admin().revoke_grant(issued.grant_id).await.unwrap();
    assert!(world.flow.userinfo(&token, None).await.is_err());
}
