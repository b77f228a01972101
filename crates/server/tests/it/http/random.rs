//! Whatever a stranger sends, the answer is theirs to understand: never our fault, and never a panic.

use http::{Method, Request};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::signed::{own, signed};
use super::support::{AUTHORIZATION, Call, Caller, FORM, INTROSPECT, REVOKE, TOKEN, USERINFO};
use crate::support::{HOME, TestApp};

const PATHS: [&str; 25] = [
    AUTHORIZATION,
    TOKEN,
    REVOKE,
    USERINFO,
    INTROSPECT,
    "/oauth2/register",
    "/oauth2/register/tv",
    "/account/devices",
    "/oauth2/jwks",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/device",
    "/device/decision",
    "/device/done",
    "/D/BBBB-BBBB",
    "/d/",
    "/sign-in",
    "/sign-out",
    "/account",
    "/assets/x",
    "/health/live",
    "/health/ready",
    "/",
    "/%FF%00",
    "/oauth2/",
];
const HEADERS: [&str; 15] = [
    "accept",
    "accept-language",
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "dpop",
    "if-none-match",
    "origin",
    "prefer",
    "sec-fetch-site",
    "user-agent",
    "x-forwarded-for",
    "host",
];
const NAMES: [&str; 22] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "refresh_token",
    "token",
    "scope",
    "device_name",
    "user_code",
    "username",
    "password",
    "csrf",
    "decision",
    "confirm_code",
    "resource",
    "action",
    "then",
];

/// What could be in a field: things that mean something, things that look like it, and anything.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "tv", "nobody", "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code", "openid", "openid+profile",
            "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer", "S256", "https%3A%2F%2Fapi.example.com",
            "cs_at_AAAA", "approve", "deny", "dc_AAAA", "rt_AAAA", "refresh_token", "BCDF-GHJK", "maria", "%FF", "%", "%E2%80%AE", "+", "", "%00", "null", "[]",
        ]).prop_map(str::to_owned),
        1 => jws(),
        2 => "[ -~]{0,80}",
        1 => "(%[0-9A-Fa-f]{2}){0,60}",
        1 => ".{0,40}",
    ]
}

/// Any JSON, more often than not with names that mean something.
fn json() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "typ",
        "alg",
        "jwk",
        "kid",
        "crit",
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "htm",
        "htu",
        "ath",
        "nonce",
        "cnf",
        "client_name",
        "grant_types",
        "x",
    ]);
    let value = prop::sample::select(vec![
        "\"dpop+jwt\"",
        "\"ES256\"",
        "\"none\"",
        "\"signer\"",
        "\"https://id.example.com\"",
        "\"POST\"",
        "1800000000",
        "-1",
        "1e999",
        "null",
        "[]",
        "{}",
        "[[[[]]]]",
        "{\"kty\":\"EC\"}",
        "\"\"",
        "true",
    ]);
    let object = prop::collection::vec((name, value), 0..8).prop_map(|members| {
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    });
    prop_oneof![3 => object, 1 => "[ -~]{0,40}"]
}

/// A genuine signature over anything.
fn jws() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        r#"{"typ":"dpop+jwt","alg":"ES256"}"#.to_owned(),
        format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, own().public_jwk().canonical_json()),
        format!(r#"{{"alg":"ES256","kid":"{}"}}"#, own().kid()),
    ]);
    (prop_oneof![2 => known, 1 => json()], json()).prop_map(|(header, claims)| signed(own(), &header, &claims))
}

fn body() -> impl Strategy<Value = String> {
    let field =
        (prop_oneof![4 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => "[a-z%0-9=]{0,12}"], value());
    prop_oneof![
        6 => prop::collection::vec(field, 0..12)
            .prop_map(|fields| fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")),
        1 => ".{0,200}",
        1 => (1_usize..30_000).prop_map(|length| "x".repeat(length)),
    ]
}

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let text = prop_oneof![
        2 => prop::sample::select(vec![
            "Basic dHY6", "Basic !!", "Bearer x", "Bearer a.b.c", "wait=0", "wait=99999999999", "gzip", "identity",
            "application/json", "same-origin", "cross-site", "https://id.example.com", "null", "*", "W/\"x\"",
            "__Host-session=x; __Host-session=y", "__Host-flow=AAAA", "1.2.3.4, ::1", "7", "-1",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => jws().prop_map(String::into_bytes),
        1 => jws().prop_map(|token| format!("DPoP {token}").into_bytes()),
        1 => prop::collection::vec(prop_oneof![Just(b'\t'), 0x20_u8..0x7f, 0x80_u8..=0xff], 0..60),
    ];
    (prop::sample::select(&HEADERS[..]), text)
}

fn path() -> impl Strategy<Value = String> {
    let query = prop_oneof![3 => Just(String::new()), 1 => "\\?[!-\"$-~]{0,40}"];
    let path =
        prop_oneof![5 => prop::sample::select(&PATHS[..]).prop_map(str::to_owned), 1 => "/[a-zA-Z0-9%/._~-]{0,40}"];
    (path, query).prop_map(|(path, query)| path + &query)
}

fn method() -> impl Strategy<Value = Method> {
    let known =
        vec![Method::POST, Method::POST, Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::TRACE];
    prop_oneof![9 => prop::sample::select(known), 1 => "[A-Z]{1,8}".prop_map(|name| Method::from_bytes(name.as_bytes()).unwrap())]
}

#[test]
fn nothing_that_a_stranger_sends_is_a_server_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::with(|settings| settings.limits.pending_grants_per_network = 100_000, ""));
    runtime.block_on(Caller::signing(&app, "signer", &[own()]));
    let code = runtime.block_on(Caller::tv().start(&app, "")).device_code;
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) });
    let request = (method(), path(), any::<bool>(), prop::collection::vec(header(), 0..5), body());
    let outcome = runner.run(&request, |(method, path, is_form, headers, body)| {
        let mut request = Request::builder().method(method).uri(path);
        if is_form {
            request = request.header("content-type", FORM);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(body) else { return Ok(()) };
        let reply = runtime.block_on(app.send(request, HOME));
        prop_assert!(!reply.status().is_server_error(), "{} {}", reply.status(), reply.body());
        if reply.headers().get("content-type").is_some_and(|value| value == "application/json") {
            prop_assert!(serde_json::from_str::<serde_json::Value>(reply.body()).is_ok() || reply.body().is_empty());
        }
        Ok(())
    });
    outcome.unwrap();
    // And it still works.
    let answer = runtime.block_on(Caller::tv().poll(&code).send(&app));
    assert_eq!(answer.refusal().1, "authorization_pending");
    assert_eq!(runtime.block_on(Call::get("/health/ready").send(&app)).status, 200);
}
