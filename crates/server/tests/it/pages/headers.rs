//! The headers of every page, its mistakes included.

use http::header::{self, HeaderMap};
use http::{Method, Request, StatusCode};

use crate::support::{HOME, TestApp};

fn assert_page(headers: &HeaderMap, what: &str) {
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-robots-tag", "noindex, nofollow"),
        ("cache-control", "no-store"),
        ("pragma", "no-cache"),
        ("strict-transport-security", "max-age=63072000"),
    ] {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name} of {what}");
    }
    assert!(headers["permissions-policy"].to_str().unwrap().contains("camera=()"), "{what}");
    for name in ["access-control-allow-origin", "access-control-allow-credentials", "server", "x-powered-by"] {
        assert_eq!(headers.get(name), None, "{name} of {what}");
    }
}

#[tokio::test]
async fn sb_4_16_1_sb_2_6_2_every_page_forbids_framing_scripts_sniffing_caching_and_sharing() {
    let app = TestApp::new().await;
    let paths = [
        "/device",
        "/device/decision",
        "/device/done",
        "/sign-in",
        "/sign-out",
        "/account",
        "/account/devices",
        "/D/WDJB-MJHT",
        "/D/x",
        "/nothing/here",
        "/",
        "/D",
        "/account/nothing",
    ];
    for path in paths {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let request = Request::builder().method(&method).uri(path).header("origin", "https://evil.example");
            let reply = app.send(request.body(String::new()).unwrap(), HOME).await;
            assert_page(reply.headers(), &format!("{method} {path}"));
            let ok = reply.status().is_success() || reply.status() == StatusCode::SEE_OTHER;
            assert!(ok || reply.status().is_client_error(), "{method} {path}: {}", reply.status());
            assert!(reply.body().is_empty() || method != Method::HEAD);
            if reply.status() == StatusCode::METHOD_NOT_ALLOWED {
                assert!(!reply.headers()[header::ALLOW].is_empty());
            }
            if !reply.body().is_empty() {
                assert_eq!(reply.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
                assert!(!reply.body().contains("<script"));
            }
        }
    }
}

#[tokio::test]
async fn sb_4_16_1_so_do_the_pages_behind_sign_in_and_their_mistakes() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.browser(HOME);
    let sign_in = browser.type_code(&tv.user_code).await;
    let failed = browser.submit(&sign_in, "/sign-in", &[("username", "maria"), ("password", "no")]).await;
    let question = browser.sign_in(&failed, "maria").await;
    let forged = browser.submit(&question, "/device/decision", &[("csrf", "x")]).await;
    let done = browser.press(&question, "approve").await;
    let account = browser.open("/account").await;
    let devices = browser.open("/account/devices").await;
    let mistake = browser.type_code("x").await;
    for page in [sign_in, failed, question, forged, done, account, devices, mistake] {
        assert_page(&page.headers, page.name());
        assert!(page.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{}", page.name());
    }
}

#[tokio::test]
async fn the_error_page_names_the_request_and_nothing_that_was_sent() {
    let app = TestApp::new().await;
    let page = app.browser(HOME).open("/nothing/%3Cscript%3E?secret=1").await;
    assert_eq!((page.expect_page("error").status, page.alert().is_empty()), (StatusCode::NOT_FOUND, false));
    assert!(page.body.contains("For support:") && !page.body.contains("nothing/") && !page.body.contains("secret"));
}

#[tokio::test]
async fn pages_hang_under_the_path_of_the_issuer() {
    let app = TestApp::with(|settings| settings.issuer = "https://example.com/id".into(), "").await;
    let mut browser = app.browser(HOME);
    let page = browser.open("/id/device").await;
    let fields = page.filled("/id/device", &[("user_code", "WDJB-MJHT")]);
    let headers = [("origin", "https://example.com")];
    let body = crate::support::browser::encode(&fields);
    let reply = browser.send(Method::POST, "/id/device", body, crate::support::browser::Cause::Here, &headers).await;
    assert_eq!(reply.headers()[header::LOCATION], "/id/device/decision");
    let sign_in = browser.open("/id/device/decision").await;
    assert_eq!(sign_in.expect_page("sign-in").trail, ["/id/device/decision", "/id/sign-in"]);
    browser.open("/device").await.expect_page("error");
}
