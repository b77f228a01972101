//! Tokens where they are used: the real server, a device that signs in with the client library, a person on the real pages,
//! and the example API of the library for resources, which the device then calls.

#[path = "../../../resource/examples/api.rs"]
#[expect(dead_code, reason = "what starts it as a program of its own")]
mod api;
#[path = "../../src/demo/pages.rs"]
mod pages;

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use client::call::{Call, call};
use client::login::When;
use client::protected_resource::protected_resource;
use client::transport::Response;
use client::{
    Application, Client, Endpoint, Environment as _, Https, Issuer, LoginRequest, Plaintext, Provider, Session, System,
    discover,
};
use http::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::pages::Browser;
use super::argument;
use super::serving::{Place, Server};

pub(super) const PASSWORD: &str = "tomorrow it will rain fish";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ALGORITHMS: &str = "Ed25519 EdDSA ES256 RS256";

/// The server, and one API that is called two names: `usual` judges JWTs offline, `strict` asks about every token.
struct World {
    server: Server,
    usual: String,
    strict: String,
    /// Another API, for which no token here is meant.
    other: String,
}

impl World {
    async fn new() -> Self {
        let listeners = [listen().await, listen().await, listen().await];
        let [usual, strict, other] = listeners.each_ref().map(|l| format!("http://{}", l.local_addr().unwrap()));
        let place = Place::new();
        let device = format!(
            "name = \"Television\"\ngrants = [\"device\"]\nscopes = [\"things:read\", \"things:write\"]\n\
             link = \"always\"\nresources = [\"{usual}\"]\n"
        );
        place.configure(&format!(
            "[[client]]\nid = \"jwt\"\n{device}[[client]]\nid = \"opaque\"\naccess_token_format = \"opaque\"\n{device}\
             [[client]]\nid = \"api\"\nname = \"API\"\nauth = \"client_secret_basic\"\nsecret = \"{SECRET}\"\n\
             grants = []\nintrospection = true\nresources = [\"{usual}\"]\n"
        ));
        let mut add = place.command(&["user", "add", "maria", "--password-stdin"]);
        let mut adding = add.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        adding.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(adding.wait().unwrap().success());
        fs::write(place.file("api.secret"), SECRET).unwrap();

        let server = place.serve();
        let (issuer, secret) = (server.issuer(), server.file("api.secret"));
        let [first, second, third] = listeners;
        let shared =
            [("--issuer", issuer.as_str()), ("--client-id", "api"), ("--client-secret-file", argument(&secret))];
        serve(first, &shared);
        serve(second, &[&shared[..], &[("--audience", &usual), ("--revocation", "at-once")]].concat());
        serve(third, &shared);
        Self { server, usual, strict, other }
    }

