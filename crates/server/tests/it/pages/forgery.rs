//! Forms that our own page did not send: refused, each of them, and nothing changes.

use http::{Method, StatusCode};

use crate::support::browser::{Browser, Cause, Page, encode};
use crate::support::{ELSEWHERE, HOME, ISSUER, PASSWORD, Reply, TestApp, user_name};

const COMPANION: &str = "__Host-countersign_same_site";

/// Every form, as it would be sent by its page.
async fn forms(app: &TestApp, browser: &mut Browser<'_>) -> Vec<(&'static str, Vec<(String, String)>)> {
    let mut stranger = app.browser(HOME);
    let code = stranger.open("/device").await.filled("/device", &[("user_code", "WDJB-MJHT")]);
    let tv = app.device().await;
    let question = browser.type_code(&tv.user_code).await;
    let account = browser.open("/account").await;
    let change =
        [("action", "change_password"), ("current_password", PASSWORD), ("new_password", "a new and quite long one")];
    vec![
        ("/device", code),
        ("/device/decision", question.filled("/device/decision", &[("decision", "approve")])),
        ("/account", account.filled("/account", &change)),
        ("/account", account.filled("/account", &[("action", "sign_out_everywhere"), ("devices", "yes")])),
        ("/sign-out", account.filled("/sign-out", &[])),
    ]
}

async fn is_unharmed(app: &TestApp, browser: &mut Browser<'_>) {
    browser.open("/account").await.expect_page("account");
    let mut other = app.browser(ELSEWHERE);
    let page = other.open("/sign-in").await;
    other.sign_in(&page, "maria").await.expect_page("account");
    assert_eq!(app.store.pending_count(app.env.now()).await.unwrap(), 1);
}

fn assert_refused(reply: &Reply, why: &str) {
    assert_eq!(reply.status(), StatusCode::FORBIDDEN, "{why}");
    assert!(reply.body().contains("data-page=\"error\""), "{why}");
    assert!(reply.body().contains("It was open for too long, or your browser keeps no cookies"), "{why}");
}

#[tokio::test]
async fn df_3_3_10_a_form_without_its_token_is_refused_on_every_page() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let forms = forms(&app, &mut browser).await;
    let foreign: Vec<String> = forms.iter().map(|(_, fields)| csrf(fields)).collect();
    for (path, fields) in &forms[1..] {
        let own = csrf(fields);
        let mut wrong = vec![String::new(), format!("{own}x"), own[1..].to_owned(), "A".repeat(43)];
        wrong.extend(foreign.iter().filter(|token| **token != own).cloned());
        for token in wrong {
            let reply = browser.post(path, &with_csrf(fields, &token)).await;
            assert_refused(&reply, &format!("{path} {token}"));
        }
        let without: Vec<_> = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect();
        assert_refused(&browser.post(path, &without).await, path);
    }
    is_unharmed(&app, &mut browser).await;
}

#[tokio::test]
async fn df_3_3_10_a_form_sent_by_a_page_of_somebody_else_is_refused_on_every_page() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    for (path, fields) in &forms(&app, &mut browser).await[1..] {
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "http://id.example.com")],
            &[("origin", "https://id.example.com.evil.example")],
            &[("origin", "https://sub.id.example.com")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", ISSUER), ("sec-fetch-site", "cross-site")],
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            &[("origin", ISSUER), ("origin", "https://evil.example")],
        ] {
            let reply = browser.send(Method::POST, path, encode(fields), Cause::Here, headers).await;
            assert_refused(&reply, &format!("{path} {headers:?}"));
        }
        let without_cookies = browser
            .send(Method::POST, path, encode(fields), Cause::OtherSite, &[("origin", "https://evil.example")])
            .await;
        assert_ne!(without_cookies.status(), StatusCode::OK);
    }
    is_unharmed(&app, &mut browser).await;
}

