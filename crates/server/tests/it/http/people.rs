//! Who a person is to a client, and how they signed in: `sub`, `acr` and `amr`, the same wherever they are told.

use std::collections::BTreeMap;

use proto::model::{AuthMethod, Client, GrantType, SubjectType};
use serde_json::{Value, json};

use super::signed::own;
use super::support::{Call, Caller, INTROSPECT, METADATA, USERINFO, part};
use crate::support::{TestApp, client, user_name};

async fn register(app: &TestApp, id: &str, subject: SubjectType) -> Caller {
    let mut client = Client { grants: vec![GrantType::DeviceCode, GrantType::RefreshToken], ..client(id, id) };
    client.tokens.subject = subject;
    Caller::register_as(app, client).await
}

async fn api(app: &TestApp) -> Caller {
    let api = Client { auth: AuthMethod::ClientSecretBasic, introspects: true, ..client("api", "The API") };
    Caller::register_as(app, api).await
}

/// Everything that says who the person is, of one sign-in: claims of tokens, introspection, userinfo.
async fn told(app: &TestApp, api: &Caller, device: &Caller) -> Vec<Value> {
    let first = device.signed_in(app, "openid+offline_access").await;
    let again = device.refresh(&first.text("refresh_token")).send(app).await;
    let mut told = Vec::new();
    for tokens in [first, again] {
        let access = tokens.text("access_token");
        told.push(part(&tokens.text("id_token"), 1));
        told.push(part(&access, 1));
        told.push(Call::get(USERINFO).bearer(&access).send(app).await.json());
        told.push(api.call(INTROSPECT, &format!("token={access}")).send(app).await.json());
    }
    told
}

#[tokio::test]
async fn oi_12_oi_9_oi_8_a_pairwise_subject_is_one_within_a_sector_and_says_nothing_outside_it() {
    let (one, two) = TestApp::new().await.twice().await;
    let api = api(&one).await;
    let maria = one.flow.admin().user(&user_name("maria")).await.unwrap().id.to_string();
    let sector = |name: &str| SubjectType::Pairwise(Some(name.into()));
    let mut subjects = BTreeMap::new();
    for (id, subject) in [
        ("public", SubjectType::Public),
        ("alone", SubjectType::Pairwise(None)),
        ("lonely", SubjectType::Pairwise(None)),
        ("tv1", sector("tv.example.com")),
        ("tv2", sector("tv.example.com")),
        ("alone2", sector("alone")),
        ("radio", sector("radio.example.com")),
    ] {
        let device = register(&one, id, subject).await;
        for app in [&one, &two] {
            for told in told(app, &api, &device).await {
                let sub = told["sub"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
                assert!(sub.is_ascii() && (1..=255).contains(&sub.len()), "{sub}");
                assert_eq!(subjects.entry(id).or_insert_with(|| sub.clone()), &sub, "{id}: {told}");
                // Nothing beside it tells them apart from others either.
                assert!(id == "public" || !told.to_string().contains(&maria), "{told}");
                assert!(id == "public" || !told.to_string().contains("maria"), "{told}");
            }
        }
    }
    assert_eq!(subjects["public"], maria);
    assert_eq!(subjects["tv1"], subjects["tv2"]);
    let distinct: std::collections::BTreeSet<_> = subjects.values().collect();
    assert_eq!(distinct.len(), subjects.len() - 1, "{subjects:?}");
    one.add_user("erik").await;
    let published = Call::get(METADATA).send(&one).await.json();
    assert_eq!(published["subject_types_supported"], json!(["public", "pairwise"]));
}

#[tokio::test]
async fn oi_4_at_2_2_1_1_how_the_person_signed_in_is_told_alike_everywhere_and_is_published() {
    let app = TestApp::new().await;
    let api = api(&app).await;
    let device = register(&app, "box", SubjectType::Public).await;
    let published = Call::get(METADATA).send(&app).await.json();
    let auth_time = app.env.now().as_seconds();
    for told in told(&app, &api, &device).await.into_iter().filter(|told| told.get("exp").is_some()) {
        assert_eq!(told["amr"], json!(["pwd"]), "{told}");
        assert_eq!(told["acr"], "urn:countersign:acr:one-factor", "{told}");
        assert_eq!(told["auth_time"], auth_time, "{told}");
        assert!(published["acr_values_supported"].as_array().unwrap().contains(&told["acr"]));
    }
    // Later tokens of the same access tell of the same sign-in.
    let tokens = device.signed_in_with(&app, own(), "openid+offline_access").await;
    let since = app.env.now().as_seconds();
    app.advance(3_600);
    let renewed = device.refresh(&tokens.text("refresh_token")).proven(&app, own()).send(&app).await;
    for token in ["access_token", "id_token"] {
        let claims = part(&renewed.text(token), 1);
        assert_eq!((claims["auth_time"].as_i64(), claims["iat"].as_i64()), (Some(since), Some(since + 3_600)));
        assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:countersign:acr:one-factor"), &json!(["pwd"])));
    }
}