    /// A device signs in as `client_id` for a person who approves on the pages.
    async fn sign_in(&self, client_id: &str, scopes: &[&str], binding: When) -> (Client<Https, System>, Session) {
        let issuer = Issuer::parse(&self.server.issuer(), Plaintext::OnLoopback).unwrap();
        let provider = Provider::of_host(issuer.host());
        let (application, environment, transport) = (Application::public(client_id), System::new(), Https::new());
        let server = discover(&transport, issuer, provider, Plaintext::OnLoopback).await.unwrap();
        let device = Client { application, environment, server, transport };
        let request = LoginRequest {
            binding,
            resources: vec![self.usual.clone()],
            scopes: scopes.iter().copied().map(str::to_owned).collect(),
            ..LoginRequest::default()
        };
        let login = device.start(request).await.unwrap();
        let link = login.prompt().verification_uri_complete.clone().unwrap();
        let (signed_in, ()) = tokio::join!(login.finish(|_| ()), approve(link.as_str()));
        (device, signed_in.unwrap().session)
    }
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn serve(listener: TcpListener, settings: &[(&str, &str)]) {
    let settings: HashMap<&str, &str> = settings.iter().copied().collect();
    let api = api::Api::new(&settings, listener.local_addr().unwrap()).unwrap();
    tokio::spawn(api.serve(listener));
}

pub(super) async fn approve(link: &str) {
    let mut browser = Browser::new(None).unwrap();
    let mut page = browser.open(link).await.unwrap();
    while page.name() != "done" {
        assert!(matches!(page.name(), "sign-in" | "decision"), "the page {:?} was not expected", page.name());
        let mut decision = vec![("decision", "approve")];
        if page.asks_for("confirm_code") {
            decision.push(("confirm_code", "yes"));
        }
        let (marker, filled) = match page.name() {
            "sign-in" => ("password", vec![("username", "maria"), ("password", PASSWORD)]),
            _ => ("decision", decision),
        };
        page = browser.send(&page, marker, &filled).await.unwrap();
    }
    assert_eq!(page.attribute("data-outcome"), Some("approved"));
}

/// The device calls an API in its person's name.
async fn things(session: &Session, method: Method, api: &str) -> Response {
    let url = Endpoint::parse(&format!("{api}/things"), Plaintext::OnLoopback).unwrap();
    let request = Call { method, ..Call::get(url) };
    call(&Https::new(), &System::new(), session, &request).await.unwrap()
}

async fn status(session: &Session, api: &str) -> u16 {
    things(session, Method::GET, api).await.status
}

/// A request as anybody may send it.
async fn plain(url: &str, authorization: Option<&str>) -> reqwest::Response {
    let request = reqwest::Client::builder().no_proxy().build().unwrap().get(url);
    match authorization {
        Some(value) => request.header("authorization", value).send().await.unwrap(),
        None => request.send().await.unwrap(),
    }
}

fn challenges(headers: &http::HeaderMap) -> Vec<&str> {
    headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bt_3_1_pr_3_without_a_token_the_api_says_where_to_get_one() {
    let world = World::new().await;
    let api = &world.usual;
    let refused = plain(&format!("{api}/things"), None).await;
    assert_eq!(refused.status(), 401);
    let document = format!("{api}/.well-known/oauth-protected-resource");
    let rest = format!(r#"realm="{api}", resource_metadata="{document}""#);
    let dpop = format!(r#"DPoP realm="{api}", algs="{ALGORITHMS}", resource_metadata="{document}""#);
    assert_eq!(challenges(refused.headers()), [format!("Bearer {rest}"), dpop]);

    let said: Value = serde_json::from_str(&plain(&document, None).await.text().await.unwrap()).unwrap();
    assert_eq!((&said["resource"], &said["authorization_servers"]), (&json!(api), &json!([world.server.issuer()])));
    let read = protected_resource(&Https::new(), api, Plaintext::OnLoopback).await.unwrap();
    assert_eq!(read.scopes, ["things:read", "things:write"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bt_5_1_sb_2_3_1_a_jwt_is_good_at_its_api_for_what_was_granted_until_it_expires() {
    let world = World::new().await;
    let (device, session) = world.sign_in("jwt", &["things:read"], When::Never).await;
    let rest = session.expires_at.unwrap().since(device.environment.now().wall);
    assert!(rest <= Duration::from_secs(600), "{rest:?}");

    let answer = things(&session, Method::GET, &world.usual).await;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8(answer.body).unwrap().ends_with(" may GET\n"));
    assert_eq!(status(&session, &world.strict).await, 200);

    let refused = things(&session, Method::POST, &world.usual).await;
    assert_eq!(refused.status, 403);
    let [challenge] = challenges(&refused.headers)[..] else { panic!("one") };
    assert!(challenge.contains(r#"error="insufficient_scope", scope="things:write""#), "{challenge}");

    let refused = things(&session, Method::GET, &world.other).await;
    assert_eq!(refused.status, 401);
    assert!(challenges(&refused.headers)[0].contains(r#"error="invalid_token""#));
    let in_the_address = format!("{}/things?access_token={}", world.usual, session.access_token.reveal());
    assert_eq!(plain(&in_the_address, None).await.status(), 401);

    device.revoke(&session).await.unwrap();
    assert_eq!(status(&session, &world.usual).await, 200, "judged offline, it lives until it expires");
    let refused = things(&session, Method::GET, &world.strict).await;
    assert_eq!(refused.status, 401, "asked about, it is dead at once");
    assert!(challenges(&refused.headers)[0].contains(r#"error="invalid_token""#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_4_1_an_opaque_token_is_good_while_the_server_says_so() {
    let world = World::new().await;
    let (device, session) = world.sign_in("opaque", &["things:read", "things:write"], When::Never).await;
    assert!(!session.access_token.reveal().contains('.'));
    for api in [&world.usual, &world.strict] {
        assert_eq!(things(&session, Method::GET, api).await.status, 200);
        assert_eq!(things(&session, Method::POST, api).await.status, 200);
    }
    assert_eq!(status(&session, &world.other).await, 401, "for another API");
    let (_, reader) = world.sign_in("opaque", &["things:read"], When::Never).await;
    assert_eq!(things(&reader, Method::POST, &world.usual).await.status, 403);

    device.revoke(&session).await.unwrap();
    assert_eq!(status(&session, &world.strict).await, 401);
    let World { server, usual, strict, .. } = world;
    drop(server);
    assert_eq!(status(&reader, &usual).await, 200, "known for some seconds");
    let unavailable = things(&reader, Method::GET, &strict).await;
    assert_eq!((unavailable.status, challenges(&unavailable.headers).len()), (503, 0), "it may well be good");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_7_1_1_dp_7_2_1_a_bound_token_is_good_with_its_key_alone() {
    let world = World::new().await;
    for client_id in ["jwt", "opaque"] {
        let (_, session) = world.sign_in(client_id, &["things:read"], When::Always).await;
        assert!(session.proof_key.is_some());
        for api in [&world.usual, &world.strict] {
            assert_eq!(status(&session, api).await, 200, "{client_id}");
            assert_eq!(things(&session, Method::POST, api).await.status, 403, "{client_id}");
            let url = format!("{api}/things");
            let token = session.access_token.reveal();
            for scheme in ["Bearer", "DPoP"] {
                let refused = plain(&url, Some(&format!("{scheme} {token}"))).await;
                assert_eq!(refused.status(), 401, "{client_id} {scheme}");
            }
        }
    }
}
