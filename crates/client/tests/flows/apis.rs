//! What an API says about itself (RFC 9728): found by its address or through its 401, and believed only about itself.

use std::time::Duration;

use client::discovery::DiscoveryError;
use client::protected_resource::{ProtectedResource, ResourceError, protected_resource};
use client::{Failure, Plaintext};
use proto::wire::error::Unusable;
use serde_json::{Value, json};

use crate::script::{Move, Script, json_reply, reply, with_header};

const API: &str = "https://api.example.com/v1";

fn document() -> Value {
    json!({
        "resource": API, "authorization_servers": ["https://id.example.com", "https://login.example.org/t"],
        "scopes_supported": ["files"], "dpop_bound_access_tokens_required": true, "x": {"y": 1}
    })
}

fn but(name: &str, value: Value) -> Value {
    let mut document = document();
    document[name] = value;
    document
}

async fn ask(script: &Script) -> Result<ProtectedResource, ResourceError> {
    protected_resource(script, API, Plaintext::Refused).await
}

async fn says(document: Value) -> Result<ProtectedResource, ResourceError> {
    ask(&Script::new(move |_| (Duration::ZERO, json_reply(200, document.clone())))).await
}

#[tokio::test]
async fn pr_2_an_api_tells_who_gives_tokens_for_it() {
    let script = Script::new(|_| (Duration::ZERO, json_reply(200, document())));
    let found = ask(&script).await.unwrap();
    let issuers: Vec<_> = found.authorization_servers.iter().map(client::Issuer::as_str).collect();
    assert_eq!(issuers, ["https://id.example.com", "https://login.example.org/t"]);
    assert_eq!((found.resource.as_str(), found.demands_binding, found.scopes), (API, true, vec!["files".to_owned()]));
    let seen = script.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].url, "https://api.example.com/.well-known/oauth-protected-resource/v1");
    assert!(!seen[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn pr_2_a_document_about_another_resource_is_not_used_at_all() {
    for other in [
        "https://api.example.com/v2",
        "https://api.example.com/v1/",
        "https://API.example.com/v1",
        "https://evil.example/v1",
    ] {
        assert!(matches!(says(but("resource", json!(other))).await, Err(ResourceError::Resource(_))), "{other}");
    }
    for malformed in [but("resource", Value::Null), but("authorization_servers", json!("https://id.example.com"))] {
        let wrong = ResourceError::Fetch(DiscoveryError::Unusable(Unusable::WrongType("metadata")));
        assert_eq!(says(malformed).await, Err(wrong));
    }
    assert_eq!(says(but("authorization_servers", json!([]))).await, Err(ResourceError::NoAuthorizationServer));
}

/// An API without a document at the usual place, whose 401 points to `at`.
fn pointing(at: &'static str, document: Value) -> Script {
    Script::new(move |seen| {
        let challenge = format!("Bearer resource_metadata=\"{at}\"");
        let reply = match seen.url.as_str() {
            API => with_header(reply(401, "text/plain", ""), "www-authenticate", &challenge),
            url if url == at => json_reply(200, document.clone()),
            _ => reply(404, "text/plain", ""),
        };
        (Duration::ZERO, reply)
    })
}

#[tokio::test]
async fn pr_2_pr_5_a_401_may_point_to_the_document_within_its_origin() {
    let own = "https://api.example.com/meta.json";
    assert_eq!(ask(&pointing(own, document())).await.unwrap().resource, API);
    let other = ask(&pointing(own, but("resource", json!("https://api.example.com/")))).await;
    assert!(matches!(other, Err(ResourceError::Resource(_))), "it must be about the address that was asked");
    for elsewhere in
        ["https://evil.example/meta", "http://api.example.com/meta", "https://api.example.com:1/", "file:///x"]
    {
        let script = pointing(elsewhere, document());
        assert_eq!(ask(&script).await, Err(ResourceError::Fetch(DiscoveryError::Redirect)), "{elsewhere}");
        assert_eq!(script.seen().len(), 2, "nothing is fetched from there");
    }
    let silent = Script::new(|_| (Duration::ZERO, reply(404, "text/plain", "")));
    assert_eq!(ask(&silent).await, Err(ResourceError::Fetch(DiscoveryError::Missing(404))));
    let gone = Script::new(|_| (Duration::ZERO, Move::Fail(Failure::Connect)));
    assert!(matches!(ask(&gone).await, Err(ResourceError::Fetch(DiscoveryError::Unreachable(_)))));
}

#[tokio::test]
async fn pr_5_an_api_leads_nobody_into_a_private_network_or_to_plain_http() {
    for internal in ["https://10.0.0.1", "https://169.254.169.254/latest", "https://localhost", "https://[fd00::1]"] {
        let document = but("authorization_servers", json!(["https://id.example.com", internal]));
        assert_eq!(says(document).await, Err(ResourceError::Internal), "{internal}");
    }
    for bad in [
        "http://id.example.com",
        "https://id.example.com/?x",
        "javascript:alert(1)",
        "https://id.example.com/\u{1b}[2J",
    ] {
        let refused = says(but("authorization_servers", json!([bad]))).await;
        assert!(matches!(refused, Err(ResourceError::AuthorizationServer { .. })), "{bad}");
    }
    let script = Script::new(|_| panic!("nothing to send"));
    let plain = protected_resource(&script, "http://api.example.com/", Plaintext::OnLoopback).await;
    assert!(matches!(plain, Err(ResourceError::Address(_))));
}
