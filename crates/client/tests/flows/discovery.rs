//! Discovery: which document counts, and what makes one worthless.

use std::time::Duration;

use client::discovery::DiscoveryError;
use client::{Failure, Issuer, Plaintext, Provider, Server, discover};
use serde_json::{Value, json};

use crate::script::{ISSUER, Move, Script, json_reply, metadata, reply, with_header};

const INSERTED: &str = "https://id.example.com/.well-known/oauth-authorization-server";
const APPENDED: &str = "https://id.example.com/.well-known/openid-configuration";

async fn found(handler: impl Fn(&str) -> Move + Send + 'static) -> (Result<Server, DiscoveryError>, Vec<String>) {
    let script = Script::new(move |seen| (Duration::ZERO, handler(&seen.url)));
    let issuer = Issuer::parse(ISSUER, Plaintext::Refused).unwrap();
    let result = discover(&script, issuer, Provider::of_host("id.example.com"), Plaintext::Refused).await;
    (result, script.seen().into_iter().map(|seen| seen.url).collect())
}

async fn of(document: Value) -> Result<Server, DiscoveryError> {
    found(move |_| json_reply(200, document.clone())).await.0
}

fn with(name: &str, value: Value) -> Value {
    let mut document = metadata();
    document[name] = value;
    document
}

#[tokio::test]
async fn the_oauth_document_comes_first_and_is_enough() {
    let (server, urls) = found(|_| json_reply(200, metadata())).await;
    assert_eq!(server.unwrap().token.to_string(), "https://id.example.com/oauth2/token");
    assert_eq!(urls, [INSERTED]);
}

#[tokio::test]
async fn the_openid_document_is_as_good() {
    for status in [400, 403, 404, 405, 500] {
        let (server, urls) = found(move |url| match url {
            APPENDED => json_reply(200, metadata()),
            _ => reply(status, "text/html", "<html>"),
        })
        .await;
        server.unwrap();
        assert_eq!(urls, [INSERTED, APPENDED]);
    }
}

#[tokio::test]
async fn md_3_3_1_a_document_of_another_issuer_is_worthless() {
    for other in
        ["https://id.example.com/", "https://ID.example.com", "https://evil.example", "https://id.example.com:443"]
    {
        let error = of(with("issuer", json!(other))).await.unwrap_err();
        assert!(matches!(error, DiscoveryError::Issuer(_)), "{other}: {error:?}");
    }
    assert!(matches!(of(with("issuer", json!(null))).await.unwrap_err(), DiscoveryError::Unusable(_)));
    let hostile = of(with("issuer", json!("\u{1b}[2Jx"))).await.unwrap_err();
    assert!(!hostile.to_string().contains('\u{1b}'));
}

#[tokio::test]
async fn df_3_1_5_md_3_3_2_every_endpoint_is_https() {
    for member in
        ["device_authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "revocation_endpoint"]
    {
        for bad in
            ["http://id.example.com/x", "http://127.0.0.1/x", "ftp://id.example.com", "/x", "https://u@id.example.com/"]
        {
            let error = of(with(member, json!(bad))).await.unwrap_err();
            assert!(
                matches!(error, DiscoveryError::Endpoint { member: named, .. } if named == member),
                "{member} {bad}"
            );
        }
    }
}

#[tokio::test]
async fn md_3_3_2_redirects_stay_within_the_origin() {
    let redirect = |target: &str| with_header(reply(302, "text/html", ""), "location", target);
    let (server, urls) = found(move |url| match url {
        INSERTED => redirect("/moved"),
        _ => json_reply(200, metadata()),
    })
    .await;
    server.unwrap();
    assert_eq!(urls, [INSERTED, "https://id.example.com/moved"]);
    for target in
        ["https://evil.example/", "http://id.example.com/x", "https://id.example.com:444/x", "//evil.example/x"]
    {
        let (server, urls) = found(move |_| with_header(reply(301, "text/html", ""), "location", target)).await;
        assert_eq!(server.unwrap_err(), DiscoveryError::Redirect, "{target}");
        assert_eq!(urls, [INSERTED, APPENDED], "nothing was fetched from there");
    }
    let (server, urls) = found(move |url| redirect(&format!("{url}x"))).await;
    assert_eq!(server.unwrap_err(), DiscoveryError::Redirect);
    assert!(urls.len() < 10, "no loop");
}

#[tokio::test]
async fn md_3_3_2_documents_have_a_limit_in_size_and_time() {
    let big = with("padding", json!("x".repeat(300 * 1024)));
    assert!(matches!(of(big).await.unwrap_err(), DiscoveryError::Unusable(_)));
    let script = Script::new(|_| (Duration::from_secs(60), json_reply(200, metadata())));
    let issuer = Issuer::parse(ISSUER, Plaintext::Refused).unwrap();
    let error = discover(&script, issuer, Provider::of_host("x"), Plaintext::Refused).await.unwrap_err();
    assert!(matches!(error, DiscoveryError::Unreachable(_)));
    assert_eq!(script.clock.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let (server, _) = found(|_| reply(404, "text/html", "")).await;
    assert_eq!(server.unwrap_err(), DiscoveryError::Missing(404));
    let (server, _) = found(|_| Move::Fail(Failure::Connect)).await;
    assert!(matches!(server.unwrap_err(), DiscoveryError::Unreachable(_)));
    let mut document = metadata();
    document.as_object_mut().unwrap().remove("device_authorization_endpoint");
    assert_eq!(of(document).await.unwrap_err(), DiscoveryError::NoDeviceFlow);
    // Entra does not list the grant it offers.
    of(with("grant_types_supported", json!(["authorization_code"]))).await.unwrap();

    let script = Script::new(|_| (Duration::ZERO, json_reply(200, metadata())));
    let issuer = Issuer::parse("https://contoso.b2clogin.com/tenant", Plaintext::Refused).unwrap();
    let error =
        discover(&script, issuer, Provider::of_host("contoso.b2clogin.com"), Plaintext::Refused).await.unwrap_err();
    assert!(matches!(error, DiscoveryError::Unsupported(_)));
    assert_eq!(script.seen().len(), 0);
}
