//! The liberties large providers take, each as a whole sign-in. All are tolerated without being told which provider it is.

use std::time::Duration;

use client::transport::Response;
use client::{Application, Authentication, Error, Event, Issuer, Plaintext, Provider, discover};
use proto::wire::authorize::Quirk;
use proto::wire::token::Credential;
use serde_json::json;

use crate::script::{Move, Script, client, codes, error, json_reply, metadata, reply, run, sign_in, tokens};

#[tokio::test]
async fn github_sends_errors_with_status_200_and_raises_the_interval() {
    let slow = json_reply(200, json!({"error": "slow_down", "error_description": "Too many requests", "interval": 10}));
    let ok = json_reply(200, json!({"access_token": "gho_x", "token_type": "bearer", "scope": "repo,gist"}));
    let polls = vec![error(200, "authorization_pending"), slow, error(200, "authorization_pending"), ok];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let (result, events) = sign_in(&client(&script).await).await;
    assert_eq!(result.unwrap().session.scope.as_deref(), Some("repo,gist"));
    assert!(events.contains(&Event::SlowDown { interval: Duration::from_secs(10) }));

    for (name, expected) in
        [("expired_token", Error::Expired), ("token_expired", Error::Expired), ("access_denied", Error::Denied)]
    {
        let script = Script::sign_in(json_reply(200, codes()), vec![error(200, name)]);
        assert_eq!(run(&script).await.unwrap_err(), expected);
    }
    for name in ["incorrect_device_code", "incorrect_client_credentials", "device_flow_disabled"] {
        let script = Script::sign_in(json_reply(200, codes()), vec![error(200, name)]);
        assert!(matches!(run(&script).await.unwrap_err(), Error::Refused(refusal) if refusal.code.is_some()));
    }
}

#[tokio::test]
async fn github_without_accept_answers_in_forms() {
    let form = |body: &str| reply(200, "application/x-www-form-urlencoded; charset=utf-8", body);
    let start = form(
        "device_code=dc&expires_in=899&interval=5&user_code=8D6E-9A67&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice",
    );
    let polls = vec![
        form("error=authorization_pending&error_description=The+authorization+request+is+still+pending."),
        form("error=slow_down&interval=10"),
        form("access_token=gho_x&scope=user&token_type=bearer"),
    ];
    let script = Script::sign_in(start, polls);
    assert_eq!(run(&script).await.unwrap().session.access_token.reveal(), "gho_x");
}

#[tokio::test]
async fn google_answers_428_and_403_and_calls_the_address_url() {
    let start = json!({
        "device_code": "dc", "user_code": "GQVQ-JKEC", "verification_url": "https://www.google.com/device",
        "expires_in": 1800, "interval": 5
    });
    let pending =
        || json_reply(428, json!({"error": "authorization_pending", "error_description": "Precondition Required"}));
    let slow = json_reply(403, json!({"error": "slow_down", "error_description": "Forbidden"}));
    let script =
        Script::sign_in(json_reply(200, start.clone()), vec![pending(), slow, pending(), json_reply(200, tokens())]);
    run(&script).await.unwrap();

    let denied = json_reply(403, json!({"error": "access_denied", "error_description": "Forbidden"}));
    let script = Script::sign_in(json_reply(200, start), vec![pending(), denied]);
    let client = client(&script).await;
    let login = client.start(client::LoginRequest::default()).await.unwrap();
    assert_eq!(login.prompt().quirks, [Quirk::VerificationUrl]);
    assert_eq!(login.finish(|_| {}).await.unwrap_err(), Error::Denied);
}

#[tokio::test]
async fn entra_says_declined_and_old_azure_sends_strings() {
    let script = Script::sign_in(
        json_reply(200, codes()),
        vec![error(400, "authorization_pending"), error(400, "authorization_declined")],
    );
    assert_eq!(run(&script).await.unwrap_err(), Error::Denied);
    let script = Script::sign_in(json_reply(200, codes()), vec![error(400, "bad_verification_code")]);
    assert!(matches!(run(&script).await.unwrap_err(), Error::Refused(_)));

    let mut strings = codes();
    strings["expires_in"] = json!("900");
    strings["interval"] = json!("5");
    strings["message"] = json!("To sign in, use a web browser to open the page …");
    let success = json!({"access_token": "t", "token_type": "Bearer", "expires_in": "3599", "ext_expires_in": "3599"});
    let script = Script::sign_in(json_reply(200, strings), vec![json_reply(200, success)]);
    assert!(run(&script).await.unwrap().session.expires_at.is_some());
}

#[tokio::test]
async fn auth0_answers_403_and_429() {
    let polls = vec![
        error(403, "authorization_pending"),
        error(429, "slow_down"),
        error(403, "authorization_pending"),
        json_reply(200, tokens()),
    ];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let (result, events) = sign_in(&client(&script).await).await;
    result.unwrap();
    assert!(events.contains(&Event::SlowDown { interval: Duration::from_secs(10) }));
    for (name, denied) in [("access_denied", true), ("invalid_grant", false), ("expired_token", false)] {
        let script = Script::sign_in(json_reply(200, codes()), vec![error(403, name)]);
        assert_eq!(run(&script).await.unwrap_err() == Error::Denied, denied);
    }
}

