//! Clients that register themselves (RFC 7591) and look after that (RFC 7592), over HTTP.

mod changes;
mod ends;
mod quiet;
mod refusals;
mod statements;

use std::time::Duration;

use flow::admin::NewInitialToken;
use http::Method;
use proto::model::{AuthMethod, Ceiling, Client, ClientId, GrantType, InitialToken, Scope};
use serde_json::{Value, json};

use super::support::{Answer, Call, Caller, METADATA, OPENID, members};
use crate::support::{HOME, ISSUER, TestApp};

const REGISTER: &str = "/oauth2/register";
/// The grant that this is about, as a client names it.
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a device that renews its access says about itself.
fn device() -> Value {
    json!({"client_name": "Living-room TV", "grant_types": [DEVICE, "refresh_token"], "token_endpoint_auth_method": "none"})
}

/// `value` with some members replaced or, where null, left out.
fn but(mut value: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("not an object: {changes}") };
    for (name, new) in changes {
        if new.is_null() {
            value.as_object_mut().unwrap().remove(&name);
        } else {
            value[name] = new;
        }
    }
    value
}

fn json_call(method: Method, uri: &str, body: &Value) -> Call {
    Call::post(uri, &body.to_string()).method(method).without("content-type").header("content-type", "application/json")
}

/// A registration without a token.
fn bare(body: &Value) -> Call {
    json_call(Method::POST, REGISTER, body)
}

/// What clients may be that register with the token of [`initial_token`].
fn ceiling() -> Ceiling {
    Ceiling {
        grants: vec![GrantType::DeviceCode, GrantType::RefreshToken],
        scopes: Scope::parse("openid profile offline_access").unwrap(),
    }
}

async fn initial_token_for(app: &TestApp, uses: Option<u32>, ceiling: Ceiling) -> (String, InitialToken) {
    let lifetime = Some(Duration::from_secs(3_600));
    let new = NewInitialToken { note: "factory".to_owned(), ceiling, uses, lifetime };
    let (token, row) = app.flow.admin().add_initial_token(&new).await.unwrap();
    (token.reveal().to_owned(), row)
}

async fn initial_token(app: &TestApp) -> String {
    initial_token_for(app, None, ceiling()).await.0
}

async fn register(app: &TestApp, body: &Value) -> Answer {
    bare(body).bearer(&initial_token(app).await).send(app).await
}

/// A client that registered itself.
struct Mine {
    id: String,
    secret: String,
    token: String,
    /// What it was told.
    told: Value,
}

impl Mine {
    async fn new(app: &TestApp, body: &Value) -> Self {
        Self::of(&register(app, body).await)
    }

    #[track_caller]
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{}", answer.show());
        let told = answer.json();
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let (id, secret, token) = (text("client_id"), text("client_secret"), text("registration_access_token"));
        assert_eq!(told["registration_client_uri"], format!("{ISSUER}{REGISTER}/{id}"));
        Self { id, secret, token, told }
    }

    fn uri(&self) -> String {
        format!("{REGISTER}/{}", self.id)
    }

    fn ask(&self, method: Method) -> Call {
        Call::new(method, &self.uri()).bearer(&self.token)
    }

    /// Replaces what is registered: what it says, and who it is.
    fn put(&self, body: &Value) -> Call {
        let body = but(body.clone(), json!({ "client_id": self.id }));
        json_call(Method::PUT, &self.uri(), &body).bearer(&self.token)
    }

    async fn row(&self, app: &TestApp) -> Option<Client> {
        app.store.client(&ClientId::parse(&self.id).unwrap()).await.unwrap()
    }

    fn caller(&self) -> Caller {
        let auth = match self.told["token_endpoint_auth_method"].as_str().unwrap() {
            "none" => AuthMethod::None,
            "client_secret_post" => AuthMethod::ClientSecretPost,
            _ => AuthMethod::ClientSecretBasic,
        };
        Caller { id: self.id.clone(), auth, secret: self.secret.clone() }
    }
}

