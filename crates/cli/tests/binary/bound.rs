//! Tokens bound to a key of the device, and applications with a key of their own, as people and scripts meet them.

use serde_json::{Value, json};

use crate::server::{Home, Reply, Request, Server, bound_tokens, error, tokens};

const OFFERED: &str = "dpop_signing_alg_values_supported";

/// A server that binds the tokens of whoever proves a key.
pub(crate) fn binding() -> Server {
    Server::saying(&json!({ OFFERED: ["ES256"] }), |request| match (request.path.as_str(), request.header("dpop")) {
        ("/token", Some(_)) => bound_tokens().into(),
        ("/token", None) => tokens().into(),
        _ => (200, json!({})).into(),
    })
}

fn to(server: &Server, path: &str) -> Vec<Request> {
    server.requests().into_iter().filter(|request| request.path == path).collect()
}

#[test]
fn dpd_5_a_sign_in_is_bound_where_the_server_can_and_its_key_is_private_and_goes_with_it() {
    let (home, server) = (Home::new(), binding());
    let ran = home.login(&server, "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let kept: Value = serde_json::from_slice(&std::fs::read(home.token_file()).unwrap()).unwrap();
    let key = kept.pointer("/proof_key/jkt").unwrap().clone();
    let secret = kept.pointer("/proof_key/pkcs8").unwrap().as_str().unwrap().to_owned();
    for request in [to(&server, "/codes"), to(&server, "/token")].concat() {
        assert_eq!(request.proof().get("htu"), Some(&json!(format!("{}{}", server.issuer, request.path))));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(home.token_file()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let status = home.run("status");
    assert!(status.stdout.contains("bound        to a key of this device (DPoP)"), "{}", status.stdout);
    let status: Value = serde_json::from_str(&home.run("status --json").stdout).unwrap();
    assert_eq!((status.get("token_type"), status.get("key")), (Some(&json!("DPoP")), Some(&key)));
    for line in ["status", "status --json", "token", "profile show", "profile show --json"] {
        let ran = home.run(line);
        assert!(!ran.stdout.contains(&secret) && !ran.stderr.contains(&secret), "{line}");
    }
    assert_eq!(home.run("token").stdout, "the-access-token\n");
    assert_eq!(home.run("logout").code, Some(0));
    assert!(!home.token_file().exists(), "the key is gone with the tokens");
}

#[test]
fn dp_11_1_a_renewal_in_another_process_proves_the_same_key() {
    let (home, server) = (Home::new(), binding());
    home.login(&server, "");
    let file = home.token_file();
    let mut session: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let key = session.pointer("/proof_key/jkt").unwrap().clone();
    session.as_object_mut().unwrap().insert("expires_at".to_owned(), json!(1));
    std::fs::write(&file, session.to_string()).unwrap();
    assert_eq!(home.run("token").code, Some(0));
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept.pointer("/proof_key/jkt"), Some(&key));
    assert!(kept.get("expires_at").unwrap().as_i64().unwrap() > 1);
    let proofs: Vec<_> = to(&server, "/token").iter().map(Request::proof).collect();
    assert_eq!(proofs.len(), 2);
    assert_ne!(proofs.first().unwrap().get("jti"), proofs.last().unwrap().get("jti"));
}

#[test]
fn dp_5_1_a_server_that_offers_binding_and_does_not_bind_is_told_of() {
    let misbehaves = || {
        Server::saying(&json!({ OFFERED: ["ES256"] }), |request| match request.path.as_str() {
            "/token" => tokens().into(),
            _ => (200, json!({})).into(),
        })
    };
    let (home, server) = (Home::new(), misbehaves());
    let ran = home.login(&server, "--json");
    assert_eq!(ran.code, Some(7));
    assert_eq!(ran.events().pop().unwrap().get("error"), Some(&json!("not_bound")));
    assert!(!home.token_file().exists());
    assert_eq!(to(&server, "/revoke").len(), 2, "the token nobody uses is given back");
    let ran = home.login(&server, "");
    assert!(
        ran.stderr.contains("not bound to the key of this device") && ran.stderr.contains("--no-dpop"),
        "{}",
        ran.stderr
    );

    let ran = home.login(&server, "--no-dpop");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(home.run("header").stdout, "Authorization: Bearer the-access-token\n");
    assert_eq!(home.run("login").code, Some(0), "it is remembered");
    assert_eq!(home.run("login --dpop auto").code, Some(7));
}

#[test]
fn a_server_that_insists_on_binding_is_told_of() {
    let (home, server) = (Home::new(), Server::polls(vec![error("invalid_dpop_proof")]));
    let ran = home.login(&server, "--no-dpop");
    assert_eq!(ran.code, Some(7));
    assert!(ran.stderr.contains("--dpop auto"), "{}", ran.stderr);
    let ran = home.login(&server, "--dpop always");
    assert!(ran.stderr.contains("clock"), "{}", ran.stderr);
}

#[test]
fn dpd_5_what_is_not_kept_is_not_bound() {
    let (home, server) = (Home::new(), binding());
    let ran = home.login(&server, "--store none");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "the-access-token\n"), "{}", ran.stderr);
    assert!(server.requests().iter().all(|request| request.header("dpop").is_none()));
    let ran = home.login(&server, "--store none --dpop always");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("--no-dpop"), "{}", ran.stderr);
}

