//! What is looked at before the parameters: method, media type, encoding, size; and the headers that all replies have.

use std::time::Duration;

use bytes::Bytes;
use countersign_server::listen::BodyLimits;
use futures_util::stream;
use http::{Method, Request};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;

use super::support::{AUTHORIZATION, Call, Caller, JWKS, METADATA, OPENID, REVOKE, TOKEN, USERINFO};
use crate::support::TestApp;

const ENDPOINTS: [(&str, &str); 9] = [
    (AUTHORIZATION, "POST"),
    (TOKEN, "POST"),
    (REVOKE, "POST"),
    (USERINFO, "GET, POST"),
    (JWKS, "GET, HEAD"),
    (METADATA, "GET, HEAD"),
    (OPENID, "GET, HEAD"),
    ("/health/live", "GET, HEAD"),
    ("/health/ready", "GET, HEAD"),
];

#[tokio::test]
async fn df_3_1_2_oa_3_2_1_another_method_is_told_which_there_are() {
    let app = TestApp::new().await;
    for (path, allowed) in ENDPOINTS {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            if allowed.split(", ").any(|one| one == method) {
                continue;
            }
            // A form that would have been answered, had it been posted.
            let good = Caller::tv().call(path, "scope=openid");
            let call = good.method(Method::from_bytes(method.as_bytes()).unwrap());
            let answer = call.send(&app).await;
            assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{method} {path}");
            if method == "HEAD" {
                assert_eq!(answer.body(), "");
            } else {
                assert_eq!(answer.refusal().1, "invalid_request", "{method} {path}");
            }
        }
    }
    assert_eq!(app.flow.waiting_room().quota().grants(), 0, "none of them made a grant");
}

#[tokio::test]
async fn df_3_1_1_df_3_1_2_only_forms_are_read() {
    let app = TestApp::new().await;
    for (content_type, accepted) in [
        (Some("application/x-www-form-urlencoded"), true),
        (Some("application/x-www-form-urlencoded; charset=UTF-8"), true),
        (Some("Application/X-WWW-Form-Urlencoded ;charset=utf-8"), true),
        (Some("application/json"), false),
        (Some("multipart/form-data; boundary=x"), false),
        (Some("text/plain"), false),
        (Some("application/x-www-form-urlencoded-not"), false),
        (Some("\u{e4}"), false),
        (Some(""), false),
        (None, false),
    ] {
        for (path, answered) in [(AUTHORIZATION, "none"), (TOKEN, "unsupported_grant_type")] {
            let call = Caller::tv().call(path, "grant_type=password").without("content-type");
            let call = content_type.map_or(call.clone(), |value| call.header("content-type", value));
            let (status, error) = call.send(&app).await.refusal();
            if accepted {
                assert_eq!(error, answered, "{content_type:?} {path}");
            } else {
                assert_eq!((status, error.as_str()), (400, "invalid_request"), "{content_type:?} {path}");
            }
        }
    }
    assert_eq!(app.flow.waiting_room().quota().grants(), 3, "one for each form that was read");
}

#[tokio::test]
async fn df_3_1_1_forms_are_utf_8_and_come_as_they_are() {
    let app = TestApp::new().await;
    let named = Caller::tv().call(AUTHORIZATION, "device_name=K%C3%BCche").send(&app).await;
    assert_eq!(named.status, 200);
    for encoding in ["gzip", "br", "identity, gzip"] {
        for path in [AUTHORIZATION, TOKEN, REVOKE] {
            let call = Caller::tv().call(path, "token=x").header("content-encoding", encoding);
            assert_eq!(call.send(&app).await.refusal(), (400, "invalid_request".to_owned()));
        }
    }
}

