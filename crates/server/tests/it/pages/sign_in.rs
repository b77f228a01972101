//! `/sign-in` and `/sign-out`: sessions begin new, end for good, and tell nobody which names exist.

use http::{StatusCode, header};
use proto::model::UserState;

use crate::support::browser::Cookie;
use crate::support::{ELSEWHERE, HOME, PASSWORD, TestApp};

const SESSION: &str = "__Host-countersign_session";
const VISIT: &str = "__Host-countersign_flow";

#[tokio::test]
async fn a_failed_sign_in_says_the_same_for_a_wrong_name_a_wrong_password_and_a_locked_account() {
    let app = TestApp::new().await;
    app.add_user("locked").await;
    app.edit_user("locked", UserState::Locked).await;
    let mut browser = app.browser(HOME);
    let mut said = Vec::new();
    for (name, password) in [("maria", "wrong"), ("nobody", PASSWORD), ("locked", PASSWORD)] {
        let page = browser.open("/sign-in").await;
        let page = browser.submit(&page, "/sign-in", &[("username", name), ("password", password)]).await;
        assert_eq!((page.field("username"), page.field("password")), (name.into(), String::new()));
        said.push((page.status, page.alert()));
    }
    assert_eq!(said[0], (StatusCode::UNPROCESSABLE_ENTITY, "Name or password is not right.".into()));
    assert!(said.iter().all(|other| *other == said[0]));
    assert!(!browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn a_name_or_a_password_that_is_missing_costs_no_try() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    for (name, password) in [("", ""), ("maria", ""), ("", PASSWORD)].into_iter().cycle().take(40) {
        let page = browser.open("/sign-in").await;
        let page = browser.submit(&page, "/sign-in", &[("username", name), ("password", password)]).await;
        assert_eq!(page.alert(), "Enter your name and your password.");
    }
    let page = browser.open("/sign-in").await;
    browser.sign_in(&page, "maria").await.expect_page("account");
}

#[tokio::test]
async fn oa_10_10_2_oa_2_3_1_4_wrong_passwords_run_out_of_tries_also_for_the_right_one_and_the_page_says_until_when() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    for name in ["maria", "nobody"] {
        for _ in 0..10 {
            let page = browser.open("/sign-in").await;
            browser.submit(&page, "/sign-in", &[("username", name), ("password", "wrong")]).await;
        }
        let page = browser.open("/sign-in").await;
        let page = browser.sign_in(&page, name).await;
        assert_eq!(
            (page.status, page.alert()),
            (StatusCode::TOO_MANY_REQUESTS, "Too many tries. Try again in 10 minutes.".into())
        );
        assert_eq!(page.headers[header::RETRY_AFTER], "600");
    }
    app.advance(600);
    let page = browser.open("/sign-in").await;
    browser.sign_in(&page, "maria").await.expect_page("account");
}

#[tokio::test]
async fn a_session_fixed_by_somebody_else_is_not_taken_over() {
    let app = TestApp::new().await;
    let mut thief = app.browser(ELSEWHERE);
    thief.open("/sign-in").await;
    let mut victim = thief.clone();
    victim.cookies.insert(SESSION.into(), Cookie { value: "st_chosen-by-the-thief".into(), strict: false });
    let page = victim.open("/sign-in").await;
    let fixed = victim.cookies[VISIT].clone();
    victim.sign_in(&page, "maria").await.expect_page("account");
    assert_ne!(victim.cookies[SESSION].value, "st_chosen-by-the-thief");
    assert_ne!(victim.cookies[VISIT], fixed);
    thief.open("/account").await.expect_page("sign-in");
    thief.cookies.insert(SESSION.into(), Cookie { value: "st_chosen-by-the-thief".into(), strict: false });
    thief.open("/account").await.expect_page("sign-in");
}

#[tokio::test]
async fn each_sign_in_is_a_new_session_a_new_visit_and_the_end_of_the_one_before() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    let code_form = browser.open("/device").await;
    let sign_in = browser.open("/sign-in").await;
    browser.sign_in(&sign_in, "maria").await;
    let first = browser.clone();
    assert_eq!(
        browser.submit(&code_form, "/device", &[("user_code", "WDJB-MJHT")]).await.status,
        StatusCode::FORBIDDEN
    );
    // The browser keeps its session, and the form of another tab is sent.
    let mut other_tab = browser.clone();
    other_tab.cookies.remove(SESSION);
    let form = other_tab.open("/sign-in").await;
    other_tab.cookies.insert(SESSION.into(), browser.cookies[SESSION].clone());
    other_tab.sign_in(&form, "maria").await.expect_page("account");
    assert_ne!(other_tab.cookies[SESSION], first.cookies[SESSION]);
    first.clone().open("/account").await.expect_page("sign-in");
}