#[tokio::test]
async fn dr_3_1_dr_3_2_1_1_dr_2_1_dm_3_1_a_device_registers_itself_and_signs_in() {
    let app = TestApp::new().await;
    let said = but(
        device(),
        json!({"token_endpoint_auth_method": null, "x_vendor": {"a": 1}, "logo_uri": "https://a.example/l"}),
    );
    let answer = register(&app, &said).await;
    assert_eq!((answer.status, answer.header("content-type")), (201, "application/json"));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let mine = Mine::of(&answer);
    let names = [
        "client_id",
        "client_id_issued_at",
        "client_name",
        "client_secret",
        "client_secret_expires_at",
        "dpop_bound_access_tokens",
        "grant_types",
        "id_token_signed_response_alg",
        "registration_access_token",
        "registration_client_uri",
        "response_types",
        "scope",
        "subject_type",
        "token_endpoint_auth_method",
    ];
    assert_eq!(members(&mine.told), names, "what was registered, and no more");
    assert_eq!(mine.told["client_secret_expires_at"], 0);
    assert_eq!(mine.told["token_endpoint_auth_method"], "client_secret_basic");
    assert!(mine.secret.starts_with("cs_") && mine.token.starts_with("rat_") && mine.id.starts_with("dyn_"));

    let tokens = mine.caller().signed_in_for_long(&app).await;
    assert_eq!(super::support::part(&tokens.text("access_token"), 1)["client_id"], mine.id.as_str());
    let renewed = mine.caller().refresh(&tokens.text("refresh_token")).send(&app).await;
    assert_eq!(renewed.status, 200, "{}", renewed.show());
}

#[tokio::test]
async fn dr_2_3_cf_3_a_device_that_only_signs_in_needs_no_redirect_uris() {
    let app = TestApp::new().await;
    let said = json!({"grant_types": [DEVICE], "response_types": [], "token_endpoint_auth_method": "none"});
    let mine = Mine::new(&app, &said).await;
    assert_eq!((&mine.told["grant_types"], &mine.told["response_types"]), (&json!([DEVICE]), &json!([])));
    assert_eq!((mine.told.get("redirect_uris"), mine.told.get("client_secret")), (None, None));
    assert_eq!(mine.told.get("client_secret_expires_at"), None, "it goes with a secret");
    assert_eq!((&mine.told["client_name"], &mine.told["scope"]), (&json!(mine.id), &json!("openid profile")));
    assert_eq!(mine.caller().signed_in(&app, "openid").await.status, 200);
    let wrong = register(&app, &but(said.clone(), json!({"response_types": ["code"]}))).await;
    assert_eq!(wrong.refusal(), (400, "invalid_client_metadata".to_owned()));
    let wrong = register(&app, &but(said, json!({"redirect_uris": ["https://tv.example.com/cb"]}))).await;
    assert_eq!(wrong.refusal(), (400, "invalid_redirect_uri".to_owned()));
}

#[tokio::test]
async fn dr_5_3_dr_5_4_no_client_chooses_its_id_or_secret_and_none_has_that_of_another() {
    let app = TestApp::new().await;
    let said = json!({
        "grant_types": [DEVICE], "client_id": "tv", "client_secret": "mine", "registration_access_token": "rat_mine",
    });
    let (one, two) = (Mine::new(&app, &said).await, Mine::new(&app, &said).await);
    for (a, b) in [(&one.id, &two.id), (&one.secret, &two.secret), (&one.token, &two.token)] {
        assert_ne!(a, b);
        assert!(!["tv", "mine", "rat_mine"].contains(&a.as_str()));
    }
    let tv = app.store.client(&ClientId::parse("tv").unwrap()).await.unwrap().unwrap();
    assert_eq!(tv.version, 1, "untouched");
}

#[tokio::test]
async fn dr_5_1_t3_people_are_told_that_nobody_vouches_for_a_name() {
    let app = TestApp::new().await;
    let said =
        but(device(), json!({"client_name": "Example Bank", "verified": true, "logo_uri": "https://bank.example/l"}));
    let mine = Mine::new(&app, &said).await;
    assert!(!mine.row(&app).await.unwrap().verified);
    let started = mine.caller().start(&app, "openid").await;
    let mut browser = app.signed_in("maria", HOME).await;
    let page = browser.type_code(&started.user_code).await;
    let text = page.expect_page("decision").text();
    assert!(text.contains("Example Bank") && text.contains(&mine.id) && text.contains("Not verified"), "{text}");
    assert!(!page.body.contains("bank.example"), "nothing of it is linked or loaded (DR-5-2)");
}

