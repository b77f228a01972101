//! How a sign-in can end, for a person and for a program: sentence, event, exit code.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::server::{Home, Server, error, in_turn, tokens};

#[test]
fn df_3_3_3_signed_in() {
    let (home, server) = (Home::new(), Server::polls(vec![error("authorization_pending"), tokens()]));
    let ran = home.login(&server, "--scope openid --spell");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    for text in [
        &format!("      {}/device\n", server.issuer),
        "      WDJB-MJHT\n",
        "Whiskey Delta",
        "Only continue if you",
        "What for: openid",
        "Waiting for you.",
        "- access renews by itself - countersign status",
    ] {
        assert!(ran.stderr.contains(text), "{text:?} is not in:\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains('\x1b'), "no sequences off a terminal");
    assert!(!ran.stderr.contains("the-"), "no token and no device code: DF-3.3-6");
}

#[test]
fn events_for_programs() {
    let (home, server) = (Home::new(), Server::polls(vec![error("authorization_pending"), tokens()]));
    let ran = home.login(&server, "--json");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let events = ran.events();
    let named: Vec<&str> = events.iter().map(|event| event.get("event").unwrap().as_str().unwrap()).collect();
    assert_eq!(named, ["code", "pending", "signed_in"]);
    let code = events.first().unwrap();
    assert_eq!(code.get("user_code"), Some(&json!("WDJB-MJHT")));
    assert_eq!(code.get("verification_uri"), Some(&json!(format!("{}/device", server.issuer))));
    assert_eq!(code.get("interval"), Some(&json!(1)));
    assert!(code.get("expires_at").unwrap().as_str().unwrap().ends_with('Z'));
    let end = events.last().unwrap();
    assert_eq!((end.get("profile"), end.get("scope")), (Some(&json!("default")), Some(&json!("openid files"))));
    assert!(!ran.stdout.contains("the-"), "no event carries a token or a device code");
}

fn failed(server: &Server) -> (Option<i32>, Value, String) {
    let home = Home::new();
    let json = home.login(server, "--json");
    let event = json.events().pop().unwrap();
    assert_eq!((event.get("event"), event.get("exit")), (Some(&json!("failed")), Some(&json!(json.code.unwrap()))));
    let human = home.login(server, "");
    assert_eq!(human.code, json.code);
    assert!(!home.token_file().exists());
    (json.code, event.get("error").unwrap().clone(), human.stderr)
}

#[test]
fn df_3_5_10_declined_is_3() {
    let (code, error, told) = failed(&Server::polls(vec![error("access_denied")]));
    assert_eq!((code, error), (Some(3), json!("access_denied")));
    assert!(told.ends_with("Failed: Declined on the other device.\n"), "{told}");
}

#[test]
fn df_3_5_21_df_3_5_14_df_3_1_14_expired_is_4_and_nothing_starts_again_by_itself() {
    let short = |codes: &mut Value, _: &str| {
        codes.as_object_mut().unwrap().insert("expires_in".to_owned(), json!(1));
    };
    let server = Server::new(short, in_turn(vec![error("authorization_pending")]));
    let (code, error, told) = failed(&server);
    assert_eq!((code, error), (Some(4), json!("expired_token")));
    assert_eq!(server.seen().iter().filter(|(path, _)| path == "/codes").count(), 2, "one for each of two runs");
    assert!(told.contains("The code ran out after 1 second.\n  Run the command again for a new one."), "{told}");
}

#[test]
fn unreachable_is_6() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = Home::new().run(&format!("login --issuer http://{closed} --client-id tv --allow-http-loopback"));
    assert_eq!(ran.code, Some(6), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{closed} cannot be reached")), "{}", ran.stderr);
}

#[test]
fn refused_is_7_and_says_what_to_do() {
    let (code, error, told) = failed(&Server::polls(vec![error("unauthorized_client")]));
    assert_eq!((code, error), (Some(7), json!("unauthorized_client")));
    assert!(told.contains("has to allow the device flow for this application"), "{told}");
}

#[test]
fn md_3_3_1_another_issuer_is_7() {
    let server = Server::polls(vec![tokens()]);
    let other = server.issuer.replace("127.0.0.1", "localhost");
    let ran = Home::new().run(&format!("login --issuer {other} --client-id tv --allow-http-loopback"));
    assert_eq!(ran.code, Some(7));
    assert!(ran.stderr.contains(&format!("use --issuer {}", server.issuer)), "{}", ran.stderr);
}

#[test]
fn usage_is_2() {
    let home = Home::new();
    for (line, word) in [
        ("login", "--issuer"),
        ("login --issuer https://id.example.com", "--client-id"),
        ("login --issuer http://127.0.0.1:1 --client-id tv", "--allow-http-loopback"),
        ("login --issuer http://id.example.com --client-id tv --allow-http-loopback", "not https"),
        ("login --provider google --client-id tv", "--client-secret-file"),
        ("login --provider entra --client-id tv", "login.microsoftonline.com/TENANT"),
        ("login --issuer https://x.b2clogin.com/t --client-id tv", "no device flow"),
        ("login --issuer https://id.example.com --client-id tv --client-secret-file /nowhere", "/nowhere"),
        ("login --issuer https://id.example.com --client-id tv --ca-file /nowhere", "/nowhere"),
        ("login --issuer https://id.example.com --client-id tv --private", "needs a terminal"),
        ("login --frobnicate", "--frobnicate"),
    ] {
        let ran = home.run(line);
        assert_eq!(ran.code, Some(2), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{line}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_store_that_cannot_be_written_is_8_before_anybody_signs_in() {
    let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
    std::fs::create_dir_all(home.0.path().join(".local")).unwrap();
    std::fs::write(home.0.path().join(".local/state"), "").unwrap();
    let ran = home.login(&server, "");
    assert_eq!(ran.code, Some(8));
    assert!(ran.stderr.contains("The token store failed"), "{}", ran.stderr);
    assert!(server.seen().is_empty());
    let ran = home.login(&server, "--store none");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "the-access-token\n"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_is_130() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let (home, server) = (Home::new(), Server::polls(vec![error("authorization_pending")]));
    let line = format!("login --json --issuer {} --client-id tv --allow-http-loopback", server.issuer);
    let mut child = home.command(&line).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("\"code\""));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
    assert_eq!((last.get("error"), last.get("exit")), (Some(&json!("interrupted")), Some(&json!(130))));
}