#[tokio::test]
async fn a_body_beyond_16_kib_is_too_long() {
    let app = TestApp::new().await;
    let padded = |length: usize| {
        let body = format!("client_id=tv&a={0}&b={0}&c={1}", "x".repeat(8_000), "x".repeat(length - 16_021));
        assert_eq!(body.len(), length);
        body
    };
    for (length, status) in [(16 * 1024, 200), (16 * 1024 + 1, 413)] {
        let answer = Call::post(AUTHORIZATION, &padded(length)).send(&app).await;
        assert_eq!(answer.status, status, "{}", answer.body());
    }
    insta::assert_snapshot!(Call::post(TOKEN, &padded(20_000)).send(&app).await.show(), @r#"
    413
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    {"error":"invalid_request","error_description":"the body is too long"}
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_or_never_ends_is_told_so() {
    let app = TestApp::new().await;
    let send = async |frames: Vec<Result<Frame<Bytes>, std::io::Error>>, endless: bool| {
        let request = Request::post(TOKEN).header("content-type", "application/x-www-form-urlencoded");
        let frames = stream::iter(frames);
        let limits = BodyLimits { bytes: 16 * 1024, time: Duration::from_secs(10) };
        let peer = "203.0.113.7:50000".parse().unwrap();
        let reply = if endless {
            let body = StreamBody::new(futures_util::StreamExt::chain(frames, stream::pending()));
            app.app.handle(request.body(body).unwrap(), peer, limits).await
        } else {
            app.app.handle(request.body(StreamBody::new(frames)).unwrap(), peer, limits).await
        };
        let status = reply.status().as_u16();
        (status, String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    };
    let whole = r#"{"error":"invalid_request","error_description":"the body did not arrive whole"}"#;
    let half = || Ok(Frame::data(Bytes::from_static(b"client_id=t")));
    let broken = send(vec![half(), Err(std::io::ErrorKind::ConnectionReset.into())], false).await;
    assert_eq!(broken, (400, whole.to_owned()));
    assert_eq!(send(vec![half()], true).await, (408, whole.to_owned()));
}

#[tokio::test]
async fn df_3_2_9_oa_5_1_2_cf_13_every_reply_with_or_about_credentials_is_never_kept_and_never_framed() {
    let app = TestApp::new().await;
    let tokens = Caller::tv().signed_in(&app, "openid").await;
    let access = tokens.text("access_token");
    let answers = [
        Caller::tv().call(AUTHORIZATION, "").send(&app).await,
        Caller::tv().call(AUTHORIZATION, "scope=x").send(&app).await,
        Call::post(AUTHORIZATION, "").basic("tv:wrong").send(&app).await,
        Call::get(TOKEN).send(&app).await,
        Caller::tv().poll("x").send(&app).await,
        Call::get(USERINFO).bearer(&access).send(&app).await,
        Call::get(USERINFO).send(&app).await,
        Call::get(USERINFO).bearer("x").send(&app).await,
        tokens,
    ];
    for answer in answers {
        let kept = (answer.header("cache-control"), answer.header("pragma"));
        assert_eq!(kept, ("no-store", "no-cache"), "{}", answer.show());
        assert_eq!(answer.header("content-type"), "application/json");
    }
    for (path, _) in ENDPOINTS {
        let answer = Call::get(path).send(&app).await;
        for (name, value) in [
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("strict-transport-security", "max-age=63072000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("set-cookie", ""),
        ] {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let app = TestApp::new().await;
    for (path, _) in ENDPOINTS.into_iter().filter(|(_, allowed)| allowed.contains("HEAD")) {
        let (get, head) = (Call::get(path).send(&app).await, Call::new(Method::HEAD, path).send(&app).await);
        assert_eq!((head.status, head.body()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-length"), get.body().len().to_string(), "{path}");
        for name in ["etag", "cache-control", "content-type", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{path}");
        }
    }
    let tag = Call::get(METADATA).send(&app).await.header("etag").to_owned();
    let unchanged = Call::new(Method::HEAD, METADATA).header("if-none-match", &tag).send(&app).await;
    assert_eq!((unchanged.status, unchanged.header("content-length")), (304, ""), "RFC 9110 §8.6");
}

#[tokio::test]
async fn health_says_whether_the_server_lives_and_serves() {
    let app = TestApp::new().await;
    for (path, said) in [("/health/live", "live\n"), ("/health/ready", "ready\n")] {
        let answer = Call::get(path).send(&app).await;
        assert_eq!((answer.status, answer.body()), (200, said));
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    }
}

#[tokio::test]
async fn paths_are_exact() {
    let app = TestApp::new().await;
    for path in ["/oauth2/token/", "/OAuth2/token", "//oauth2/token", "/oauth2", "/oauth2/%74oken", "/health", "/"] {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::DELETE] {
            let answer = Caller::tv().call(path, "").method(method.clone()).send(&app).await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
}
