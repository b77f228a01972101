//! Nothing that is sent brings the server down, and nothing secret is said of it.

use countersign_server::telemetry::{LogFormat, LogSettings, subscriber};
use proto::entropy::Seeded;

use super::*;
use crate::http::support::Lines;

/// What nobody was given.
const TYPED: &str = "iat_canary-canary-canary-canary-canary-canary";

/// A registration from its beginning to its end, with mistakes: its client, and what must not be said.
async fn journey() -> (Mine, Vec<String>) {
    let app = TestApp::new().await;
    let initial = initial_token(&app).await;
    let said = json!({"grant_types": [DEVICE], "client_name": "Name\u{e9} canary"});
    let mine = Mine::of(&bare(&said).bearer(&initial).send(&app).await);
    let put = mine.put(&but(said.clone(), json!({ "client_secret": mine.secret, "scope": "openid" })));
    assert_eq!(put.send(&app).await.status, 200);
    bare(&said).bearer(TYPED).send(&app).await;
    bare(&but(said.clone(), json!({ "software_statement": TYPED }))).bearer(&initial).send(&app).await;
    bare(&but(said, json!({"scope": TYPED, "jwks": {"keys": [{"d": TYPED}]}}))).bearer(&initial).send(&app).await;
    mine.ask(Method::GET).without("authorization").bearer(TYPED).send(&app).await;
    assert_eq!(mine.ask(Method::DELETE).send(&app).await.status, 204);
    let secrets = vec![initial, mine.secret.clone(), mine.token.clone(), "canary".to_owned()];
    (mine, secrets)
}

#[tokio::test]
async fn dr_5_3_oa_10_3_1_no_token_and_no_secret_of_a_registration_is_in_the_log_and_the_audit_names_the_client() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let lines = Lines::default();
        let settings = LogSettings { level: "trace".parse().unwrap(), format, colour: false };
        let guard = tracing::subscriber::set_default(subscriber(&settings, lines.clone()));
        let (mine, secrets) = journey().await;
        drop(guard);
        let text = lines.text();
        for event in ["client_registered", "client_reregistered", "client_unregistered", "initial_access_token"] {
            assert!(text.contains(event), "{event} is not in {text}");
        }
        assert!(text.contains(&mine.id));
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} was said");
        }
    }
}

#[tokio::test]
async fn dr_2_1_whatever_is_sent_is_answered_and_changes_nothing_of_others() {
    let app = TestApp::with(|settings| settings.registration.open = true, "").await;
    let mine = Mine::new(&app, &device()).await;
    let initial = initial_token(&app).await;
    let before = app.store.client(&ClientId::parse("tv").unwrap()).await.unwrap();
    let mut dice = Seeded::new(11);
    for _ in 0..600 {
        let mut pick = |list: &[&str]| list[usize::try_from(dice.below(list.len() as u64)).unwrap()].to_owned();
        let uri =
            pick(&[REGISTER, &mine.uri(), "/oauth2/register/tv", "/oauth2/register/%00", "/oauth2/register/../token"]);
        let token = pick(&[&initial, &mine.token, "", "x", "\u{e9}"]);
        let value = [
            "null",
            "7",
            "-1e999",
            "\"\"",
            "\"x\"",
            "[]",
            "{}",
            "[[[[]]]]",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "true",
            "{\"keys\":[{\"kty\":7}]}",
        ];
        let name = [
            "client_id",
            "client_name",
            "client_name#",
            "grant_types",
            "jwks",
            "jwks_uri",
            "scope",
            "software_statement",
            "redirect_uris",
            "client_secret",
            "subject_type",
            "dpop_bound_access_tokens",
            "__proto__",
        ];
        let mut body = format!("{{\"{}\":{},\"{}\":{}}}", pick(&name), pick(&value), pick(&name), pick(&value));
        body = pick(&[&body, &body, &body, &body[..body.len() / 2], ""]);
        let method =
            [Method::POST, Method::PUT, Method::GET].get(usize::try_from(dice.below(3)).unwrap()).cloned().unwrap();
        let call = Call::post(&uri, &body).method(method).without("content-type");
        let call = call.header("content-type", "application/json").bearer(&token);
        let answer = call.send(&app).await;
        assert!(answer.status < 500, "{call:?}: {}", answer.show());
        app.advance(60);
    }
    assert_eq!(app.store.client(&ClientId::parse("tv").unwrap()).await.unwrap(), before);
    assert!(mine.row(&app).await.is_some());
    let clients = app.store.clients().await.unwrap();
    assert!(clients.iter().all(|client| client.id.as_str() == "tv" || !client.verified));
}