#[tokio::test]
async fn sign_out_ends_the_session_on_the_server_and_takes_its_cookies_away() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    browser.press(&question, "approve").await;
    let mut stolen = browser.clone();
    let account = browser.open("/account").await;
    let page = browser.submit(&account, "/sign-out", &[]).await;
    assert_eq!(page.expect_page("sign-in").notice(), "You are signed out.");
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), [VISIT]);
    let page = stolen.open("/account").await;
    assert_eq!(page.expect_page("sign-in").notice(), "You were signed out because some time passed. Sign in to go on.");
    assert_eq!(app.poll(&tv).await, "tokens", "no device is signed out with it");
}

#[tokio::test]
async fn a_session_ends_by_itself_and_the_person_goes_on_where_they_were() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    app.advance(30 * 60);
    let tv = app.device().await;
    let page = browser.type_code(&tv.user_code).await;
    assert!(page.expect_page("sign-in").notice().contains("some time passed"));
    browser.sign_in(&page, "maria").await.expect_page("decision");
}

#[tokio::test]
async fn df_3_3_2_a_session_that_ends_before_the_answer_decides_nothing() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    let account = browser.clone().open("/account").await;
    browser.clone().submit(&account, "/sign-out", &[]).await;
    browser.press(&question, "approve").await.expect_page("sign-in");
    assert!(app.is_pending(&tv).await);
}

#[tokio::test]
async fn sb_4_11_1_sb_4_12_1_no_parameter_says_where_sign_in_leads() {
    let app = TestApp::new().await;
    let query =
        "next=https://evil.example/&return_to=//evil.example&redirect_uri=https://evil.example/&then=//evil.example";
    let mut browser = app.browser(HOME);
    let page = browser.open(&format!("/sign-in?{query}")).await;
    let typed =
        [("username", "maria"), ("password", PASSWORD), ("next", "https://evil.example/"), ("then", "//evil.example")];
    assert_eq!(browser.submit(&page, "/sign-in", &typed).await.trail, ["/sign-in", "/account"]);
    let account = browser.open("/account").await;
    let out = browser.submit(&account, "/sign-out", &[("then", "https://evil.example/")]).await;
    assert_eq!(out.trail, ["/sign-out", "/sign-in"]);
}

#[tokio::test]
async fn cookies_are_for_this_host_and_not_for_scripts() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    let page = browser.open("/sign-in").await;
    let fields = page.filled("/sign-in", &[("username", "maria"), ("password", PASSWORD)]);
    let reply = browser.post("/sign-in", &fields).await;
    let lines: Vec<String> = reply
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|line| {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            format!("{name}; {}", rest.split_once("; ").unwrap().1)
        })
        .collect();
    insta::assert_debug_snapshot!(lines, @r#"
    [
        "__Host-countersign_flow; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=900",
        "__Host-countersign_session; Path=/; HttpOnly; SameSite=Lax; Secure",
        "__Host-countersign_same_site; Path=/; HttpOnly; SameSite=Strict; Secure",
    ]
    "#);
    assert!(browser.cookies[SESSION].value.starts_with("st_"));
    let stored = app
        .store
        .sessions_of(app.flow.admin().user(&crate::support::user_name("maria")).await.unwrap().id)
        .await
        .unwrap();
    assert!(!format!("{stored:?}").contains(&browser.cookies[SESSION].value), "only a hash of it is stored");
}

#[tokio::test]
async fn two_cookies_of_one_name_are_none() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    browser.extra = vec![("cookie", format!("{SESSION}=st_tossed"))];
    browser.open("/account").await.expect_page("sign-in");
}

#[tokio::test]
async fn sign_out_is_no_link() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let page = browser.open("/sign-out").await;
    assert_eq!((page.status, page.headers[header::ALLOW].to_str().unwrap()), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    browser.open("/account").await.expect_page("account");
}
