//! Every species lives every life: it signs in, declines, expires, and renews; and those without the flow say so.

use std::time::Duration;

use client::{Application, Client, Error, Event, Issuer, LoginRequest, Plaintext, Provider, SignedIn, discover};
use proto::wire::error::ErrorCode;
use serde_json::json;

use super::{Life, Species, large, odd, others, standard, told, visit};
use crate::script::{Clock, Move, Script, error, json_reply, reply};

fn all() -> Vec<Species> {
    vec![
        standard(),
        large::google(),
        large::github(),
        large::github_enterprise(),
        large::entra(),
        large::entra_v1(),
        large::microsoft(),
        large::okta(),
        large::auth0(),
        large::keycloak(),
        large::gitlab(),
        large::twitch(),
        odd::facebook(),
        odd::amazon(),
        odd::aws(),
        odd::salesforce(),
        others::countersign(),
        others::hugging_face(),
        others::zoom(),
        others::baidu(),
        others::cas(),
        others::dex(),
        others::hydra(),
        others::spring(),
        others::wso2(),
        others::allegro(),
        others::wordpress(),
        others::auth0_of_old(),
        others::sloppy(),
    ]
}

/// One whole life: its end, the events, and when it ended, from the request for codes on.
async fn lived(species: Species, life: Life) -> (Result<SignedIn, Error>, Vec<Event>, Duration, Client<Script, Clock>) {
    let name = species.name;
    let owned = |list: &[(&str, &str)]| list.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let request = LoginRequest {
        parameters: owned(species.parameters),
        resources: species.resources.iter().map(|resource| (*resource).to_owned()).collect(),
        scopes: vec!["openid".to_owned(), "files".to_owned()],
        ..LoginRequest::default()
    };
    let (client, script) = visit(species, life).await;
    let (mut events, began) = (Vec::new(), script.clock.elapsed());
    let login = client.start(request).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(login.prompt().user_code.as_str(), "WDJB-MJHT", "{name}");
    assert_eq!(login.prompt().foreign_host, None, "{name}");
    let result = login.finish(|event| events.push(event)).await;
    let took = script.clock.elapsed() - began;
    (result, events, took, client)
}

#[tokio::test]
async fn df_3_5_8_df_3_5_9_df_3_5_20_every_provider_signs_in_at_its_pace() {
    for species in all() {
        let name = species.name;
        let (result, events, _, _) = lived(species, Life::Approve).await;
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
        let slow = events.iter().filter(|event| matches!(event, Event::SlowDown { .. })).count();
        let pending = events.iter().filter(|event| matches!(event, Event::Pending)).count();
        assert_eq!((slow, pending, events.len()), (1, 2, 3), "{name}: {events:?}");
    }
}

#[tokio::test]
async fn df_3_5_10_every_provider_declines() {
    for species in all() {
        let name = species.name;
        assert_eq!(lived(species, Life::Decline).await.0.unwrap_err(), Error::Denied, "{name}");
    }
}

#[tokio::test]
async fn df_3_5_21_every_provider_expires_told_or_not() {
    for (told, untold) in all().into_iter().zip(all()) {
        let (name, lifetime) = (told.name, Duration::from_secs(told.lifetime));
        assert_eq!(lived(told, Life::Expire).await.0.unwrap_err(), Error::Expired, "{name}");
        let (result, _, took, _) = lived(untold, Life::Nobody).await;
        assert_eq!(result.unwrap_err(), Error::Expired, "{name}");
        assert!(took <= lifetime + Duration::from_secs(1), "{name}: {took:?}");
    }
}

#[tokio::test]
async fn oa_6_3_every_provider_with_refresh_tokens_renews() {
    for species in all() {
        let (name, renews) = (species.name, species.refreshed.is_some());
        let (result, _, _, client) = lived(species, Life::Approve).await;
        let session = result.unwrap().session;
        assert_eq!(session.refresh_token.is_some(), renews, "{name}");
        if renews {
            let renewed = client.refresh(&session).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(renewed.refresh_token.is_some(), "{name}");
        }
    }
}

/// The end of a sign-in at a server that differs in one answer.
async fn ends(change: impl FnOnce(&mut Species)) -> Error {
    let mut species = standard();
    change(&mut species);
    let (client, _) = visit(species, Life::Decline).await;
    match client.start(LoginRequest { scopes: vec!["openid".into(), "files".into()], ..LoginRequest::default() }).await
    {
        Ok(login) => login.finish(|_| {}).await.unwrap_err(),
        Err(error) => error,
    }
}

