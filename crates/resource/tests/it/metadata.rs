//! The document about the resource (RFC 9728).

use jose::Algorithm;
use resource::{Metadata, MetadataError};
use serde_json::{Value, json};

use crate::world::ISSUER;

fn document(metadata: &Metadata) -> Value {
    serde_json::from_str(&metadata.json()).unwrap()
}

#[test]
fn pr_1_cf_17_each_resource_has_a_document_between_its_host_and_path() {
    for (resource, path) in [
        ("https://api.example", ""),
        ("https://api.example/", ""),
        ("https://api.example:8443/v1", "/v1"),
        ("https://api.example/v1/", "/v1/"),
        ("https://api.example/v1?tenant=a", "/v1?tenant=a"),
        ("https://api.example/?tenant=a", "?tenant=a"),
        ("https://api.example?tenant=a", "?tenant=a"),
        ("http://127.0.0.1:9000/v1", "/v1"),
        ("http://[::1]:9000", ""),
    ] {
        let metadata = Metadata::new(resource, ISSUER).unwrap();
        assert_eq!(metadata.path(), format!("/.well-known/oauth-protected-resource{path}"), "{resource}");
        let origin = resource.split('/').take(3).collect::<Vec<_>>().join("/");
        let origin = origin.split('?').next().unwrap();
        assert_eq!(metadata.url(), format!("{origin}{}", metadata.path()));
        assert_eq!(document(&metadata)["resource"], resource, "as it is, for comparison");
    }
}

#[test]
fn pr_1_members_without_elements_are_left_out() {
    let metadata = Metadata::new("https://api.example", ISSUER).unwrap();
    let smallest = json!({
        "resource": "https://api.example", "authorization_servers": [ISSUER], "bearer_methods_supported": ["header"],
    });
    assert_eq!(document(&metadata), smallest);
    let emptied = metadata.clone().scopes(&["a"]).scopes(&[]).dpop(&[], false);
    assert_eq!(document(&emptied), smallest);
    let full = metadata
        .scopes(&["things:read"])
        .name("Things")
        .documentation("https://api.example/docs")
        .dpop(&[Algorithm::EdDsa, Algorithm::Es256], true);
    assert_eq!(
        document(&full),
        json!({
            "resource": "https://api.example", "authorization_servers": [ISSUER], "bearer_methods_supported": ["header"],
            "scopes_supported": ["things:read"], "resource_name": "Things",
            "resource_documentation": "https://api.example/docs",
            "dpop_signing_alg_values_supported": ["Ed25519", "EdDSA", "ES256"], "dpop_bound_access_tokens_required": true,
        })
    );
}

#[test]
fn pr_1_the_answer_is_200_json() {
    let metadata = Metadata::new("https://api.example", ISSUER).unwrap();
    let response = metadata.response::<String>();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(*response.body(), metadata.json());
}

#[test]
fn pr_4_none_has_no_spelling_and_the_jwks_uri_is_https() {
    let metadata = || Metadata::new("https://api.example", ISSUER).unwrap();
    let signing = metadata().signs(Algorithm::ALL, "https://api.example/jwks").unwrap();
    let listed = &document(&signing)["resource_signing_alg_values_supported"];
    assert!(!listed.to_string().contains("none") && listed.as_array().unwrap().len() == 4);
    for bad in ["http://api.example/jwks", "/jwks", "", "ftp://api.example", "https://"] {
        assert_eq!(metadata().signs(Algorithm::ALL, bad).unwrap_err(), MetadataError::JwksUri, "{bad}");
    }
}

#[test]
fn pr_1_a_resource_is_an_https_url_without_fragment() {
    for bad in [
        "",
        "things",
        "api.example",
        "http://api.example",
        "http://localhost.evil.example",
        "https://api.example/#x",
        "https://user@api.example",
        "https://",
        "ftp://api.example",
        "https://api.example/a b",
    ] {
        assert_eq!(Metadata::new(bad, ISSUER).unwrap_err(), MetadataError::Resource, "{bad}");
    }
}