#[test]
fn dp_4_2_2_headers_of_a_bound_token_are_for_one_call() {
    let (home, server) = (Home::new(), binding());
    home.login(&server, "");
    let ran = home.run("header");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("--method GET --url") && ran.stderr.contains("countersign request"), "{}", ran.stderr);
    let line = "header --method post --url https://api.example.com/x?y=1 --nonce n-1";
    let (first, second) = (home.run(line), home.run(line));
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert_ne!(first.stdout, second.stdout, "no proof twice");
    let lines: Vec<_> = first.stdout.lines().collect();
    let [authorization, proof] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(*authorization, "Authorization: DPoP the-access-token");
    let headers = vec![("dpop".to_owned(), proof.strip_prefix("DPoP: ").unwrap().to_owned())];
    let claims = Request { headers, ..Request::default() }.proof();
    assert_eq!(
        (claims.get("htm"), claims.get("htu"), claims.get("nonce")),
        (Some(&json!("POST")), Some(&json!("https://api.example.com/x")), Some(&json!("n-1")))
    );
    assert!(claims.get("ath").is_some());
    for wrong in ["http://api.example.com/", "api.example.com"] {
        assert_eq!(home.run(&format!("header --url {wrong}")).code, Some(2), "{wrong}");
    }
    assert_eq!(home.run("header --url https://api.example.com/ --nonce \u{fc}").code, Some(2));
}

#[test]
fn pk_7_an_application_signs_with_its_key() {
    let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
    let made = home.run("key new app.pem");
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let set: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(set.pointer("/keys/0/alg"), Some(&json!("ES256")));
    assert!(set.pointer("/keys/0/d").is_none());
    assert_eq!(home.run("key show app.pem").stdout, made.stdout);
    assert_eq!(home.run("key new app.pem").code, Some(1), "nothing is written over");

    let ran = home.login(&server, "--client-key-file app.pem");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let profiles = std::fs::read_to_string(home.0.path().join(".config/countersign/profiles.toml")).unwrap();
    assert!(profiles.contains(&format!("client_key_file = \"{}/app.pem\"", home.0.path().display())), "{profiles}");
    assert_eq!(home.run("logout").code, Some(0));
    let forms: Vec<_> = server.seen().into_iter().filter(|(path, _)| !path.starts_with("/.well")).collect();
    assert_eq!(forms.len(), 4, "codes, one poll, two revocations");
    for (path, form) in forms {
        assert!(
            form.contains("client_assertion_type=urn%3Aietf") && form.contains("client_assertion=ey"),
            "{path}: {form}"
        );
        assert!(form.contains("client_id=tv"), "{path}: {form}");
    }

    for (file, word) in [("none.pem", "No such file"), (".config/countersign/profiles.toml", "countersign key new")] {
        let ran = home.login(&server, &format!("--client-key-file {file}"));
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
}

#[test]
fn ri_2_ri_1_apis_are_named_with_the_sign_in() {
    let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
    let ran = home.login(&server, "--resource https://files.example.com/ --resource urn:example:mail");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let (_, form) = server.seen().into_iter().find(|(path, _)| path == "/codes").unwrap();
    assert!(form.contains("resource=https%3A%2F%2Ffiles.example.com%2F&resource=urn%3Aexample%3Amail"), "{form}");
    let ran = home.login(&server, "--resource files");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("--resource"), "{}", ran.stderr);
}

#[test]
fn pkce_is_sent_when_it_is_asked_for() {
    let (home, server) = (Home::new(), Server::saying(&json!({}), |_| Reply::from(tokens())));
    assert_eq!(home.login(&server, "--pkce always").code, Some(0));
    let forms = server.seen();
    let with = |path: &str, name: &str| forms.iter().any(|(found, form)| found == path && form.contains(name));
    assert!(with("/codes", "code_challenge_method=S256") && with("/token", "code_verifier="));
}

#[test]
fn pr_2_pr_5_an_api_tells_where_to_sign_in() {
    let server = binding();
    let issuer = server.issuer.clone();
    let api = {
        let issuer = issuer.clone();
        Server::saying(&json!({}), move |request| {
            let resource = format!("http://{}/v1", request.header("host").unwrap());
            let document = json!({
                "resource": resource, "authorization_servers": [issuer], "dpop_bound_access_tokens_required": true
            });
            match request.path.as_str() {
                "/.well-known/oauth-protected-resource/v1" => (200, document).into(),
                _ => Reply::new(404, ""),
            }
        })
    };
    let home = Home::new();
    let login = |path: &str, more: &str| {
        home.run(&format!("login --api {}{path} --client-id tv --allow-http-loopback {more}", api.issuer))
    };
    let ran = login("/v1", "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("takes tokens of {issuer}.")), "{}", ran.stderr);
    let codes = to(&server, "/codes").pop().unwrap();
    assert!(codes.body.contains("resource=http%3A%2F%2F127.0.0.1") && codes.body.contains("%2Fv1"), "{}", codes.body);
    let profiles = home.run("profile show").stdout;
    assert!(profiles.contains("dpop: always") && profiles.contains(&format!("issuer: {issuer}")), "{profiles}");

    let other = login("/v1", "--issuer http://localhost:1");
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("takes no tokens of http://localhost:1"), "{}", other.stderr);
    let silent = login("/v2", "");
    assert_eq!(silent.code, Some(7));
    assert!(silent.stderr.contains("--issuer"), "{}", silent.stderr);
}
