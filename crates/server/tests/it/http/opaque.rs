//! Opaque access tokens: good for what a JWT is good for, and nothing can be read from them, made of them or changed.

use flow::admin::Successor;
use proto::model::{AccessTokenFormat, AuthMethod, Client, GrantType, KeyPurpose, KeyState, UserState};
use serde_json::json;

use super::signed::own;
use super::support::{Answer, Call, Caller, INTROSPECT, USERINFO, is_good, part};
use crate::support::{TestApp, client};

async fn stage(app: &TestApp) -> (Caller, Caller) {
    let api = Client { auth: AuthMethod::ClientSecretBasic, introspects: true, ..client("api", "The API") };
    (Caller::register_as(app, api).await, device(app).await)
}

async fn device(app: &TestApp) -> Caller {
    let mut device = Client { grants: vec![GrantType::DeviceCode, GrantType::RefreshToken], ..client("box", "Box") };
    device.tokens.format = AccessTokenFormat::Opaque;
    Caller::register_as(app, device).await
}

async fn ask(app: &TestApp, api: &Caller, token: &str) -> Answer {
    api.call(INTROSPECT, &format!("token={token}")).send(app).await
}

/// That no endpoint knows it.
async fn expect_unknown(app: &TestApp, api: &Caller, device: &Caller, token: &str, why: &str) {
    let before = app.everything().await;
    let asked = ask(app, api, token).await;
    assert_eq!((asked.status, asked.body()), (200, r#"{"active":false}"#), "{why}");
    let shown = Call::get(USERINFO).bearer(token).send(app).await;
    assert_eq!(shown.refusal(), (401, "invalid_token".to_owned()), "{why}");
    let given_back = device.revoke(token).send(app).await;
    assert_eq!((given_back.status, given_back.body()), (200, "{}"), "{why}");
    assert_eq!(app.everything().await, before, "{why}");
}

#[tokio::test]
async fn in_2_2_4_oi_5_oi_9_an_opaque_token_says_nothing_to_its_client_and_everything_to_its_api() {
    let app = TestApp::new().await;
    let (api, device) = stage(&app).await;
    let tokens = device.signed_in_for_long(&app).await;
    let token = tokens.text("access_token");
    assert!(token.starts_with("cs_at_") && !token.contains('.'), "{token}");
    let readable = token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    assert!(readable && token.len() < 1_000, "{token}");
    let told = ask(&app, &api, &token).await.json();
    let now = app.env.now().as_seconds();
    let id = part(&tokens.text("id_token"), 1);
    for (name, value) in [
        ("active", json!(true)),
        ("token_type", json!("Bearer")),
        ("client_id", json!("box")),
        ("scope", tokens.json()["scope"].clone()),
        ("aud", json!("https://id.example.com")),
        ("iss", json!("https://id.example.com")),
        ("iat", json!(now)),
        ("exp", json!(now + 600)),
        ("sub", id["sub"].clone()),
        ("auth_time", id["auth_time"].clone()),
        ("amr", id["amr"].clone()),
        ("acr", id["acr"].clone()),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert!(told["jti"].as_str().unwrap().len() >= 22 && told.get("family").is_none(), "{told}");
    let alg = part(&tokens.text("id_token"), 0)["alg"].as_str().unwrap().parse().unwrap();
    assert_eq!(id["at_hash"], jose::id_token::at_hash(alg, &token));
    let asked = Call::get(USERINFO).bearer(&token).send(&app).await;
    assert_eq!(
        (asked.text("sub"), asked.text("preferred_username")),
        (id["sub"].as_str().unwrap().to_owned(), "maria".to_owned())
    );
    let renewed = device.refresh(&tokens.text("refresh_token")).send(&app).await.text("access_token");
    assert!(renewed.starts_with("cs_at_") && renewed != token);
    assert!(is_good(&app, &token).await && is_good(&app, &renewed).await);
}

#[tokio::test]
async fn oa_10_3_1_nothing_that_was_not_made_here_is_an_opaque_token() {
    let app = TestApp::new().await;
    let (api, device) = stage(&app).await;
    let token = device.signed_in_for_long(&app).await.text("access_token");
    for at in 0..token.len() {
        let mut forged = token.clone();
        forged.replace_range(at..=at, if &token[at..=at] == "A" { "B" } else { "A" });
        expect_unknown(&app, &api, &device, &forged, &format!("another character at {at}")).await;
    }
    for length in (0..token.len()).step_by(7).skip(1).chain([token.len() - 1]) {
        expect_unknown(&app, &api, &device, &token[..length], &format!("cut to {length}")).await;
    }
    let sealed = token.strip_prefix("cs_at_").unwrap();
    for (why, text) in [
        ("the prefix alone", "cs_at_".to_owned()),
        ("no prefix", sealed.to_owned()),
        ("another prefix", format!("rt_{sealed}")),
        ("in capitals", token.to_uppercase()),
        ("twice", format!("cs_at_{token}")),
        ("longer", format!("{token}A")),
        ("padded", format!("{token}=")),
        ("huge", format!("cs_at_{}", "A".repeat(8_000))),
        ("empty JSON", "cs_at_e30".to_owned()),
    ] {
        expect_unknown(&app, &api, &device, &text, why).await;
    }
    let elsewhere = TestApp::of_somebody_else().await;
    let foreign = self::device(&elsewhere).await.signed_in_for_long(&elsewhere).await.text("access_token");
    expect_unknown(&app, &api, &device, &foreign, "another deployment's").await;
    assert!(is_good(&app, &token).await, "none of it harmed the real one");
}

#[tokio::test]
async fn rv_2_1_rv_5_2_in_2_2_3_every_end_of_an_opaque_token_is_seen_at_once_on_all_nodes() {
    let (one, two) = TestApp::new().await.twice().await;
    let (api, device) = stage(&one).await;
    let ends: [&str; 5] = ["revoked", "refresh token revoked", "person locked", "expired", "unharmed"];
    for end in ends {
        let tokens = device.signed_in_for_long(&one).await;
        let token = tokens.text("access_token");
        for app in [&one, &two] {
            assert!(is_good(app, &token).await && ask(app, &api, &token).await.json()["active"] == true);
        }
        match end {
            "revoked" => assert_eq!(device.revoke(&token).send(&one).await.status, 200),
            "refresh token revoked" => {
                assert_eq!(device.revoke(&tokens.text("refresh_token")).send(&one).await.status, 200);
            }
            "person locked" => one.edit_user("maria", UserState::Locked).await,
            "expired" => one.advance(600),
            _ => one.advance(599),
        }
        for app in [&two, &one] {
            assert_eq!(is_good(app, &token).await, end == "unharmed", "{end}");
            assert_eq!(ask(app, &api, &token).await.json()["active"] == true, end == "unharmed", "{end}");
        }
        one.edit_user("maria", UserState::Active).await;
    }
}

#[tokio::test]
async fn in_2_2_2_an_opaque_token_outlives_the_rotation_of_its_key_and_ends_with_one_that_is_taken_out_of_use() {
    let (one, two) = TestApp::new().await.twice().await;
    for app in [&one, &two] {
        app.keep_house().await;
    }
    let (api, device) = stage(&one).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(device.signed_in_for_long(&one).await.text("access_token"));
        one.flow.admin().rotate_key(KeyPurpose::AccessToken).await.unwrap();
        for app in [&one, &two] {
            app.heed().await;
        }
        tokens.push(device.signed_in_for_long(&two).await.text("access_token"));
        one.advance(6);
        one.flow.advance_keys().await.unwrap();
        // A node that has not heard of it makes tokens with the key before, which all others still open.
        tokens.push(device.signed_in_for_long(&two).await.text("access_token"));
        for app in [&one, &two] {
            app.heed().await;
        }
        tokens.push(device.signed_in_for_long(&two).await.text("access_token"));
    }
    let in_state = async |state: KeyState| {
        let keys = one.flow.admin().keys().await.unwrap();
        let keys: Vec<_> =
            keys.iter().filter(|key| key.purpose == KeyPurpose::AccessToken && key.state == state).collect();
        (keys.len(), keys[0].id)
    };
    assert_eq!(in_state(KeyState::Retired).await.0, 3);
    let is_active = async |app: &TestApp, token: &str| {
        let good = is_good(app, token).await;
        assert_eq!(ask(app, &api, token).await.json()["active"], good);
        good
    };
    for token in &tokens {
        assert!(is_active(&one, token).await && is_active(&two, token).await);
    }
    let (_, active) = in_state(KeyState::Active).await;
    one.flow.admin().retire_key(active, Successor::MadeNow).await.unwrap();
    for app in [&one, &two] {
        app.heed().await;
    }
    let newest = tokens.pop().unwrap();
    // The one before is of either key, as the node had heard or not.
    tokens.pop();
    assert!(!is_active(&one, &newest).await && !is_active(&two, &newest).await);
    for token in &tokens {
        assert!(is_active(&one, token).await && is_active(&two, token).await);
    }
}

#[tokio::test]
async fn dp_6_1_1_dp_7_2_1_dp_5_1_an_opaque_token_is_bound_as_any_other() {
    let app = TestApp::new().await;
    let (api, device) = stage(&app).await;
    let tokens = device.signed_in_with(&app, own(), "openid+offline_access").await;
    let token = tokens.text("access_token");
    assert_eq!((tokens.text("token_type").as_str(), token.starts_with("cs_at_")), ("DPoP", true));
    let told = ask(&app, &api, &token).await.json();
    assert_eq!((&told["token_type"], &told["cnf"]), (&json!("DPoP"), &json!({"jkt": own().public_jwk().thumbprint()})));
    assert_eq!(Call::userinfo(&app, own(), &token).send(&app).await.status, 200);
    let stolen = Call::userinfo(&app, super::signed::other(), &token).send(&app).await;
    assert_eq!(stolen.refusal(), (401, "invalid_token".to_owned()));
    assert!(!is_good(&app, &token).await);
}
