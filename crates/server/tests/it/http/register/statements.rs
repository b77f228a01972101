//! Software statements (RFC 7591 §2.3): whose count, what they say, and what they stand for.

use flow::registration::TrustedSoftware;
use jose::{Algorithm, SigningKey};

use super::*;

const SOFTWARE: &str = "https://software.example.com";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

/// A server that trusts the statements of [`SOFTWARE`], which stand for a token up to `admits`.
async fn trusting(key: &SigningKey, admits: Option<Ceiling>) -> TestApp {
    let set = json!({"keys": [key.public_jwk()]}).to_string();
    let software = TrustedSoftware::new(SOFTWARE, set.as_bytes(), admits).unwrap();
    TestApp::with(|settings| settings.registration.software = vec![software], "").await
}

fn statement(key: &SigningKey, claims: &Value) -> String {
    let all = but(json!({ "iss": SOFTWARE }), claims.clone());
    key.sign(jose::software_statement::TYP, all.to_string().as_bytes()).unwrap()
}

fn with(text: &str) -> Value {
    but(device(), json!({ "software_statement": text }))
}

#[tokio::test]
async fn dr_2_3_1_a_trusted_statement_stands_above_what_the_client_says() {
    let key = key();
    let app = trusting(&key, None).await;
    let text = statement(
        &key,
        &json!({"client_name": "Example TV", "software_id": "4NRB1", "scope": "openid", "exp": 1_800_000_600}),
    );
    let said = but(with(&text), json!({"client_name#de": "Bank", "scope": "openid profile"}));
    let mine = Mine::new(&app, &said).await;
    assert_eq!((&mine.told["client_name"], &mine.told["software_id"]), (&json!("Example TV"), &json!("4NRB1")));
    assert_eq!((&mine.told["scope"], &mine.told["software_statement"]), (&json!("openid"), &json!(text)), "unmodified");
    assert!(!mine.row(&app).await.unwrap().verified, "the operator vouches for names, nobody else");
    // It says what it says for as long as the client is there, also once it could not be used to register any more.
    app.advance(7_200);
    let changed = mine.put(&but(said, json!({"client_name": "Bank", "software_id": "other"}))).send(&app).await;
    assert_eq!((changed.status, &changed.json()["client_name"]), (200, &json!("Example TV")));
    let dropped = mine.put(&device()).send(&app).await;
    assert_eq!(dropped.refusal(), (400, "invalid_client_metadata".to_owned()));
    let other =
        mine.put(&with(&statement(&key, &json!({"client_name": "TV 2", "exp": 1_800_000_600})))).send(&app).await;
    assert_eq!(other.refusal(), (400, "invalid_software_statement".to_owned()), "another one must be in its time");
    let newer = mine.put(&with(&statement(&key, &json!({"client_name": "TV 2"})))).send(&app).await;
    assert_eq!((newer.status, &newer.json()["client_name"]), (200, &json!("TV 2")));
}

#[tokio::test]
async fn dr_2_3_1_a_bad_statement_is_invalid_and_that_of_a_stranger_unapproved() {
    let (key, stranger) = (key(), key());
    let app = trusting(&key, None).await;
    let good = statement(&key, &json!({}));
    let (message, _) = good.rsplit_once('.').unwrap();
    for text in [
        "x",
        "a.b.c",
        message,
        &format!("{message}.AAAA"),
        &statement(&stranger, &json!({})),
        &statement(&key, &json!({"exp": 1})),
        &statement(&key, &json!({"nbf": 1_900_000_000})),
        &statement(&key, &json!({"aud": "https://other.example"})),
        &statement(&key, &json!({"iss": null})),
        &key.sign("at+jwt", json!({ "iss": SOFTWARE }).to_string().as_bytes()).unwrap(),
    ] {
        let answer = register(&app, &with(text)).await;
        assert_eq!(answer.refusal(), (400, "invalid_software_statement".to_owned()), "{text}");
    }
    let unknown = statement(&stranger, &json!({"iss": "https://evil.example"}));
    assert_eq!(register(&app, &with(&unknown)).await.refusal(), (400, "unapproved_software_statement".to_owned()));
    let nobody = TestApp::new().await;
    assert_eq!(register(&nobody, &with(&good)).await.refusal(), (400, "unapproved_software_statement".to_owned()));
    for aud in [ISSUER.to_owned(), format!("{ISSUER}{REGISTER}")] {
        assert_eq!(register(&app, &with(&statement(&key, &json!({ "aud": aud })))).await.status, 201);
    }
    let wrong = but(device(), json!({"software_statement": {"iss": SOFTWARE}}));
    assert_eq!(register(&app, &wrong).await.refusal(), (400, "invalid_client_metadata".to_owned()));
}

#[tokio::test]
async fn dr_2_3_1_cf_12_a_statement_stands_for_a_token_only_where_the_operator_says_so() {
    let key = key();
    let text = statement(&key, &json!({"software_id": "4NRB1"}));
    let app = trusting(&key, None).await;
    assert_eq!(bare(&with(&text)).send(&app).await.status, 401);
    let ceiling = Ceiling { grants: vec![GrantType::DeviceCode], scopes: Scope::parse("openid").unwrap() };
    let app = trusting(&key, Some(ceiling)).await;
    let once = but(with(&text), json!({"grant_types": [DEVICE]}));
    let mine = Mine::of(&bare(&once).send(&app).await);
    assert_eq!(mine.told["scope"], "openid");
    assert_eq!(mine.caller().signed_in(&app, "openid").await.status, 200);
    assert_eq!(bare(&with(&text)).send(&app).await.refusal(), (400, "invalid_client_metadata".to_owned()), "no more");
    // What it says of itself cannot widen what the operator says of it.
    let wide = statement(&key, &json!({"scope": "openid admin", "grant_types": [DEVICE]}));
    assert_eq!(bare(&with(&wide)).send(&app).await.refusal(), (400, "invalid_client_metadata".to_owned()));
    assert_eq!(bare(&device()).send(&app).await.status, 401, "without one nobody");
    let bad = format!("{}x", text);
    assert_eq!(bare(&but(once, json!({ "software_statement": bad }))).send(&app).await.status, 400);
}

#[tokio::test]
async fn dr_5_5_dr_2_3_1_an_address_of_keys_in_a_statement_is_looked_at_like_any_other() {
    let key = key();
    let app = trusting(&key, None).await;
    let signs = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://10.0.0.1/jwks"});
    let answer = register(&app, &with(&statement(&key, &signs))).await;
    assert_eq!(answer.refusal(), (400, "invalid_client_metadata".to_owned()));
}
