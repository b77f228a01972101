//! What one does with a sign-in: tokens, headers, status, sign-out, profiles.

use serde_json::{Value, json};

use crate::server::{Home, Server, error, in_turn, tokens};

fn expire(home: &Home) {
    let file = home.token_file();
    let mut session: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    session.as_object_mut().unwrap().insert("expires_at".to_owned(), json!(1));
    std::fs::write(file, session.to_string()).unwrap();
}

#[test]
fn a_session_serves_until_it_is_ended() {
    let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
    for line in ["token", "header", "status", "logout"] {
        let ran = home.run(line);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(5), ""), "{line}");
        assert!(ran.stderr.contains("countersign login"), "{}", ran.stderr);
    }
    assert_eq!(home.login(&server, "").code, Some(0));
    assert_eq!(home.run("token").stdout, "the-access-token\n");
    assert_eq!(home.run("header").stdout, "Authorization: Bearer the-access-token\n");
    let status = home.run("status");
    for text in [&format!("Signed in to {}", server.issuer), "application  tv", "renews by itself", "openid files"] {
        assert!(status.stdout.contains(text), "{}", status.stdout);
    }
    let status: Value = serde_json::from_str(&home.run("status --json").stdout).unwrap();
    assert_eq!((status.get("valid"), status.get("renewable")), (Some(&json!(true)), Some(&json!(true))));
    assert!(!status.to_string().contains("the-"));

    let requests = server.seen().len();
    let ran = home.run("logout");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let seen = server.seen().split_off(requests);
    let revoked: Vec<_> = seen.iter().filter(|(path, _)| path == "/revoke").map(|(_, form)| form.as_str()).collect();
    assert_eq!(
        revoked,
        [
            "token=the-refresh-token&token_type_hint=refresh_token&client_id=tv",
            "token=the-access-token&token_type_hint=access_token&client_id=tv"
        ]
    );
    assert_eq!(home.run("token").code, Some(5));
    assert!(!home.token_file().exists());
}

#[test]
fn a_token_is_renewed_when_it_is_spent() {
    let renewed = json!({"access_token": "second", "token_type": "Bearer", "expires_in": 600, "refresh_token": "next"});
    let (home, server) = (Home::new(), Server::polls(vec![tokens(), (200, renewed), error("invalid_grant")]));
    home.login(&server, "");
    expire(&home);
    assert_eq!(home.run("token").stdout, "second\n");
    assert_eq!(home.run("token").stdout, "second\n");
    expire(&home);
    let ran = home.run("token");
    assert_eq!(ran.code, Some(5), "the server has ended it: {}", ran.stderr);
    let spent: Vec<_> =
        server.seen().into_iter().filter(|(_, form)| form.contains("grant_type=refresh_token")).collect();
    assert_eq!(spent.len(), 2);
    assert!(spent.last().unwrap().1.contains("refresh_token=next"));
}

#[test]
fn two_processes_spend_one_refresh_token_once() {
    let mut count = 0;
    let server = Server::new(
        |_, _| {},
        move |path, form| match (path, form.contains("refresh_token")) {
            ("/token", true) => {
                count += 1;
                let body = json!({"access_token": format!("renewed-{count}"), "token_type": "Bearer", "expires_in": 600, "refresh_token": "r"});
                (200, body)
            }
            _ => tokens(),
        },
    );
    let home = Home::new();
    home.login(&server, "");
    expire(&home);
    let running: Vec<_> =
        (0..8).map(|_| home.command("token").stdout(std::process::Stdio::piped()).spawn().unwrap()).collect();
    for child in running {
        assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), "renewed-1\n");
    }
}

#[test]
fn a_sign_out_the_server_did_not_hear_of_is_said() {
    let answer = |path: &str, _: &str| if path == "/revoke" { (503, json!({})) } else { tokens() };
    let (home, server) = (Home::new(), Server::new(|_, _| {}, answer));
    home.login(&server, "");
    let ran = home.run("logout");
    assert_eq!(ran.code, Some(6));
    assert!(ran.stderr.contains("may still be good"), "{}", ran.stderr);
    assert!(!home.token_file().exists(), "no copy is left here");
}

#[test]
fn a_secret_comes_from_a_file_or_the_environment_and_goes_nowhere_else() {
    let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
    let secret = home.0.path().join("secret");
    std::fs::write(&secret, "hush-hush\n").unwrap();
    let ran = home.login(&server, &format!("--client-secret-file {}", secret.display()));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(server.seen().iter().all(|(_, form)| !form.contains("client_id=")), "Basic: the header carries both");
    let profiles = std::fs::read_to_string(home.0.path().join(".config/countersign/profiles.toml")).unwrap();
    assert!(profiles.contains("client_secret_file") && !profiles.contains("hush"));
    let line = format!("login other --issuer {} --client-id tv --allow-http-loopback", server.issuer);
    let ran = home.command(&line).env("COUNTERSIGN_CLIENT_SECRET", "hush-hush").output().unwrap();
    assert!(ran.status.success());
}

#[test]
fn profiles_are_kept_listed_and_removed() {
    let (home, server) = (Home::new(), Server::new(|_, _| {}, in_turn(vec![tokens()])));
    assert!(home.run("profile list").stderr.contains("no profile yet"));
    let add =
        format!("profile add work --issuer {} --client-id tv --scope openid --allow-http-loopback", server.issuer);
    assert_eq!(home.run(&add).code, Some(0));
    assert_eq!(home.run("login work").code, Some(0), "a profile is enough to sign in");
    assert_eq!(home.run("profile list").stdout, format!("work  {}  signed in\n", server.issuer));
    let all: Value = serde_json::from_str(&home.run("profile list --json").stdout).unwrap();
    assert_eq!(all.pointer("/0/client_id"), Some(&json!("tv")));
    assert!(home.run("profile show work").stdout.contains("scopes: openid\n"));
    assert_eq!(home.run("profile remove work").code, Some(2), "somebody is signed in");
    assert_eq!(home.run("logout work").code, Some(0));
    assert_eq!(home.run("profile remove work").code, Some(0));
    assert_eq!(home.run("profile show work").code, Some(2));
}

#[test]
fn completions_and_manual_pages_are_made() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.run(&format!("completions {shell}")).stdout.contains("countersign"), "{shell}");
    }
    let ran = home.run(&format!("man {}", home.0.path().display()));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(home.0.path().join("countersign-login.1").exists());
}
