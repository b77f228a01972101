//! Tokens: the shape of their reply, what they say, and who signed them.

use proto::model::{Client, SigningAlg};

use super::support::{Call, Caller, JWKS, members, part};
use crate::support::{ISSUER, TestApp, client, user_name};

#[tokio::test]
async fn df_3_5_1_oa_5_1_1_oa_5_1_2_oi_1_the_reply_and_its_types() {
    let app = TestApp::new().await;
    let plain = Caller::tv().signed_in(&app, "profile").await;
    let token = plain.text("access_token");
    insta::assert_snapshot!(plain.show().replace(&token, "TOKEN"), @r#"
    200
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    {"access_token":"TOKEN","token_type":"Bearer","expires_in":600,"scope":"profile"}
    "#);
    let openid = Caller::tv().signed_in(&app, "openid").await;
    assert_eq!(openid.text("id_token").split('.').count(), 3);
    let body = openid.json();
    let mut names = members(&body);
    names.sort_unstable();
    assert_eq!(names, ["access_token", "expires_in", "id_token", "scope", "token_type"]);
}

#[tokio::test]
async fn at_2_1_1_at_2_2_1_at_2_2_2_md_2_1_an_access_token_names_the_person_and_the_client() {
    let app = TestApp::new().await;
    let answer = Caller::tv().signed_in(&app, "openid profile").await;
    let token = answer.text("access_token");
    let header = part(&token, 0);
    assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("ES256")));
    let claims = part(&token, 1);
    let maria = app.flow.admin().user(&user_name("maria")).await.unwrap().id.to_string();
    let now = app.env.now().as_seconds();
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], ISSUER);
    assert_eq!(claims["sub"], maria.as_str());
    assert_eq!(claims["client_id"], "tv");
    assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64()), (Some(now), Some(now + 600)));
    assert_eq!(claims["scope"], "openid profile");
    assert!(claims["jti"].as_str().unwrap().len() >= 22);
    for secret in ["name", "email", "preferred_username"] {
        assert!(claims.get(secret).is_none(), "{claims}");
    }
}

#[tokio::test]
async fn oi_2_oi_3_oi_4_oi_5_an_id_token_tells_the_client_who_signed_in() {
    let app = TestApp::new().await;
    let answer = Caller::tv().signed_in(&app, "openid profile").await;
    let claims = part(&answer.text("id_token"), 1);
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(ISSUER), Some("tv")));
    assert_eq!(claims["sub"], part(&answer.text("access_token"), 1)["sub"]);
    assert_eq!(claims["preferred_username"], "maria");
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    assert_eq!(claims["auth_time"].as_i64(), Some(app.env.now().as_seconds()));
    assert!(claims.get("nonce").is_none() && claims["at_hash"].is_string(), "{claims}");
}

#[tokio::test]
async fn cf_7_oi_7_access_tokens_are_es256_and_id_tokens_rs256_unless_registered_otherwise() {
    let app = TestApp::new().await;
    let keys = Call::get(JWKS).send(&app).await.json();
    for id_token_alg in [SigningAlg::Rs256, SigningAlg::Es256] {
        let alg = format!("{id_token_alg:?}").to_uppercase();
        let caller = Caller::register_as(&app, Client { id_token_alg, ..client(&alg, &alg) }).await;
        let answer = caller.signed_in(&app, "openid").await;
        for (token, alg, typ) in
            [(answer.text("access_token"), "ES256", "at+jwt"), (answer.text("id_token"), alg.as_str(), "JWT")]
        {
            let header = part(&token, 0);
            assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some(alg), Some(typ)), "{header}");
            let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
            assert_eq!(key["alg"], alg);
        }
    }
}

#[tokio::test]
async fn tokens_live_as_long_as_is_configured() {
    let app = TestApp::with(|settings| settings.tokens.access = std::time::Duration::from_secs(90), "").await;
    let answer = Caller::tv().signed_in(&app, "openid").await;
    assert_eq!(answer.json()["expires_in"], 90);
    let claims = part(&answer.text("access_token"), 1);
    assert_eq!(claims["exp"].as_i64(), claims["iat"].as_i64().map(|at| at + 90));
}

#[tokio::test]
async fn oa_10_3_1_no_two_grants_share_a_token() {
    let app = TestApp::new().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let token = Caller::tv().signed_in(&app, "openid").await.text("access_token");
        assert!(seen.insert(part(&token, 1)["jti"].to_string()) && seen.insert(token));
    }
}
