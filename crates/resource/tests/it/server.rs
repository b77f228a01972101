//! The authorization server as it describes itself (RFC 8414): what of that is believed.

use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use resource::{
    AddressError, AuthorizationServer, Cause, KeySource as _, ServerError, SourceError, Transport, Validator,
};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::world::{API, ISSUER, KEY, NOW, bearer, get, refused, set, token};

const OAUTH: &str = "https://as.example/.well-known/oauth-authorization-server";
const OPENID: &str = "https://as.example/.well-known/openid-configuration";
const KEYS: &str = "https://as.example/keys";

/// Has these documents, and 404 for any other address.
struct Site {
    documents: Vec<(&'static str, String)>,
    visited: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn of(documents: &[(&'static str, &Value)]) -> Self {
        let mut documents: Vec<_> = documents.iter().map(|(url, document)| (*url, document.to_string())).collect();
        documents.push((KEYS, keys()));
        Self { documents, visited: Arc::default() }
    }

    async fn keys(self, issuer: &str) -> Result<(), ServerError> {
        let server = AuthorizationServer::new(issuer, self).unwrap();
        match server.fetch().await {
            Ok(keys) => {
                assert_eq!(keys.keys().len(), 1);
                Ok(())
            }
            Err(error) => Err(*error.downcast::<ServerError>().unwrap()),
        }
    }
}

fn keys() -> String {
    serde_json::to_string(&set(&[&KEY])).unwrap()
}

impl Transport for Site {
    async fn send(&self, request: Request<String>) -> Result<Response<Vec<u8>>, SourceError> {
        let url = request.uri().to_string();
        self.visited.lock().unwrap().push(url.clone());
        match self.documents.iter().find(|(known, _)| *known == url) {
            Some((_, document)) => Ok(Response::new(document.clone().into_bytes())),
            None => Ok(Response::builder().status(StatusCode::NOT_FOUND).body(Vec::new())?),
        }
    }
}

#[tokio::test]
async fn keys_are_where_the_metadata_says() {
    let document = json!({"issuer": ISSUER, "jwks_uri": KEYS});
    let site = Site::of(&[(OAUTH, &document)]);
    let visited = Arc::clone(&site.visited);
    let server = Arc::new(AuthorizationServer::new(ISSUER, site).unwrap());
    let api = Validator::new(server.issuer(), API, Arc::clone(&server));
    assert!(get(&api, "/", &bearer(&token(&json!({})))).await.is_ok());
    assert_eq!(*visited.lock().unwrap(), [OAUTH, KEYS]);

    let site = Site::of(&[(OPENID, &document)]);
    let visited = Arc::clone(&site.visited);
    assert!(site.keys(ISSUER).await.is_ok());
    assert_eq!(*visited.lock().unwrap(), [OAUTH, OPENID, KEYS]);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_documents_where_the_two_standards_put_them() {
    for (issuer, inserted, appended) in [
        (
            "https://as.example/tenants/a",
            "https://as.example/.well-known/oauth-authorization-server/tenants/a",
            "https://as.example/tenants/a/.well-known/openid-configuration",
        ),
        ("https://as.example/", OAUTH, OPENID),
    ] {
        let site = Site::of(&[(appended, &json!({"issuer": issuer, "jwks_uri": KEYS}))]);
        let visited = Arc::clone(&site.visited);
        assert!(site.keys(issuer).await.is_ok());
        assert_eq!(*visited.lock().unwrap(), [inserted, appended, KEYS]);
    }
}

#[tokio::test]
async fn a_document_of_another_issuer_is_worth_nothing() {
    for issuer in ["https://as.example/", "https://AS.example", "https://evil.example", ""] {
        let site = Site::of(&[(OAUTH, &json!({"issuer": issuer, "jwks_uri": KEYS}))]);
        assert!(matches!(site.keys(ISSUER).await.unwrap_err(), ServerError::Issuer), "{issuer}");
    }
    let site = Site::of(&[(OAUTH, &json!({"jwks_uri": KEYS}))]);
    assert!(matches!(site.keys(ISSUER).await.unwrap_err(), ServerError::Issuer));
}

#[tokio::test]
async fn bt_5_3_keys_and_tokens_travel_over_https_alone_or_stay_on_the_machine() {
    for url in ["http://as.example/keys", "ftp://as.example/keys", "https://u@as.example/keys", "/keys", "https://"] {
        let site = Site::of(&[(OAUTH, &json!({"issuer": ISSUER, "jwks_uri": url}))]);
        assert!(matches!(site.keys(ISSUER).await.unwrap_err(), ServerError::Address("jwks_uri")), "{url}");

        let asked = Asked::about(&json!({}));
        let document = json!({"issuer": ISSUER, "introspection_endpoint": url});
        asked.metadata.lock().unwrap().1 = document.to_string();
        let (cause, answer) = refused(&asked.api(), &bearer("opaque")).await;
        assert!(matches!(cause, Cause::Introspection(ServerError::Address("introspection_endpoint"))), "{url}");
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(asked.questions(), 0);

        let refused = |url| AuthorizationServer::new(url, Site::of(&[])).map(drop).unwrap_err();
        assert_eq!(refused(url), AddressError);
        let server = || AuthorizationServer::new(ISSUER, Site::of(&[])).unwrap();
        assert!(server().jwks_uri(url).is_err() && server().introspection_endpoint(url).is_err(), "{url}");
    }
    assert!(AuthorizationServer::new("https://as.example?tenant=a", Site::of(&[])).is_err());
    for loopback in ["http://localhost:8628", "http://127.0.0.1:8628", "http://[::1]:8628/a"] {
        assert!(AuthorizationServer::new(loopback, Site::of(&[])).is_ok());
    }
}

#[tokio::test]
async fn what_the_document_lacks_is_named() {
    let site = Site::of(&[(OAUTH, &json!({"issuer": ISSUER, "jwks_uri": 7}))]);
    assert!(matches!(site.keys(ISSUER).await.unwrap_err(), ServerError::Missing("jwks_uri")));
    let asked = Asked::about(&json!({}));
    asked.metadata.lock().unwrap().1 = json!({"issuer": ISSUER}).to_string();
    let (cause, _) = refused(&asked.api(), &bearer("opaque")).await;
    assert!(matches!(cause, Cause::Introspection(ServerError::Missing("introspection_endpoint"))));
    let site = Site::of(&[]);
    assert!(matches!(site.keys(ISSUER).await.unwrap_err(), ServerError::Status(StatusCode::NOT_FOUND)));
    let long = "x".repeat(resource::MOST_BODY);
    let site = Site::of(&[(OAUTH, &json!({"issuer": ISSUER, "jwks_uri": KEYS, "x": long}))]);
    assert!(matches!(site.keys(ISSUER).await.unwrap_err(), ServerError::TooLong));
    let site = Site { documents: vec![(OAUTH, format!(r#"{{"issuer":"{ISSUER}","issuer":"x"}}"#))], ..Site::of(&[]) };
    assert!(matches!(site.keys(ISSUER).await.unwrap_err(), ServerError::Json(_)));
}

#[tokio::test]
async fn addresses_that_are_given_need_no_document() {
    let site = Site::of(&[]);
    let visited = Arc::clone(&site.visited);
    let server = AuthorizationServer::new(ISSUER, site).unwrap().jwks_uri(KEYS).unwrap();
    assert!(server.fetch().await.is_ok());
    assert_eq!(*visited.lock().unwrap(), [KEYS]);
}

#[tokio::test]
async fn the_endpoint_is_looked_up_once_an_hour_and_the_old_one_outlives_a_failure() {
    let asked = Asked::about(&json!({"exp": 1_900_000_000, "iat": null}));
    let api = asked.api();
    let documents = || {
        let questions = asked.questions();
        asked.requests.lock().unwrap().len() - questions
    };
    let show = async |at: u64| {
        let uri = "/".parse().unwrap();
        let now = NOW + std::time::Duration::from_secs(at);
        api.authorize(&http::Method::GET, &uri, &bearer("opaque"), now).await
    };
    for at in [0, 60, 3599] {
        assert!(show(at).await.is_ok());
    }
    assert_eq!(documents(), 1);
    asked.metadata.lock().unwrap().0 = StatusCode::BAD_GATEWAY;
    for at in [3600, 3620, 3659] {
        assert!(show(at).await.is_ok());
    }
    assert_eq!(documents(), 3, "both places were tried, once");
    asked.metadata.lock().unwrap().0 = StatusCode::OK;
    for at in [3660, 3700] {
        assert!(show(at).await.is_ok());
    }
    assert_eq!(documents(), 4);
}
