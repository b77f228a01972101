//! `countersign request`: one call of an API, with everything a token needs.

use std::io::Write;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::bound::binding;
use crate::server::{Home, Reply, Request, Server, bound_tokens, tokens};

/// An API on a socket of its own, and what it was asked.
fn api(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Server {
    Server::saying(&json!({}), answer)
}

fn signed_in(server: &Server) -> Home {
    let home = Home::new();
    let ran = home.login(server, "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    home
}

fn demand(nonce: &str) -> Reply {
    Reply::new(401, "").with("www-authenticate", "DPoP error=\"use_dpop_nonce\"").with("dpop-nonce", nonce)
}

#[test]
fn dp_4_2_2_an_api_is_called_with_the_token_and_its_proof() {
    let home = signed_in(&binding());
    let api = api(|request| Reply::new(200, format!("{} {}", request.method, request.body)).with("x-api", "a\u{9}b"));
    let url = format!("{}/things?page=2", api.issuer);
    let ran = home.run(&format!("request {url}"));
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "GET ", ""));
    let seen = api.requests().pop().unwrap();
    assert_eq!(seen.header("authorization"), Some("DPoP the-access-token"));
    assert_eq!(seen.proof().get("htu"), Some(&json!(format!("{}/things", api.issuer))));
    assert_eq!(seen.header("content-type"), None);

    let ran = home.run(&format!("request default PUT {url} -d {{\"a\":1}} -H Accept:text/csv -H X-A:1 -H X-A:2 -i"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "PUT {\"a\":1}"));
    assert_eq!(ran.stderr, "200 OK\ncontent-length: 11\nx-api: a b\n\n");
    let seen = api.requests().pop().unwrap();
    assert_eq!((seen.header("content-type"), seen.header("accept")), (Some("application/json"), Some("text/csv")));
    assert_eq!(seen.headers.iter().filter(|(name, _)| name == "x-a").count(), 2);
    assert_eq!(seen.proof().get("htm"), Some(&json!("PUT")));
}

#[test]
fn a_body_comes_from_a_file_or_from_stdin() {
    let home = signed_in(&binding());
    let api = api(|request| Reply::new(200, request.body.clone()));
    std::fs::write(home.0.path().join("body"), "from a file").unwrap();
    let ran = home.run(&format!("request {}/ -d @body -H Content-Type:text/plain", api.issuer));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "from a file"));
    assert_eq!(api.requests().pop().unwrap().header("content-type"), Some("text/plain"));
    let mut command = home.command(&format!("request {}/ -d @-", api.issuer));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"from stdin").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"from stdin");
    assert_eq!(home.run(&format!("request {}/ -d @nowhere", api.issuer)).code, Some(2));
}

#[test]
fn dp_9_1_an_api_that_wants_a_nonce_gets_it() {
    let home = signed_in(&binding());
    let api = api(|request| match request.proof().get("nonce").and_then(Value::as_str) {
        Some("n") => Reply::new(200, "in"),
        _ => demand("n"),
    });
    let ran = home.run(&format!("request {}/", api.issuer));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "in"), "{}", ran.stderr);
    let proofs: Vec<_> = api.requests().iter().map(Request::proof).collect();
    assert_eq!(proofs.len(), 2);
    assert_ne!(proofs.first().unwrap().get("jti"), proofs.last().unwrap().get("jti"));

    // The next process knows it, and so do headers for another program.
    assert_eq!(home.run(&format!("request {}/", api.issuer)).stdout, "in");
    assert_eq!(api.requests().len(), 3);
    let headers = home.run(&format!("header --url {}/", api.issuer)).stdout;
    let headers = vec![("dpop".to_owned(), headers.lines().last().unwrap().replace("DPoP: ", ""))];
    assert_eq!(Request { headers, ..Request::default() }.proof().get("nonce"), Some(&json!("n")));
}