#[tokio::test]
async fn twitch_speaks_in_messages_and_sends_the_scope_as_an_array() {
    let pending = json_reply(400, json!({"status": 400, "message": "authorization_pending"}));
    let success =
        json!({"access_token": "t", "token_type": "bearer", "scope": ["user:read:chat"], "expires_in": 14124});
    let script = Script::sign_in(json_reply(200, codes()), vec![pending, json_reply(200, success)]);
    assert_eq!(run(&script).await.unwrap().session.scope.as_deref(), Some("user:read:chat"));

    let spent = json_reply(400, json!({"status": 400, "message": "invalid device code"}));
    let script = Script::sign_in(json_reply(200, codes()), vec![spent]);
    assert!(matches!(run(&script).await.unwrap_err(), Error::Refused(_)));
}

#[tokio::test]
async fn hydra_and_gateways_throttle_in_their_own_words() {
    let polls = vec![
        json_reply(429, json!({"error": "Too Many Requests"})),
        json_reply(429, json!({"message": "API rate limit exceeded"})),
        reply(429, "text/plain", "slow"),
        json_reply(200, tokens()),
    ];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let (result, events) = sign_in(&client(&script).await).await;
    result.unwrap();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| matches!(event, Event::SlowDown { .. })));
}

#[tokio::test]
async fn salesforce_sends_no_lifetime() {
    let mut start = codes();
    start.as_object_mut().unwrap().remove("expires_in");
    let script = Script::sign_in(json_reply(200, start), vec![error(400, "authorization_pending")]);
    assert_eq!(run(&script).await.unwrap_err(), Error::Expired);
    assert_eq!(script.clock.elapsed(), Duration::from_secs(1800));
}

async fn of(name: &str, issuer: Option<&str>) -> (Script, client::Server) {
    let provider = Provider::named(name).unwrap();
    let issuer = issuer.or(provider.issuer).unwrap().to_owned();
    let text = issuer.clone();
    let script = Script::new(move |seen| {
        let mut document = metadata();
        document["issuer"] = json!(text);
        document["token_endpoint"] = json!(format!("{text}/published-token"));
        document.as_object_mut().unwrap().remove("device_authorization_endpoint");
        let found = seen.url.ends_with("/openid-configuration");
        (Duration::ZERO, if found { json_reply(200, document) } else { reply(404, "text/html", "") })
    });
    let issuer = Issuer::parse(&issuer, Plaintext::Refused).unwrap();
    let server = discover(&script, issuer, provider, Plaintext::Refused).await.unwrap();
    (script, server)
}

#[tokio::test]
async fn profiles_fill_in_what_discovery_leaves_out() {
    let (script, github) = of("github", None).await;
    assert_eq!(script.seen().len(), 0, "GitHub has no document");
    assert_eq!(github.device_authorization.to_string(), "https://github.com/login/device/code");
    let (_, enterprise) = of("github", Some("https://git.example.com")).await;
    assert_eq!(enterprise.token.to_string(), "https://git.example.com/login/oauth/access_token");
    let (_, google) = of("google", None).await;
    assert_eq!(google.device_authorization.to_string(), "https://oauth2.googleapis.com/device/code");
    assert_eq!(
        google.token.to_string(),
        "https://accounts.google.com/published-token",
        "what is published comes first"
    );
    let (_, twitch) = of("twitch", None).await;
    assert_eq!(twitch.device_authorization.to_string(), "https://id.twitch.tv/oauth2/device");
    let (_, gitlab) = of("gitlab", Some("https://git.example.com/gitlab")).await;
    assert_eq!(gitlab.device_authorization.to_string(), "https://git.example.com/gitlab/oauth/authorize_device");
    let (_, keycloak) = of("keycloak", Some("https://sso.example.com/realms/r")).await;
    assert!(keycloak.device_authorization.to_string().ends_with("/realms/r/protocol/openid-connect/auth/device"));
}

#[tokio::test]
async fn twitch_gets_the_scope_under_both_names() {
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())]);
    let mut client = client(&script).await;
    client.server = of("twitch", None).await.1;
    sign_in(&client).await.0.unwrap();
    let start = &script.seen()[0];
    assert_eq!(
        (start.form("scope"), start.form("scopes")),
        (vec!["openid files".to_owned()], vec!["openid files".to_owned()])
    );
}

#[tokio::test]
async fn a_client_with_a_secret_authenticates_every_time() {
    for authentication in [Authentication::Basic(Credential::new("s")), Authentication::Post(Credential::new("s"))] {
        let script = Script::sign_in(
            json_reply(200, codes()),
            vec![error(400, "authorization_pending"), json_reply(200, tokens())],
        );
        let mut client = client(&script).await;
        let basic = matches!(authentication, Authentication::Basic(_));
        client.application = Application { authentication, client_id: "tv".to_owned() };
        sign_in(&client).await.0.unwrap();
        assert_eq!(script.seen().len(), 3);
        for seen in script.seen() {
            assert_eq!(seen.headers.contains_key("authorization"), basic);
            assert_eq!(
                (seen.form("client_id").len(), seen.form("client_secret").len()),
                if basic { (0, 0) } else { (1, 1) }
            );
        }
    }
}

#[tokio::test]
async fn empty_success_is_no_success() {
    let script = Script::sign_in(
        json_reply(200, codes()),
        vec![Move::Reply(Response { status: 204, headers: http::HeaderMap::new(), body: Vec::new() })],
    );
    assert!(matches!(run(&script).await.unwrap_err(), Error::Unusable { status: 204, .. }));
}
