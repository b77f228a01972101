//! A server that is a list of replies, and a clock that jumps.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::transport::{Request, Response, TransportError};
use client::{
    Application, Client, Environment, Error, Event, Failure, Issuer, LoginRequest, Plain, Plaintext, Provider, Server,
    SignedIn, Transport, discover,
};
use http::HeaderMap;
use proto::device::Now;
use proto::entropy::Seeded;
use proto::{Entropy, Timestamp};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example.com";
/// When every test begins.
pub(crate) const START: i64 = 1_800_000_000;

/// Time that passes only when somebody waits for it, and entropy that is never twice the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Arc<Mutex<Duration>>, Arc<AtomicU64>);

impl Clock {
    pub(crate) fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    pub(crate) fn pass(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }
}

impl Environment for Clock {
    fn now(&self) -> Now {
        let monotonic = self.elapsed();
        Now { monotonic, wall: Timestamp::from_seconds(START) + monotonic }
    }

    fn sleep_until(&self, moment: Duration) -> impl Future<Output = ()> + Send {
        let mut now = self.0.lock().unwrap();
        *now = moment.max(*now);
        std::future::ready(())
    }

    fn entropy(&self) -> Box<dyn Entropy + Send> {
        Box::new(Seeded::new(self.1.fetch_add(1, Ordering::Relaxed)))
    }
}

/// What a scripted server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    Reply(Response),
    Fail(Failure),
    TooLarge,
}

pub(crate) fn reply(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Move {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", kind.parse().unwrap());
    Move::Reply(Response { status, headers, body: body.into() })
}

#[expect(clippy::needless_pass_by_value, reason = "callers build it in place")]
pub(crate) fn json_reply(status: u16, body: Value) -> Move {
    reply(status, "application/json", body.to_string())
}

pub(crate) fn error(status: u16, name: &str) -> Move {
    json_reply(status, json!({ "error": name }))
}

pub(crate) fn with_header(reply: Move, name: &'static str, value: &str) -> Move {
    let Move::Reply(mut response) = reply else { panic!("no headers without a reply") };
    response.headers.insert(name, value.parse().unwrap());
    Move::Reply(response)
}

pub(crate) fn codes() -> Value {
    json!({
        "device_code": "the-device-code", "user_code": "WDJB-MJHT", "verification_uri": "https://id.example.com/device",
        "verification_uri_complete": "https://id.example.com/D/WDJB-MJHT", "expires_in": 600, "interval": 5
    })
}

pub(crate) fn tokens() -> Value {
    json!({"access_token": "the-access-token", "token_type": "Bearer", "expires_in": 600, "refresh_token": "the-refresh-token"})
}

/// A request as a test wants to see it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn form(&self, name: &str) -> Vec<String> {
        let pairs = form_urlencoded::parse(self.body.as_bytes());
        pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    }
}

type Handler = Box<dyn FnMut(&Seen) -> (Duration, Move) + Send>;

/// The server.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) clock: Clock,
    seen: Arc<Mutex<Vec<Seen>>>,
    handler: Arc<Mutex<Handler>>,
}

impl Script {
    pub(crate) fn new(handler: impl FnMut(&Seen) -> (Duration, Move) + Send + 'static) -> Self {
        Self { clock: Clock::default(), seen: Arc::default(), handler: Arc::new(Mutex::new(Box::new(handler))) }
    }

    /// Answers the device authorization request with `codes` and polls with `polls` in turn, the last one for ever.
    pub(crate) fn sign_in(codes: Move, polls: Vec<Move>) -> Self {
        let mut count = 0;
        Self::new(move |seen| {
            let reply = if seen.form("grant_type").is_empty() {
                codes.clone()
            } else {
                count += 1;
                polls[(count - 1).min(polls.len() - 1)].clone()
            };
            (Duration::from_millis(50), reply)
        })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn polls(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| !seen.form("device_code").is_empty()).collect()
    }
}

impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let seen = Seen {
            at: self.clock.elapsed(),
            url: request.url.to_string(),
            method: request.method.to_string(),
            headers: request.headers.clone(),
            body: String::from_utf8(request.body.to_vec()).unwrap(),
        };
        self.seen.lock().unwrap().push(seen.clone());
        let (taken, turn) = (self.handler.lock().unwrap())(&seen);
        self.clock.pass(taken.min(request.timeout));
        let failed = |failure| TransportError::Failed { failure, detail: Plain::own("scripted") };
        match turn {
            _ if taken > request.timeout => Err(failed(Failure::Timeout)),
            Move::Fail(failure) => Err(failed(failure)),
            Move::TooLarge => Err(TransportError::TooLarge),
            Move::Reply(response) if response.body.len() > request.most => Err(TransportError::TooLarge),
            Move::Reply(response) => Ok(response),
        }
    }
}

/// The server's own word on itself, as ours publishes it.
pub(crate) fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "device_authorization_endpoint": "https://id.example.com/oauth2/device_authorization",
        "token_endpoint": "https://id.example.com/oauth2/token",
        "jwks_uri": "https://id.example.com/oauth2/jwks",
        "userinfo_endpoint": "https://id.example.com/oauth2/userinfo",
        "revocation_endpoint": "https://id.example.com/oauth2/revoke",
        "id_token_signing_alg_values_supported": ["RS256", "ES256"]
    })
}

pub(crate) async fn server() -> Server {
    server_saying(metadata()).await
}

/// The generic server, if this is what it says about itself.
pub(crate) async fn server_saying(metadata: Value) -> Server {
    let script = Script::new(move |_| (Duration::ZERO, json_reply(200, metadata.clone())));
    let issuer = Issuer::parse(ISSUER, Plaintext::Refused).unwrap();
    discover(&script, issuer, Provider::of_host("id.example.com"), Plaintext::Refused).await.unwrap()
}

/// The same with more members, or other ones.
pub(crate) async fn server_with(more: Value) -> Server {
    let (Value::Object(mut all), Value::Object(more)) = (metadata(), more) else { panic!("not an object") };
    all.extend(more);
    server_saying(all.into()).await
}

/// A client of the generic server.
pub(crate) async fn client(script: &Script) -> Client<Script, Clock> {
    let application = Application::public("tv");
    Client { application, environment: script.clock.clone(), server: server().await, transport: script.clone() }
}

/// A whole sign-in: its end, and the events on the way.
pub(crate) async fn sign_in(client: &Client<Script, Clock>) -> (Result<SignedIn, Error>, Vec<Event>) {
    let mut events = Vec::new();
    let request = LoginRequest { scopes: vec!["openid".to_owned(), "files".to_owned()], ..LoginRequest::default() };
    let result = match client.start(request).await {
        Ok(login) => login.finish(|event| events.push(event)).await,
        Err(error) => Err(error),
    };
    (result, events)
}

/// The same against a script alone.
pub(crate) async fn run(script: &Script) -> Result<SignedIn, Error> {
    sign_in(&client(script).await).await.0
}