#[tokio::test]
async fn servers_where_the_flow_is_missing_or_turned_off_say_so() {
    // GitHub Enterprise Server, GitLab before 17.2, and what gateways make of an unknown address.
    assert_eq!(ends(|it| it.codes = || reply(404, "text/html", "<html>")).await, Error::NoDeviceFlow(404));
    assert_eq!(
        ends(|it| it.codes = || json_reply(404, json!({"message": "Not Found"}))).await,
        Error::NoDeviceFlow(404)
    );
    for status in [401, 403, 405, 410, 422, 501] {
        let end = ends(|it| {
            it.codes = match status {
                401 => || reply(401, "text/html", ""),
                403 => || reply(403, "text/html", ""),
                405 => || reply(405, "text/html", ""),
                410 => || reply(410, "text/html", ""),
                422 => || reply(422, "text/html", ""),
                _ => || reply(501, "text/html", ""),
            };
        });
        assert_eq!(end.await, Error::NoDeviceFlow(status));
    }
    let code = async |codes: fn() -> Move| match ends(|it| it.codes = codes).await {
        Error::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(|| error(400, "unauthorized_client")).await, Some(ErrorCode::UnauthorizedClient));
    assert_eq!(code(|| error(200, "device_flow_disabled")).await, Some(ErrorCode::UnauthorizedClient));
    // Authentik, without a flow for devices in its brand.
    assert_eq!(code(|| error(400, "invalid_grant")).await, Some(ErrorCode::InvalidGrant));
    // Google, when there were too many.
    assert_eq!(code(|| told(403, "rate_limit_exceeded", "…")).await, None);
}

#[tokio::test]
async fn servers_whose_errors_cannot_be_told_apart_end_clearly() {
    // WSO2 of old says invalid_grant while nobody has decided; OpenAM declines by itself; GitHub's dead codes.
    for name in ["invalid_grant", "bad_verification_code", "incorrect_device_code"] {
        let end = ends(|it| {
            it.pending = match name {
                "invalid_grant" => || error(400, "invalid_grant"),
                "bad_verification_code" => || error(400, "bad_verification_code"),
                _ => || error(200, "incorrect_device_code"),
            };
        });
        assert!(
            matches!(end.await, Error::Refused(refusal) if refusal.code == Some(ErrorCode::InvalidGrant)),
            "{name}"
        );
    }
    assert_eq!(ends(|it| it.pending = || error(400, "authorization_declined")).await, Error::Denied);
    let twitch = ends(|it| it.pending = || json_reply(400, json!({"status": 400, "message": "invalid device code"})));
    assert!(matches!(twitch.await, Error::Refused(_)));
}

#[tokio::test]
async fn providers_without_the_flow_are_told_before_anything_is_sent() {
    for host in ["contoso.b2clogin.com", "api.login.yahoo.com", "slack.com"] {
        let issuer = Issuer::parse(&format!("https://{host}/x"), Plaintext::Refused).unwrap();
        let script = Script::new(|_| panic!("nothing to send"));
        let end = discover(&script, issuer, Provider::of_host(host), Plaintext::Refused).await.unwrap_err();
        assert!(matches!(end, client::discovery::DiscoveryError::Unsupported(why) if why.ends_with('.')), "{host}");
    }
}

#[tokio::test]
async fn keycloak_demands_pkce_of_some_applications_and_others_mind() {
    let demands = Species {
        codes: || told(400, "invalid_request", "Missing parameter: code_challenge_method"),
        start: &[],
        ..large::keycloak()
    };
    let (client, _) = visit(demands, Life::Approve).await;
    let request = LoginRequest { pkce: client::When::Never, ..LoginRequest::default() };
    let Some(Error::Refused(refusal)) = client.start(request).await.err() else { panic!("not refused") };
    assert!(refusal.description.unwrap().as_str().contains("code_challenge"));
}

#[tokio::test]
async fn additional_parameters_do_not_take_the_place_of_ours() {
    let script = Script::new(|_| panic!("nothing to send"));
    let server = crate::script::server().await;
    let application = Application::public("tv");
    let client = Client { application, environment: script.clock.clone(), server, transport: script.clone() };
    for name in ["client_id", "scope", "resource", "client_secret", ""] {
        let request = LoginRequest { parameters: vec![(name.to_owned(), "x".to_owned())], ..LoginRequest::default() };
        assert!(matches!(client.start(request).await.err(), Some(Error::Parameter(_))), "{name}");
    }
}
