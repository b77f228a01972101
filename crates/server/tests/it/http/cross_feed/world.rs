//! A deployment with one of everything that is handed out, and of everything that is made for it.

use std::collections::BTreeMap;

use flow::admin::NewInitialToken;
use http::Method;
use proto::model::{AccessTokenFormat, AuthMethod, Ceiling, Client, GrantType, Scope};
use serde_json::json;

use super::super::signed::{Jws, other, own};
use super::super::support::{AUTHORIZATION, Call, Caller};
use crate::support::{Browser, HOME, ISSUER, TestApp, client};

pub(super) const SESSION: &str = "__Host-countersign_session";
pub(super) const COMPANION: &str = "__Host-countersign_same_site";
pub(super) const VISIT: &str = "__Host-countersign_flow";

/// A deployment with one of everything.
pub(super) struct World<'a> {
    pub(super) app: &'a TestApp,
    pub(super) things: BTreeMap<&'static str, String>,
    /// A person before a question, with the form that answers it.
    pub(super) browser: Browser<'a>,
    pub(super) question: Vec<(String, String)>,
    /// The code of a device whose request had a challenge.
    pub(super) challenged: String,
    /// Where a client that registered itself looks after that.
    pub(super) registration: String,
}

/// An initial access token, and what a client that registered itself with it was told.
async fn registered(app: &TestApp) -> (String, serde_json::Value) {
    let ceiling = Ceiling { grants: vec![GrantType::DeviceCode], scopes: Scope::parse("openid").unwrap() };
    let new = NewInitialToken { note: "tests".to_owned(), ceiling, uses: None, lifetime: None };
    let (token, _) = app.flow.admin().add_initial_token(&new).await.unwrap();
    let answer = register("").bearer(token.reveal()).send(app).await;
    assert_eq!(answer.status, 201, "{}", answer.show());
    (token.reveal().to_owned(), answer.json())
}

/// A registration with this statement about its software, if that is one.
pub(super) fn register(statement: &str) -> Call {
    let statement = if statement.is_empty() { serde_json::Value::Null } else { statement.into() };
    let mut metadata = json!({"client_name": "A box", "token_endpoint_auth_method": "none"});
    metadata["grant_types"] = json!(["urn:ietf:params:oauth:grant-type:device_code"]);
    if !statement.is_null() {
        metadata["software_statement"] = statement;
    }
    let call = Call::post("/oauth2/register", &metadata.to_string()).without("content-type");
    call.header("content-type", "application/json")
}

async fn opaque(app: &TestApp) -> Caller {
    let mut client = Client { grants: vec![GrantType::DeviceCode, GrantType::RefreshToken], ..client("opaque", "O") };
    client.tokens.format = AccessTokenFormat::Opaque;
    Caller::register_as(app, client).await
}

/// The value of a field of a form.
pub(super) fn field(form: &[(String, String)], name: &str) -> String {
    form.iter().find(|(own, _)| own == name).unwrap().1.clone()
}

impl<'a> World<'a> {
    pub(super) async fn new(app: &'a TestApp) -> Self {
        let device = Caller::lasting(app, "box", AuthMethod::None).await;
        let post = Caller::register(app, "post", AuthMethod::ClientSecretPost).await;
        Caller::register(app, "basic", AuthMethod::ClientSecretBasic).await;
        let api = Client { introspects: true, ..client("api", "The API") };
        Caller::register_as(app, Client { auth: AuthMethod::ClientSecretBasic, ..api }).await;
        Caller::signing(app, "signer", &[other()]).await;
        let (initial, registration) = registered(app).await;
        let tokens = device.signed_in_for_long(app).await;
        let bound = device.signed_in_with(app, own(), "openid").await;
        let sealed = opaque(app).await.signed_in_for_long(app).await;
        let (pending, approved) = (device.start(app, "openid").await, device.start(app, "openid").await);
        app.decide(&approved.user_code, "approve").await;
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let parameters = format!("code_challenge={challenge}&code_challenge_method=S256");
        let challenged = device.call(AUTHORIZATION, &parameters).send(app).await;
        app.decide(&challenged.text("user_code"), "approve").await;

        let mut browser = app.signed_in("maria", HOME).await;
        let account = browser.open("/account").await.filled("/sign-out", &[]);
        let asked = device.start(app, "openid").await;
        let page = browser.type_code(&asked.user_code).await;
        let question = page.filled("/device/decision", &[("decision", "approve")]);
        let cookie = |name: &str| browser.cookies[name].value.clone();
        let handle = question.iter().find(|(name, _)| !["csrf", "decision"].contains(&name.as_str())).unwrap();
        let things = BTreeMap::from([
            ("pending device code", pending.device_code),
            ("device code", approved.device_code),
            ("user code", pending.user_code),
            ("access token", tokens.text("access_token")),
            ("bound access token", bound.text("access_token")),
            ("opaque access token", sealed.text("access_token")),
            ("refresh token", tokens.text("refresh_token")),
            ("id_token", tokens.text("id_token")),
            ("proof", Jws::proof(app, own(), &Method::POST, AUTHORIZATION).sign(own())),
            ("assertion", Jws::assertion(app, other(), "signer").sign(other())),
            ("initial access token", initial),
            ("registration access token", registration["registration_access_token"].as_str().unwrap().to_owned()),
            ("nonce", app.flow.dpop_nonce().unwrap()),
            ("client secret", post.secret),
            ("challenge", challenge.to_owned()),
            ("session cookie", cookie(SESSION)),
            ("companion cookie", cookie(COMPANION)),
            ("visit cookie", cookie(VISIT)),
            ("csrf token", field(&account, "csrf")),
            ("csrf token of the question", field(&question, "csrf")),
            ("question", handle.1.clone()),
            ("kid", own().kid().to_owned()),
        ]);
        let registration = registration["registration_client_uri"].as_str().unwrap().strip_prefix(ISSUER).unwrap();
        let (registration, challenged) = (registration.to_owned(), challenged.text("device_code"));
        Self { app, things, browser, question, challenged, registration }
    }

    /// Another with the same secrets, since some are used up.
    pub(super) fn device(&self) -> Caller {
        Caller { id: "box".to_owned(), ..Caller::tv() }
    }
}