#[tokio::test]
async fn dr_5_2_addresses_for_people_are_neither_kept_nor_fetched_nor_shown() {
    let app = TestApp::new().await;
    let uris = json!({
        "client_uri": "https://a.example", "logo_uri": "http://169.254.169.254/", "tos_uri": "https://b.example",
        "policy_uri": "file:///etc/passwd", "contacts": ["x@example.com"], "logo_uri#de": "https://c.example",
    });
    let mine = Mine::new(&app, &but(device(), uris)).await;
    let read = mine.ask(Method::GET).send(&app).await;
    for name in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "contacts", "logo_uri#de"] {
        assert_eq!((mine.told.get(name), read.json().get(name)), (None, None), "{name}");
    }
}

#[tokio::test]
async fn dr_2_2_1_names_in_languages_are_read_and_the_plain_one_is_shown() {
    let app = TestApp::new().await;
    let said = but(device(), json!({"client_name#DE": "Fernseher", "client_name": "Fern\u{e9}viseur"}));
    assert_eq!(Mine::new(&app, &said).await.told["client_name"], "Fern\u{e9}viseur");
    let said = but(device(), json!({"client_name": null, "client_name#de": "Fernseher", "client_name#EN-us": "TV"}));
    assert_eq!(Mine::new(&app, &said).await.told["client_name"], "TV");
    let twice = but(device(), json!({"client_name#de": "a", "client_name#DE": "b"}));
    assert_eq!(register(&app, &twice).await.refusal(), (400, "invalid_client_metadata".to_owned()));
}

#[tokio::test]
async fn dr_3_2_metadata_names_the_endpoint_while_clients_may_register() {
    for (enabled, endpoint) in [(true, json!(format!("{ISSUER}{REGISTER}"))), (false, Value::Null)] {
        let app = TestApp::with(|settings| settings.registration.enabled = enabled, "").await;
        for document in [METADATA, OPENID] {
            assert_eq!(Call::get(document).send(&app).await.json()["registration_endpoint"], endpoint);
        }
        assert_eq!(register(&app, &device()).await.status, if enabled { 201 } else { 403 });
    }
}

#[tokio::test]
async fn dm_2_2_other_methods_than_an_address_has_are_405() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &device()).await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD] {
        let answer = Call::new(method, REGISTER).send(&app).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
    for method in [Method::POST, Method::PATCH, Method::HEAD] {
        let answer = mine.ask(method).send(&app).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, PUT, DELETE"));
    }
}

#[tokio::test]
async fn dr_2_1_keys_are_registered_and_authenticate_the_client() {
    let app = TestApp::new().await;
    let key = jose::SigningKey::generate(jose::Algorithm::EdDsa).unwrap();
    let said = but(
        device(),
        json!({
            "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "EdDSA",
            "jwks": {"keys": [key.public_jwk()]}, "id_token_signed_response_alg": "ES256", "subject_type": "pairwise",
            "dpop_bound_access_tokens": false, "scope": "openid",
        }),
    );
    let mine = Mine::new(&app, &said).await;
    for name in [
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "id_token_signed_response_alg",
        "subject_type",
    ] {
        assert_eq!(mine.told[name], said[name], "{name}");
    }
    assert_eq!(mine.told["jwks"]["keys"][0]["x"], said["jwks"]["keys"][0]["x"]);
    let mut entropy = app.env.entropy();
    let assertion = jose::client_assertion::issue(&key, &mine.id, ISSUER, app.env.now(), &mut entropy).unwrap();
    let body = format!(
        "scope=openid&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&\
         client_assertion={assertion}"
    );
    let answer = Call::post(super::support::AUTHORIZATION, &body).send(&app).await;
    assert_eq!(answer.status, 200, "{}", answer.show());
}