#[tokio::test]
async fn forms_before_sign_in_belong_to_the_browser_that_opened_them() {
    let app = TestApp::new().await;
    let mut own = app.browser(HOME);
    let mut other = app.browser(HOME);
    let (code, sign_in) = (own.open("/device").await, own.open("/sign-in").await);
    let sent = [
        ("/device", code.filled("/device", &[("user_code", "WDJB-MJHT")])),
        ("/sign-in", sign_in.filled("/sign-in", &[("username", "maria"), ("password", PASSWORD)])),
    ];
    other.open("/device").await;
    for (path, fields) in &sent {
        assert_refused(&other.post(path, fields).await, "another browser");
        assert_refused(&app.browser(HOME).post(path, fields).await, "no cookies");
        let swapped = with_csrf(fields, &csrf(if *path == "/device" { &sent[1].1 } else { &sent[0].1 }));
        assert_refused(&own.post(path, &swapped).await, "another form");
        let evil =
            own.send(Method::POST, path, encode(fields), Cause::Here, &[("origin", "https://evil.example")]).await;
        assert_refused(&evil, "login CSRF");
    }
    for (path, fields) in &sent {
        assert_eq!(own.post(path, fields).await.status(), StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_program_that_says_no_origin_is_held_to_the_token_alone() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let forms = forms(&app, &mut browser).await;
    let (path, fields) = &forms[1];
    let reply = browser.send(Method::POST, path, encode(&with_csrf(fields, "x")), Cause::Here, &[]).await;
    assert_refused(&reply, "token");
    let reply = browser.send(Method::POST, path, encode(fields), Cause::Here, &[]).await;
    assert_eq!(reply.headers()["location"], "/device/done");
}

#[tokio::test]
async fn df_3_3_10_an_answer_needs_the_cookie_that_never_comes_along_from_elsewhere() {
    let app = TestApp::new().await;
    app.add_user("noor").await;
    let mut browser = app.signed_in("maria", HOME).await;
    let of_noor = app.signed_in("noor", HOME).await.cookies[COMPANION].clone();
    let forms = forms(&app, &mut browser).await;
    assert!(browser.cookies[COMPANION].strict);
    for (path, fields) in &forms[1..4] {
        let mut without = browser.clone();
        without.cookies.remove(COMPANION);
        assert_refused(&without.post(path, fields).await, path);
        without.cookies.insert(COMPANION.into(), of_noor.clone());
        assert_refused(&without.post(path, fields).await, path);
    }
    is_unharmed(&app, &mut browser).await;
}

#[tokio::test]
async fn df_3_3_13_a_session_swapped_between_question_and_answer_decides_nothing() {
    let app = TestApp::new().await;
    app.add_user("thief").await;
    let tv = app.device().await;
    let mut maria = app.signed_in("maria", HOME).await;
    let question = maria.type_code(&tv.user_code).await;
    // The thief puts a session of their own into the victim's browser, wholly or in part.
    let thief = app.signed_in("thief", ELSEWHERE).await;
    for names in [&["__Host-countersign_session"][..], &["__Host-countersign_session", COMPANION]] {
        let mut swapped = maria.clone();
        for name in names {
            swapped.cookies.insert((*name).into(), thief.cookies[*name].clone());
        }
        let page = swapped.press(&question, "approve").await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(app.is_pending(&tv).await);
    }
    // And the victim's question in the thief's own browser.
    let mut thief = thief;
    assert_eq!(thief.press(&question, "approve").await.status, StatusCode::FORBIDDEN);
    assert!(app.is_pending(&tv).await);
    maria.press(&question, "approve").await;
    let maria = app.flow.admin().user(&user_name("maria")).await.unwrap().id;
    assert!(matches!(app.state(&tv).await, proto::model::GrantState::Approved(approval) if approval.user_id == maria));
}

#[tokio::test]
async fn df_3_3_13_a_token_counts_for_its_question_only() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let (first, second) = (app.device().await, app.device().await);
    let of_first = browser.type_code(&first.user_code).await;
    let of_second = browser.type_code(&second.user_code).await;
    let fields = of_first.filled("/device/decision", &[("decision", "approve")]);
    let mixed = with_csrf(&fields, &csrf(&of_second.filled("/device/decision", &[])));
    assert_refused(&browser.post("/device/decision", &mixed).await, "the token of another question");
    let mut tampered = fields.clone();
    tampered.iter_mut().filter(|(name, _)| name == "handle").for_each(|(_, value)| value.push('A'));
    assert_refused(&browser.post("/device/decision", &tampered).await, "a handle that was changed");
    assert!(app.is_pending(&first).await && app.is_pending(&second).await);
}

#[tokio::test]
async fn a_cookie_that_was_changed_or_has_expired_is_as_good_as_none() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.browser(HOME);
    let sign_in = browser.type_code(&tv.user_code).await;
    let mut changed = browser.clone();
    changed.cookies.get_mut("__Host-countersign_flow").unwrap().value.replace_range(40..41, "_");
    assert_eq!(post_sign_in(&mut changed, &sign_in).await, StatusCode::FORBIDDEN);
    app.advance(15 * 60);
    assert_eq!(post_sign_in(&mut browser, &sign_in).await, StatusCode::FORBIDDEN);
}

async fn post_sign_in(browser: &mut Browser<'_>, page: &Page) -> StatusCode {
    let fields = page.filled("/sign-in", &[("username", "maria"), ("password", PASSWORD)]);
    browser.post("/sign-in", &fields).await.status()
}

#[tokio::test]
async fn what_is_no_form_is_refused_with_a_page() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    for (body, content_type, status) in [
        ("csrf=a&csrf=b".to_owned(), "application/x-www-form-urlencoded", 400),
        ("csrf=%ff".to_owned(), "application/x-www-form-urlencoded", 400),
        ("{}".to_owned(), "application/json", 415),
        ("csrf=a".to_owned(), "text/plain", 415),
        ("a".repeat(17_000), "application/x-www-form-urlencoded", 413),
    ] {
        for path in ["/device", "/device/decision", "/sign-in", "/sign-out", "/account", "/account/devices"] {
            let request = http::Request::post(path).header("content-type", content_type).body(body.clone()).unwrap();
            let reply = app.send(request, HOME).await;
            assert_eq!(reply.status().as_u16(), status, "{path} {content_type}");
            assert!(reply.body().contains("data-page=\"error\""), "{path}");
        }
    }
    browser.open("/account").await.expect_page("account");
}

fn csrf(fields: &[(String, String)]) -> String {
    fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone()
}

fn with_csrf(fields: &[(String, String)], token: &str) -> Vec<(String, String)> {
    let changed = |(name, value): &(String, String)| match name.as_str() {
        "csrf" => (name.clone(), token.to_owned()),
        _ => (name.clone(), value.clone()),
    };
    fields.iter().map(changed).collect()
}
