//! Requests as devices send them, replies as they read them, and clients of every kind.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, Request};
use proto::model::{AuthMethod, Client, GrantType};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Device, HOME, Reply, TestApp, client};

pub(super) const TOKEN: &str = "/oauth2/token";
pub(super) const AUTHORIZATION: &str = "/oauth2/device_authorization";
pub(super) const INTROSPECT: &str = "/oauth2/introspect";
pub(super) const REVOKE: &str = "/oauth2/revoke";
pub(super) const USERINFO: &str = "/oauth2/userinfo";
pub(super) const JWKS: &str = "/oauth2/jwks";
pub(super) const METADATA: &str = "/.well-known/oauth-authorization-server";
pub(super) const OPENID: &str = "/.well-known/openid-configuration";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
/// The grant type, as a form has it.
pub(super) const DEVICE_CODE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";

/// A request in the making.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) uri: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: String,
}

/// A reply, as a device reads it.
pub(super) struct Answer {
    pub(super) status: u16,
    reply: Reply,
}

/// Who calls, and how.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) id: String,
    pub(super) auth: AuthMethod,
    pub(super) secret: String,
}

impl Call {
    pub(super) fn new(method: Method, uri: &str) -> Self {
        Self { method, uri: uri.to_owned(), headers: Vec::new(), body: String::new() }
    }

    pub(super) fn get(uri: &str) -> Self {
        Self::new(Method::GET, uri)
    }

    /// A form.
    pub(super) fn post(uri: &str, body: &str) -> Self {
        Self { body: body.to_owned(), ..Self::new(Method::POST, uri) }.header("content-type", FORM)
    }

    pub(super) fn header(self, name: &'static str, value: &str) -> Self {
        self.header_bytes(name, value.as_bytes())
    }

    pub(super) fn header_bytes(mut self, name: &'static str, value: &[u8]) -> Self {
        self.headers.push((name, value.to_vec()));
        self
    }

    /// With further parameters.
    pub(super) fn and(mut self, parameters: &str) -> Self {
        self.body = format!("{}&{parameters}", self.body);
        self
    }

    pub(super) fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Without a header that was set.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| *own != name);
        self
    }

    /// `Authorization: Basic`, of a text that is encoded as it is.
    pub(super) fn basic(self, text: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(text)))
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The token in its Authorization header, whatever the scheme.
    pub(super) fn bearer_text(&self) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(name, _)| *name == "authorization")?;
        std::str::from_utf8(value).ok()?.split_once(' ').map(|(_, token)| token)
    }

    pub(super) async fn send(&self, app: &TestApp) -> Answer {
        let mut request = Request::builder().method(&self.method).uri(&self.uri);
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_slice());
        }
        let reply = app.send(request.body(self.body.clone()).unwrap(), HOME).await;
        Answer { status: reply.status().as_u16(), reply }
    }
}

