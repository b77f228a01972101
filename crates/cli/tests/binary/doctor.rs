//! What `countersign doctor` finds out, and that it changes nothing.

use serde_json::{Value, json};

use crate::server::{Home, Reply, Server, error, tokens};

fn report(server: &Server, more: &str) -> (Option<i32>, Value) {
    let ran = Home::new().run(&format!("doctor {} --allow-http-loopback --json {more}", server.issuer));
    // What is no report is shown by the test that expects one.
    (ran.code, serde_json::from_str(&ran.stdout).unwrap_or(Value::String(ran.stderr)))
}

/// What was found, as kind and subject.
fn has(report: &Value, kind: &str, about: &str) -> bool {
    let findings = report.get("findings").unwrap().as_array().unwrap();
    findings.iter().any(|it| (it.get("kind"), it.get("about")) == (Some(&json!(kind)), Some(&json!(about))))
}

#[test]
fn a_good_server_is_told_to_be_one_and_nothing_is_changed_there() {
    let more = json!({
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        "dpop_signing_alg_values_supported": ["ES256"], "code_challenge_methods_supported": ["S256"]
    });
    let server = Server::saying(&more, |request| match request.path.as_str() {
        "/token" if request.body.contains("client_id=tv") => error("invalid_grant").into(),
        "/token" => error("invalid_client").into(),
        _ => Reply::new(404, ""),
    });
    let (code, found) = report(&server, "--client-id tv");
    assert_eq!(code, Some(0), "{found}");
    assert_eq!((found.get("device_flow"), found.get("experimental")), (Some(&json!(true)), Some(&json!(false))));
    for about in ["discovery", "device_flow", "refresh", "dpop", "pkce", "revocation", "client"] {
        assert!(has(&found, "supported", about), "{about}: {found}");
    }
    assert!(has(&found, "missing", "userinfo") && has(&found, "missing", "keys"));
    // It gives codes to anybody: the only grant that could have been made, in nobody's name.
    let asked: Vec<_> = server.seen().into_iter().filter(|(path, _)| path == "/codes").collect();
    assert_eq!(asked.len(), 1);
    assert!(asked.first().unwrap().1.contains("client_id=countersign-doctor"));

    let seen = server.seen().len();
    assert_eq!(report(&server, "--no-probe").0, Some(0));
    assert!(server.seen().split_off(seen).iter().all(|(path, _)| path.starts_with("/.well-known")));
    let ran = Home::new().run(&format!("doctor {} --allow-http-loopback", server.issuer));
    for text in ["What it can\n", "What it cannot\n", "Tokens are bound to a key of this device (ES256)."] {
        assert!(ran.stdout.contains(text), "{}", ran.stdout);
    }
}

#[test]
fn what_will_fail_is_found_and_is_7() {
    for (name, about) in [("unauthorized_client", "client"), ("unsupported_grant_type", "token_endpoint")] {
        let server = Server::polls(vec![error(name)]);
        let (code, found) = report(&server, "--client-id tv");
        assert_eq!((code, found.get("device_flow")), (Some(7), Some(&json!(false))), "{found}");
        assert!(has(&found, "wrong", about), "{found}");
    }
}

#[test]
fn what_is_odd_is_named_with_what_is_done_about_it() {
    let server = Server::polls(vec![(403, json!({"message": "invalid device code", "status": 403}))]);
    let (code, found) = report(&server, "");
    assert_eq!(code, Some(0), "{found}");
    let text = found.to_string();
    assert!(text.contains("It says invalid device code where invalid_grant is meant."), "{text}");
    assert!(text.contains("Its errors come with status 403."), "{text}");
    let (_, github) = report(&server, "--provider twitch");
    assert!(github.to_string().contains("Errors stand in message"), "{github}");
    let (_, cas) = report(&server, "--provider cas");
    assert_eq!(cas.get("experimental"), Some(&json!(true)));
}

#[test]
fn t26_nothing_a_server_says_steers_the_terminal() {
    let hostile = json!({"token_endpoint_auth_methods_supported": ["\u{1b}[2J", "\u{202e}x"]});
    let server = Server::saying(&hostile, |_| (400, json!({"error": "\u{1b}]0;owned\u{7}"})).into());
    let ran = Home::new().run(&format!("doctor {} --allow-http-loopback", server.issuer));
    let steers = |c: char| c != '\n' && (c.is_control() || proto::wire::is_invisible(c));
    assert!(!ran.stdout.contains(steers) && !ran.stderr.contains(steers), "{:?}", ran.stdout);
}

#[test]
fn servers_that_are_not_there_or_have_no_flow_are_6_7_and_2() {
    let home = Home::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(home.run(&format!("doctor http://{closed} --allow-http-loopback")).code, Some(6));
    assert_eq!(home.run("doctor https://contoso.b2clogin.com/x").code, Some(2));
    assert_eq!(home.run("doctor http://id.example.com").code, Some(2));
    assert_eq!(home.run("doctor --provider okta").code, Some(2));
    let server = Server::start_without(tokens());
    let (code, found) = report(&server, "");
    assert_eq!((code, found.get("device_flow")), (Some(7), Some(&json!(false))), "{found}");
}

#[test]
fn every_provider_is_listed_and_experimental_ones_say_so() {
    let ran = Home::new().run("doctor");
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("github") && ran.stdout.contains("zoom") && ran.stdout.contains("(experimental)"));
    let all: Value = serde_json::from_str(&Home::new().run("doctor --json").stdout).unwrap();
    assert!(all.as_array().unwrap().len() > 15);
}