/// A server whose second token is another, and an API that takes only that one.
fn ended_early(challenge: &'static str) -> (Server, Server) {
    let mut count = 0;
    let more = json!({"dpop_signing_alg_values_supported": ["ES256"]});
    let server = Server::saying(&more, move |request| {
        let (status, mut body) = bound_tokens();
        if request.path == "/token" {
            count += 1;
            body.as_object_mut().unwrap().insert("access_token".to_owned(), json!(format!("token-{count}")));
        }
        (status, body).into()
    });
    let api = api(move |request| match request.header("authorization") {
        Some("DPoP token-2") => Reply::new(200, request.body.clone()),
        _ => Reply::new(401, "refused").with("www-authenticate", challenge),
    });
    (server, api)
}

#[test]
fn a_token_that_ended_too_early_is_renewed_once() {
    let (server, api) = ended_early("DPoP error=\"invalid_token\"");
    let home = signed_in(&server);
    let ran = home.run(&format!("request POST {}/ -d again", api.issuer));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "again"), "{}", ran.stderr);
    assert_eq!(api.requests().len(), 2);
    assert_eq!(home.run("token").stdout, "token-2\n", "and kept");

    let (server, api) = ended_early("DPoP error=\"insufficient_scope\"");
    let home = signed_in(&server);
    let ran = home.run(&format!("request {}/", api.issuer));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "refused"), "another refusal stands");
    assert!(ran.stderr.contains("answered 401 Unauthorized."), "{}", ran.stderr);
    assert_eq!(api.requests().len(), 1);
}

#[test]
fn a_token_nobody_takes_is_renewed_once_and_no_more() {
    let home = signed_in(&binding());
    let api = api(|_| Reply::new(401, "").with("www-authenticate", "DPoP error=\"invalid_token\""));
    let ran = home.run(&format!("request {}/", api.issuer));
    assert_eq!((ran.code, api.requests().len()), (Some(7), 2), "{}", ran.stderr);
}

#[test]
fn pr_5_bt_5_3_the_token_is_sent_to_no_other_origin_and_never_in_plain_text() {
    let home = signed_in(&binding());
    let other = api(|_| Reply::new(200, "got it"));
    let target = format!("{}/", other.issuer);
    let api = api(move |request| match request.path.as_str() {
        "/away" => Reply::new(302, "").with("location", target.clone()),
        "/here" => Reply::new(307, "").with("location", "/there?x=1"),
        "/round" => Reply::new(301, "").with("location", "/round"),
        _ => Reply::new(200, "there"),
    });
    let run = |line: &str, path: &str| home.run(&format!("request {line}{}{path}", api.issuer));
    let away = run("", "/away");
    assert_eq!((away.code, away.stdout.as_str()), (Some(7), ""));
    assert!(away.stderr.contains(&format!("points to {}/, which is not followed", other.issuer)), "{}", away.stderr);
    assert!(other.requests().is_empty());

    let here = run("", "/here");
    assert_eq!((here.code, here.stdout.as_str()), (Some(0), "there"), "{}", here.stderr);
    let last = api.requests().pop().unwrap();
    assert_eq!(last.proof().get("htu"), Some(&json!(format!("{}/there", api.issuer))), "a proof for where it went");
    assert_eq!(run("POST ", "/here").code, Some(7), "only what changes nothing is sent on");
    let before = api.requests().len();
    assert_eq!(run("", "/round").code, Some(7));
    assert!(api.requests().len() - before < 10);

    let plain = home.run("request http://api.example.com/");
    assert_eq!(plain.code, Some(2));
    assert!(plain.stderr.contains("is not https: the token is not sent there"), "{}", plain.stderr);
}

#[test]
fn the_answer_of_an_api_decides_how_it_ends() {
    let statuses = Arc::new(Mutex::new(vec![500, 404, 204]));
    let api = api(move |_| Reply::new(statuses.lock().unwrap().pop().unwrap(), "{}"));
    let server = Server::polls(vec![tokens()]);
    let home = Home::new();
    let line = format!("request {}/", api.issuer);
    assert_eq!(home.run(&line).code, Some(5), "nobody is signed in");
    home.login(&server, "");
    assert_eq!(home.run(&line).code, Some(0));
    for said in ["answered 404 Not Found.", "answered 500 Internal Server Error."] {
        let ran = home.run(&line);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "{}"));
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let first = api.requests().into_iter().next().unwrap();
    assert_eq!((first.header("authorization"), first.header("dpop")), (Some("Bearer the-access-token"), None));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(home.run(&format!("request http://{closed}/")).code, Some(6));
}
