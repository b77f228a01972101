//! Servers that mean harm (T26): whatever they send ends in a clear error, and none of it reaches a terminal as it came.

use client::{Error, LoginRequest};
use serde_json::{Value, json};

use crate::script::{Move, Script, client, codes, error, json_reply, reply, run, tokens};

async fn start(body: Value) -> Result<client::Prompt, Error> {
    let script = Script::sign_in(json_reply(200, body), vec![error(400, "access_denied")]);
    let client = client(&script).await;
    let login = client.start(LoginRequest::default()).await?;
    Ok(login.prompt().clone())
}

fn with(name: &str, value: Value) -> Value {
    let mut body = codes();
    body[name] = value;
    body
}

#[tokio::test]
async fn t26_df_3_1_5_addresses_that_are_not_https_are_refused() {
    let bad = [
        "http://id.example.com/device",
        "http://127.0.0.1:8628/device",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,<script>",
        "https://user:secret@id.example.com/",
        "a && touch /tmp/owned",
        "$(reboot)",
        "--flag",
        "//id.example.com",
    ];
    for uri in bad {
        for name in ["verification_uri", "verification_uri_complete"] {
            let result = start(with(name, json!(uri))).await;
            assert!(matches!(result, Err(Error::Unusable { .. })), "{name} {uri}: {result:?}");
        }
    }
}

#[tokio::test]
async fn t26_escapes_are_stripped_from_everything_that_is_shown() {
    let prompt = start(with("user_code", json!("\u{1b}[2JWD\u{202e}JB\u{200b}-MJHT\r\n"))).await.unwrap();
    assert_eq!(prompt.user_code.as_str(), "[2JWDJB-MJHT");
    let prompt =
        start(with("verification_uri", json!("https://id.example.com/\u{1b}]0;owned\u{7}\u{202e}"))).await.unwrap();
    assert_eq!(prompt.verification_uri.as_str(), "https://id.example.com/%1B]0;owned%07%E2%80%AE");
    assert!(start(with("user_code", json!("\u{1b}\u{200b}"))).await.is_err(), "nothing is left of it");

    let text = "no\u{1b}[31m\u{9b}2J \u{2066}way\n\nnow";
    let script = Script::sign_in(
        json_reply(200, codes()),
        vec![json_reply(400, json!({"error": text, "error_description": text}))],
    );
    let Error::Refused(refusal) = run(&script).await.unwrap_err() else { panic!() };
    let shown = format!("{refusal} {:?}", refusal.description);
    assert!(!shown.chars().any(|c| c.is_control() || proto::wire::is_invisible(c)), "{shown:?}");
    assert_eq!(refusal.error.as_str(), "no[31m2J way now");
}

#[tokio::test]
async fn t27_another_host_is_pointed_out() {
    let prompt = start(with("verification_uri", json!("https://id.exаmple.com/device"))).await.unwrap();
    assert_eq!(prompt.foreign_host.unwrap().as_str(), "id.xn--exmple-4nf.com", "a look-alike is shown for what it is");
    assert_eq!(prompt.verification_uri.as_str(), "https://id.xn--exmple-4nf.com/device");
    let prompt = start(with("verification_uri_complete", json!("https://evil.example/D/WDJB-MJHT"))).await.unwrap();
    assert_eq!(prompt.foreign_host.unwrap().as_str(), "evil.example");
    let prompt = start(with("verification_uri", json!("https://example.com/tv"))).await.unwrap();
    assert_eq!(prompt.foreign_host, None);
}

