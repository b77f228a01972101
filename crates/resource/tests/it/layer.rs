//! The same rules as a tower layer.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, StatusCode};
use resource::{Access, AccessLayer, JwkSet};
use serde_json::json;
use tower_layer::Layer;
use tower_service::Service;

use crate::world::{NOW, api, bearer, bound, headers, token, with_proof};

/// Answers with the name of the person, and refuses to be called before it was asked whether it is ready.
#[derive(Debug, Default)]
struct WhoAmI {
    is_ready: bool,
}

impl Clone for WhoAmI {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<()>> for WhoAmI {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called without being asked");
        let access = request.extensions().get::<Access>().unwrap();
        ready(Ok(Response::new(access.token.sub.clone())))
    }
}

async fn call(layer: &AccessLayer<JwkSet>, headers: HeaderMap) -> Response<String> {
    let mut service = layer.layer(WhoAmI::default());
    std::future::poll_fn(|context| service.poll_ready(context)).await.unwrap();
    let mut request = Request::get("https://api.example/things").body(()).unwrap();
    *request.headers_mut() = headers;
    service.call(request).await.unwrap()
}

#[tokio::test]
async fn a_request_with_access_goes_on_and_any_other_is_answered() {
    let layer = AccessLayer::new(Arc::new(api())).clock(|| NOW);
    for sent in [bearer(&token(&json!({}))), with_proof(&bound(), 1)] {
        let response = call(&layer, sent).await;
        assert_eq!((response.status(), response.body().as_str()), (StatusCode::OK, "user-1"));
    }
    let response = call(&layer, headers(&[])).await;
    assert_eq!((response.status(), response.body().as_str()), (StatusCode::UNAUTHORIZED, ""));
    assert_eq!(response.headers().get_all("www-authenticate").iter().count(), 2);
    assert_eq!(call(&layer, with_proof(&bound(), 1)).await.status(), StatusCode::UNAUTHORIZED, "one memory for all");
}

#[tokio::test]
async fn scopes_are_demanded_and_refusals_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let layer = AccessLayer::new(Arc::new(api()))
        .clock(|| NOW)
        .scopes(&["things:read"])
        .on_refusal(move |refusal| log.lock().unwrap().push(refusal.to_string()));
    assert_eq!(call(&layer, bearer(&token(&json!({})))).await.status(), StatusCode::OK);
    let without = token(&json!({"scope": "other"}));
    assert_eq!(call(&layer, bearer(&without)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(call(&layer, bearer("nonsense")).await.status(), StatusCode::UNAUTHORIZED);
    let told = told.lock().unwrap();
    assert_eq!(*told, ["the token lacks a scope of: things:read", "access token: not a compact JWS"]);
}

#[tokio::test]
async fn the_clock_is_the_systems_unless_another_is_given() {
    let layer = AccessLayer::new(Arc::new(api()));
    let long_ago = token(&json!({"iat": 1_000_000_000, "exp": 1_000_000_600}));
    assert_eq!(call(&layer, bearer(&long_ago)).await.status(), StatusCode::UNAUTHORIZED);
    let for_long = token(&json!({"iat": 1_000_000_000, "exp": 100_000_000_000_i64}));
    assert_eq!(call(&layer, bearer(&for_long)).await.status(), StatusCode::OK);
}
