//! What tokens are good for (RFC 7662): who may ask, and that every path to an end is seen at once.

use proto::model::{AuthMethod, Resource, UserState};

use super::support::{AUTHORIZATION, Call, Caller, INTROSPECT, part};
use crate::support::{TestApp, client, user_name};

const INACTIVE: &str = r#"{"active":false}"#;

/// An API that may ask, and a device with lasting access.
async fn stage(app: &TestApp) -> (Caller, Caller) {
    let api = proto::model::Client {
        auth: AuthMethod::ClientSecretBasic,
        grants: Vec::new(),
        introspects: true,
        ..client("api", "The API")
    };
    (Caller::register_as(app, api).await, Caller::lasting(app, "box", AuthMethod::None).await)
}

fn ask(api: &Caller, token: &str) -> Call {
    api.call(INTROSPECT, &format!("token={token}"))
}

#[tokio::test]
async fn in_2_1_in_2_2_1_in_2_2_4_in_5_1_an_api_learns_what_an_access_token_is_good_for() {
    let app = TestApp::new().await;
    let (api, device) = stage(&app).await;
    let tokens = device.signed_in_for_long(&app).await;
    let access = tokens.text("access_token");
    let answer = ask(&api, &access).send(&app).await;
    assert_eq!((answer.status, answer.header("cache-control"), answer.header("pragma")), (200, "no-store", "no-cache"));
    let body = answer.json();
    let claims = part(&access, 1);
    for same in ["aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "amr"] {
        assert_eq!(body[same], claims[same], "{same}");
    }
    assert_eq!((&body["active"], &body["username"]), (&true.into(), &"maria".into()));
    assert_eq!(body["token_type"], "Bearer");
}

#[tokio::test]
async fn in_2_1_2_in_2_3_1_only_an_api_that_may_ask_and_proves_it_is_answered() {
    let app = TestApp::new().await;
    let (api, device) = stage(&app).await;
    let access = device.signed_in_for_long(&app).await.text("access_token");
    let other = Caller::register(&app, "other", AuthMethod::ClientSecretBasic).await;
    for caller in [&device, &other] {
        let refused = ask(caller, &access).send(&app).await;
        assert_eq!(refused.refusal(), (400, "unauthorized_client".to_owned()));
    }
    let body = format!("client_id=api&token={access}");
    assert_eq!(Call::post(INTROSPECT, &body).send(&app).await.refusal(), (400, "invalid_client".to_owned()));
    let wrong = Call::post(INTROSPECT, &body).basic("api:wrong").send(&app).await;
    assert_eq!(wrong.refusal(), (401, "invalid_client".to_owned()));
    assert!(wrong.header("www-authenticate").starts_with("Basic "));
    assert_eq!(api.call(INTROSPECT, "").send(&app).await.refusal(), (400, "invalid_request".to_owned()));
    let get = Call::get(INTROSPECT).send(&app).await;
    assert_eq!((get.status, get.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn in_2_2_2_in_2_3_1_in_2_3_2_whatever_else_is_shown_is_not_active() {
    let app = TestApp::new().await;
    let (api, device) = stage(&app).await;
    let tokens = device.signed_in_for_long(&app).await;
    let started = device.start(&app, "openid").await;
    for token in [
        "x".to_owned(),
        "%00".to_owned(),
        "a".repeat(8_000),
        started.device_code,
        started.user_code,
        tokens.text("id_token"),
        tokens.text("refresh_token"),
        format!("{}x", tokens.text("access_token")),
    ] {
        for hint in ["", "&token_type_hint=refresh_token", "&token_type_hint=whatever"] {
            let answer = ask(&api, &format!("{token}{hint}")).send(&app).await;
            assert_eq!((answer.status, answer.body()), (200, INACTIVE), "{token}{hint}");
        }
    }
    let hinted = ask(&api, &format!("{}&token_type_hint=refresh_token", tokens.text("access_token")));
    assert_eq!(hinted.send(&app).await.json()["active"], true, "a wrong hint widens the search");
}

#[tokio::test]
async fn in_2_2_2_in_2_2_3_an_api_without_resources_is_not_told_of_tokens_for_those_of_others() {
    let app = TestApp::new().await;
    let (api, _) = stage(&app).await;
    let photos = Resource::parse("https://photos.example.com").unwrap();
    let mut device = client("player", "Player");
    device.tokens.resources = vec![photos];
    let device = Caller::register_as(&app, device).await;
    for (resource, active) in [("", true), ("&resource=https://photos.example.com", false)] {
        let started = device.call(AUTHORIZATION, &format!("scope=openid{resource}")).send(&app).await;
        app.decide(&started.text("user_code"), "approve").await;
        let token = device.poll(&started.text("device_code")).send(&app).await.text("access_token");
        assert_eq!(ask(&api, &token).send(&app).await.json()["active"], active, "{resource}");
    }
}

#[tokio::test]
async fn in_2_2_3_every_end_is_seen_at_once() {
    let app = TestApp::new().await;
    let (api, device) = stage(&app).await;
    let access = async || device.signed_in_for_long(&app).await.text("access_token");
    let active = async |token: &str| ask(&api, token).send(&app).await.json()["active"].as_bool().unwrap();

    let given_back = access().await;
    assert!(active(&given_back).await);
    device.revoke(&given_back).send(&app).await;
    assert!(!active(&given_back).await);

    let locked = access().await;
    app.edit_user("maria", UserState::Locked).await;
    assert!(!active(&locked).await);
    app.edit_user("maria", UserState::Active).await;
    assert!(active(&locked).await);

    app.flow.admin().end_sessions(&user_name("maria")).await.unwrap();
    assert!(!active(&locked).await, "its session was revoked");

    let old = access().await;
    app.advance(599);
    assert!(active(&old).await);
    app.advance(1);
    assert!(!active(&old).await, "it ended by itself");
}

#[tokio::test]
async fn in_2_3_2_a_refresh_token_is_its_own_clients_business() {
    let app = TestApp::new().await;
    let own = proto::model::Client {
        auth: AuthMethod::ClientSecretBasic,
        grants: vec![proto::model::GrantType::DeviceCode, proto::model::GrantType::RefreshToken],
        introspects: true,
        ..client("both", "Both")
    };
    let own = Caller::register_as(&app, own).await;
    let tokens = own.signed_in_for_long(&app).await;
    let body = ask(&own, &tokens.text("refresh_token")).send(&app).await.json();
    assert_eq!((&body["active"], &body["scope"]), (&true.into(), &tokens.json()["scope"]));
    assert!(body.get("token_type").is_none() && body.get("jti").is_none());
}
