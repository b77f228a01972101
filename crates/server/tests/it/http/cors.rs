//! Cross-origin calls: who may, to what, and what a script then reads (Fetch standard; SB-2.6-2).

use http::Method;
use proto::model::{Client, Origin};

use super::support::{AUTHORIZATION, Answer, Call, Caller, JWKS, METADATA, OPENID, REVOKE, TOKEN, USERINFO};
use crate::support::{TestApp, client};

const WEB: &str = "https://tv.example.com";

async fn with_an_origin() -> TestApp {
    let app = TestApp::new().await;
    let web =
        Client { origins: vec![Origin(WEB.into()), Origin("http://localhost:3000".into())], ..client("web", "Web TV") };
    app.add_client(web).await;
    let off =
        Client { enabled: false, origins: vec![Origin("https://off.example.com".into())], ..client("off", "Off") };
    app.add_client(off).await;
    app
}

fn allowed(answer: &Answer) -> &str {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn sb_2_6_2_rv_2_3_1_registered_origins_read_replies_of_the_protocol_and_others_do_not() {
    let app = with_an_origin().await;
    for path in [AUTHORIZATION, TOKEN, REVOKE, USERINFO, JWKS, METADATA, OPENID] {
        for (origin, may) in [
            (WEB, true),
            ("http://localhost:3000", true),
            ("https://off.example.com", false),
            ("https://TV.example.com", false),
            ("https://tv.example.com/", false),
            ("https://tv.example.com:443", false),
            ("http://tv.example.com", false),
            ("https://tv.example.com.evil.example", false),
            ("https://evil.example", false),
            ("https://id.example.com", false),
            ("null", false),
            ("*", false),
            ("", false),
        ] {
            let call = if [AUTHORIZATION, TOKEN, REVOKE].contains(&path) {
                Caller::tv().call(path, "")
            } else {
                Call::get(path)
            };
            let answer = call.header("origin", origin).send(&app).await;
            assert_eq!(allowed(&answer), if may { origin } else { "" }, "{path} {origin}");
            assert_eq!(answer.header("vary"), "Origin", "{path} {origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), "", "never with cookies");
            let exposed = answer.header("access-control-expose-headers");
            assert_eq!(exposed.contains("Retry-After") && exposed.contains("WWW-Authenticate"), may, "{exposed}");
        }
    }
    // A refusal is read as well, whatever it is about.
    for call in [Call::get(TOKEN), Call::post(TOKEN, "x=1&x=2"), Call::post(TOKEN, "").basic("x:y")] {
        assert_eq!(allowed(&call.header("origin", WEB).send(&app).await), WEB);
    }
    assert_eq!(Call::get(METADATA).send(&app).await.header("vary"), "Origin", "for caches, also without one");
}

#[tokio::test]
async fn sb_2_6_2_preflights_say_what_may_be_sent() {
    let app = with_an_origin().await;
    for (path, methods) in
        [(AUTHORIZATION, "POST"), (TOKEN, "POST"), (REVOKE, "POST"), (USERINFO, "GET, POST"), (METADATA, "GET, HEAD")]
    {
        let ask = |origin: &str| {
            Call::new(Method::OPTIONS, path)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization,content-type,prefer,dpop")
        };
        let answer = ask(WEB).send(&app).await;
        assert_eq!((answer.status, answer.body(), allowed(&answer)), (204, "", WEB), "{path}");
        assert_eq!(answer.header("access-control-allow-methods"), methods);
        assert_eq!(answer.header("access-control-allow-headers"), "authorization, content-type, dpop, prefer");
        assert_eq!(answer.header("access-control-max-age"), "600");
        let other = ask("https://evil.example").send(&app).await;
        assert_eq!((other.status, allowed(&other), other.header("access-control-allow-methods")), (204, "", ""));
        assert_eq!(other.header("allow"), methods, "what OPTIONS is for otherwise");
    }
    assert_eq!(app.flow.waiting_room().quota().grants(), 0);
}

#[tokio::test]
async fn sb_2_6_2_pages_are_never_read_from_elsewhere() {
    let app = with_an_origin().await;
    let paths = [
        "/device",
        "/device/decision",
        "/device/done",
        "/sign-in",
        "/sign-out",
        "/account",
        "/D/BBBB-BBBB",
        "/assets/x",
        "/nothing",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let call = Call::post(path, "").method(method.clone()).header("origin", WEB);
            let answer = call.header("access-control-request-method", "POST").send(&app).await;
            assert_eq!(allowed(&answer), "", "{method} {path}");
            assert_eq!(answer.header("access-control-allow-methods"), "", "{method} {path}");
            assert!(method != Method::OPTIONS || answer.status >= 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_origin_counts_as_soon_as_it_is_registered_and_no_longer_than_that() {
    let app = with_an_origin().await;
    app.keep_house().await;
    let call = Call::get(JWKS).header("origin", "https://new.example.com");
    let ask = async || !allowed(&call.send(&app).await).is_empty();
    assert!(!ask().await);
    let new = Client { origins: vec![Origin("https://new.example.com".into())], ..client("new", "New") };
    app.add_client(new).await;
    app.heed().await;
    assert!(ask().await);
    app.flow.admin().remove_client(&proto::model::ClientId::parse("new").unwrap()).await.unwrap();
    app.heed().await;
    assert!(!ask().await);
}