#[tokio::test]
async fn t26_df_3_2_11_df_3_2_12_malformed_answers_to_the_start() {
    let twice = r#"{"device_code":"a","device_code":"b","user_code":"X","verification_uri":"https://id.example.com/","expires_in":600}"#;
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("application/json", twice.into()),
        ("application/json", b"[]".to_vec()),
        ("application/json", b"null".to_vec()),
        ("application/json", b"{".to_vec()),
        ("application/json", vec![0xff; 100]),
        ("application/json", "[".repeat(60_000).into_bytes()),
        ("application/json", format!("{{\"a\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000)).into_bytes()),
        ("text/html", b"<html><script>alert(1)</script>".to_vec()),
        ("application/x-www-form-urlencoded", b"device_code=a&device_code=b".to_vec()),
        ("application/x-www-form-urlencoded", b"".to_vec()),
        ("", b"{\"device_code\": \"a\"}".to_vec()),
    ];
    for (kind, body) in bodies {
        let script = Script::sign_in(reply(200, kind, body.clone()), vec![error(400, "access_denied")]);
        let result = run(&script).await.map(|_| ()).unwrap_err();
        assert!(
            matches!(result, Error::Unusable { .. }),
            "{kind} {:?}",
            String::from_utf8_lossy(&body[..body.len().min(60)])
        );
    }
    for (name, value) in [
        ("device_code", json!(7)),
        ("device_code", json!("")),
        ("user_code", json!(["A"])),
        ("user_code", json!("A".repeat(65))),
        ("verification_uri", json!(null)),
        ("verification_uri", json!(format!("https://id.example.com/{}", "a".repeat(5000)))),
        ("expires_in", json!({})),
        ("interval", json!(true)),
    ] {
        assert!(matches!(start(with(name, value.clone())).await, Err(Error::Unusable { .. })), "{name} {value}");
    }
}

#[tokio::test]
async fn t26_giant_bodies_are_cut_off() {
    let giant = json!({"padding": "x".repeat(64 * 1024), "error": "authorization_pending"});
    let script = Script::sign_in(json_reply(200, giant.clone()), vec![error(400, "access_denied")]);
    assert!(matches!(run(&script).await.unwrap_err(), Error::Unusable { .. }));
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(400, giant)]);
    assert!(matches!(run(&script).await.unwrap_err(), Error::Unusable { .. }));
    let script = Script::sign_in(json_reply(200, codes()), vec![Move::TooLarge]);
    assert!(matches!(run(&script).await.unwrap_err(), Error::Unusable { .. }));
}

#[tokio::test]
async fn t26_odd_numbers_neither_spin_nor_stop_the_client() {
    for interval in
        [json!(-1), json!(0), json!(1e308), json!("NaN"), json!(0.000_001), json!(u64::MAX), json!(i64::MIN)]
    {
        for expires_in in [json!(60), json!(0.5)] {
            let mut body = with("interval", interval.clone());
            body["expires_in"] = expires_in.clone();
            let script = Script::sign_in(json_reply(200, body), vec![error(400, "authorization_pending")]);
            assert_eq!(run(&script).await.unwrap_err(), Error::Expired, "{interval} {expires_in}");
            let polls = script.polls();
            assert!(polls.windows(2).all(|pair| (pair[1].at - pair[0].at).as_secs() >= 1), "{interval} {expires_in}");
        }
    }
}

#[tokio::test]
async fn t26_endless_lifetimes_end_within_a_day() {
    for expires_in in [json!(u64::MAX), json!(1e308), json!(-3)] {
        let mut body = with("interval", json!(600));
        body["expires_in"] = expires_in;
        let script = Script::sign_in(json_reply(200, body), vec![error(400, "authorization_pending")]);
        assert_eq!(run(&script).await.unwrap_err(), Error::Expired);
        assert!(script.clock.elapsed().as_secs() <= 24 * 60 * 60);
    }
}

#[tokio::test]
async fn t26_oa_5_1_3_malformed_tokens_are_refused() {
    let twice = r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#;
    let mut bodies = vec![twice.to_owned()];
    for (name, value) in [
        ("access_token", json!(7)),
        ("access_token", json!("")),
        ("access_token", json!("a\r\nX-Forged: 1")),
        ("access_token", json!("\u{1b}[2J")),
        ("access_token", json!("x".repeat(40_000))),
        ("token_type", json!("mac")),
        ("token_type", json!(null)),
        ("scope", json!({"a": 1})),
        ("scope", json!([1])),
        ("id_token", json!(["x"])),
        ("refresh_token", json!(false)),
    ] {
        let mut body = tokens();
        body[name] = value;
        bodies.push(body.to_string());
    }
    for body in bodies {
        let script = Script::sign_in(json_reply(200, codes()), vec![reply(200, "application/json", body.clone())]);
        let result = run(&script).await.map(|_| ()).unwrap_err();
        assert!(matches!(result, Error::Unusable { .. }), "{}", &body[..body.len().min(80)]);
    }
}
