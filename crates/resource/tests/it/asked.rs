//! An authorization server that is asked about tokens: metadata, and whatever it is told to answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use resource::{AuthorizationServer, Introspection, JwkSet, SourceError, Timestamp, Transport, Validator};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::world::{API, ISSUER, KEY, NOW, set};

pub(crate) const ENDPOINT: &str = "https://as.example/oauth2/introspect";
pub(crate) const SECRET: &str = "s&c r:t%+\u{e9}";

/// Remembers what it was asked, and answers every introspection alike; waits for a permit where there is a gate.
pub(crate) struct Asked {
    pub(crate) answer: Mutex<(StatusCode, Vec<u8>)>,
    pub(crate) metadata: Mutex<(StatusCode, String)>,
    pub(crate) unreachable: Mutex<bool>,
    pub(crate) requests: Mutex<Vec<Request<String>>>,
    pub(crate) gate: Option<Semaphore>,
}

impl Asked {
    /// Answers with these claims, once some are replaced or, where null, left out.
    pub(crate) fn about(changes: &Value) -> Arc<Self> {
        Self::with(changes, None)
    }

    pub(crate) fn with(changes: &Value, gate: Option<Semaphore>) -> Arc<Self> {
        let metadata = json!({"issuer": ISSUER, "introspection_endpoint": ENDPOINT}).to_string();
        let asked = Self {
            answer: Mutex::default(),
            metadata: Mutex::new((StatusCode::OK, metadata)),
            unreachable: Mutex::new(false),
            requests: Mutex::default(),
            gate,
        };
        asked.say(changes);
        Arc::new(asked)
    }

    /// From now on.
    pub(crate) fn say(&self, changes: &Value) {
        *self.answer.lock().unwrap() = (StatusCode::OK, answer(changes).to_string().into_bytes());
    }

    /// The introspections so far.
    pub(crate) fn questions(&self) -> usize {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request.uri().path().ends_with("/introspect")).count()
    }

    pub(crate) fn server(self: &Arc<Self>) -> Arc<AuthorizationServer<Wire>> {
        Arc::new(AuthorizationServer::new(ISSUER, Wire(Arc::clone(self))).unwrap())
    }

    pub(crate) fn introspection(self: &Arc<Self>) -> Introspection {
        Introspection::new(self.server(), "a b:c", SECRET)
    }

    /// An API that asks it.
    pub(crate) fn api(self: &Arc<Self>) -> Validator<JwkSet> {
        api(self.introspection())
    }
}

pub(crate) fn api(introspection: Introspection) -> Validator<JwkSet> {
    Validator::new(ISSUER, API, set(&[&KEY])).introspection(introspection)
}

/// What is said about a good token.
pub(crate) fn answer(changes: &Value) -> Value {
    let now = NOW.as_seconds();
    let mut claims = json!({
        "active": true, "iss": ISSUER, "sub": "user-1", "aud": API, "client_id": "tv", "exp": now + 600, "iat": now,
        "scope": "things:read", "token_type": "Bearer", "username": "ada",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

pub(crate) fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

pub(crate) struct Wire(Arc<Asked>);

impl Transport for Wire {
    async fn send(&self, request: Request<String>) -> Result<Response<Vec<u8>>, SourceError> {
        let is_question = request.uri().path().ends_with("/introspect");
        self.0.requests.lock().unwrap().push(request);
        if *self.0.unreachable.lock().unwrap() {
            return Err("connection refused".into());
        }
        if let Some(gate) = self.0.gate.as_ref().filter(|_| is_question) {
            gate.acquire().await?.forget();
        }
        let (status, body) = match is_question {
            true => self.0.answer.lock().unwrap().clone(),
            false => {
                let (status, document) = self.0.metadata.lock().unwrap().clone();
                (status, document.into_bytes())
            }
        };
        Ok(Response::builder().status(status).body(body)?)
    }
}