impl Answer {
    pub(super) fn body(&self) -> &str {
        self.reply.body()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.body());
        serde_json::from_str(self.body()).unwrap_or_else(|error| panic!("{error}: {}", self.body()))
    }

    /// The value of a header, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.reply.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Every value of a header.
    pub(super) fn headers(&self, name: &str) -> Vec<&str> {
        self.reply.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Status and `error`.
    #[track_caller]
    pub(super) fn refusal(&self) -> (u16, String) {
        let body = self.json();
        (self.status, body["error"].as_str().unwrap_or("none").to_owned())
    }

    /// A text of the body.
    #[track_caller]
    pub(super) fn text(&self, member: &str) -> String {
        let body = self.json();
        assert_eq!(self.status, 200, "{body}");
        body[member].as_str().expect(member).to_owned()
    }

    /// Everything that matters of it, for snapshots.
    pub(super) fn show(&self) -> String {
        let mut shown = format!("{}\n", self.status);
        for name in [
            "allow",
            "cache-control",
            "content-type",
            "pragma",
            "preference-applied",
            "retry-after",
            "www-authenticate",
        ] {
            for value in self.reply.headers().get_all(name) {
                writeln!(shown, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        shown + self.body()
    }
}

impl Caller {
    /// A client of this kind, registered.
    pub(super) async fn register(app: &TestApp, id: &str, auth: AuthMethod) -> Self {
        Self::register_as(app, Client { auth, ..client(id, id) }).await
    }

    pub(super) async fn register_as(app: &TestApp, client: Client) -> Self {
        let secret = app.flow.admin().add_client(&client).await.unwrap();
        let secret = secret.map_or_else(String::new, |secret| secret.reveal().to_owned());
        Self { id: client.id.to_string(), auth: client.auth, secret }
    }

    /// A client that may refresh.
    pub(super) async fn lasting(app: &TestApp, id: &str, auth: AuthMethod) -> Self {
        let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        Self::register_as(app, Client { auth, grants, ..client(id, id) }).await
    }

    /// The public client that every server of the tests has.
    pub(super) fn tv() -> Self {
        Self { id: "tv".to_owned(), auth: AuthMethod::None, secret: String::new() }
    }

    /// A form of this client, who proves who it is as it should.
    pub(super) fn call(&self, uri: &str, parameters: &str) -> Call {
        let Self { id, auth, secret } = self;
        match auth {
            // The assertion of one that signs is among the parameters.
            AuthMethod::None | AuthMethod::PrivateKeyJwt => Call::post(uri, &format!("client_id={id}&{parameters}")),
            AuthMethod::ClientSecretBasic => Call::post(uri, parameters).basic(&format!("{id}:{secret}")),
            AuthMethod::ClientSecretPost => {
                Call::post(uri, &format!("client_id={id}&client_secret={secret}&{parameters}"))
            }
        }
    }

    pub(super) fn poll(&self, device_code: &str) -> Call {
        self.call(TOKEN, &format!("grant_type={DEVICE_CODE}&device_code={device_code}"))
    }

    pub(super) fn refresh(&self, refresh_token: &str) -> Call {
        self.call(TOKEN, &format!("grant_type=refresh_token&refresh_token={refresh_token}"))
    }

    pub(super) fn revoke(&self, token: &str) -> Call {
        self.call(REVOKE, &format!("token={token}"))
    }

    /// A device of this client that was approved, and what its poll was answered: refresh token included.
    pub(super) async fn signed_in_for_long(&self, app: &TestApp) -> Answer {
        let answer = self.signed_in(app, "openid+profile+offline_access").await;
        assert!(answer.text("refresh_token").starts_with("rt_"));
        answer
    }

    /// A device of this client that shows a code.
    pub(super) async fn start(&self, app: &TestApp, scope: &str) -> Started {
        let answer = self.call(AUTHORIZATION, &format!("scope={scope}")).send(app).await;
        Started { user_code: answer.text("user_code"), device_code: answer.text("device_code") }
    }

    /// A device of this client that was approved, and what its poll was answered.
    pub(super) async fn signed_in(&self, app: &TestApp, scope: &str) -> Answer {
        let started = self.start(app, scope).await;
        app.decide(&started.user_code, "approve").await;
        let answer = self.poll(&started.device_code).send(app).await;
        assert_eq!(answer.status, 200, "{}", answer.body());
        answer
    }
}

/// The two codes of a device.
pub(super) struct Started {
    pub(super) user_code: String,
    pub(super) device_code: String,
}

impl From<&Device> for Started {
    fn from(device: &Device) -> Self {
        Self { user_code: device.user_code.clone(), device_code: device.device_code.clone() }
    }
}

impl TestApp {
    /// Maria decides at her browser.
    pub(super) async fn decide(&self, user_code: &str, button: &str) {
        let mut browser = self.signed_in("maria", HOME).await;
        let question = browser.type_code(user_code).await;
        browser.press(&question, button).await.expect_page("done");
    }
}

impl TestApp {
    /// Hears from now on what changes, as a running server does.
    pub(super) async fn keep_house(&self) {
        let flow = Arc::clone(&self.flow);
        tokio::spawn(async move { Box::pin(flow.keep_house()).await });
        self.heed().await;
    }

    /// Lets it hear what has changed.
    pub(super) async fn heed(&self) {
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
    }
}

/// Whether userinfo takes an access token.
pub(super) async fn is_good(app: &TestApp, access_token: &str) -> bool {
    let answer = Call::get(USERINFO).bearer(access_token).send(app).await;
    assert!([200, 401].contains(&answer.status), "{}", answer.show());
    answer.status == 200
}

/// A part of a token, decoded: 0 the header, 1 the claims.
pub(super) fn part(token: &str, index: usize) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The names of an object's members, in order.
pub(super) fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Lines of a log, kept.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }

    /// Every line, when they are JSON.
    pub(super) fn json(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
