//! `/account`: sessions and the password.

use http::StatusCode;

use crate::support::{ELSEWHERE, HOME, PASSWORD, TestApp};

const NEW: &str = "another four words in a row";

#[tokio::test]
async fn the_page_lists_where_the_person_is_signed_in_this_browser_first() {
    let app = TestApp::new().await;
    let mut elsewhere = app.signed_in("maria", ELSEWHERE).await;
    app.advance(180);
    let mut browser = app.signed_in("maria", HOME).await;
    let page = browser.open("/account").await;
    let text = page.text();
    assert!(text.find("This browser").unwrap() < text.find(ELSEWHERE).unwrap(), "{text}");
    assert!(text.contains("Firefox on Linux") && text.contains("3 minutes ago"), "{text}");
    let page = elsewhere.open("/account").await;
    assert_eq!(page.body.matches("name=\"session\"").count(), 1, "one's own cannot be ended there");
}

#[tokio::test]
async fn a_session_is_ended_from_another_and_only_as_not_me_with_its_devices() {
    let app = TestApp::new().await;
    for (action, said, tokens) in [
        ("end_session", "That browser is signed out.", "tokens"),
        ("not_me", "That browser is signed out, and the devices it connected are disconnected.", "invalid_grant"),
    ] {
        let tv = app.device().await;
        let mut lost = app.signed_in("maria", ELSEWHERE).await;
        let question = lost.type_code(&tv.user_code).await;
        lost.press(&question, "approve").await;
        let mut browser = app.signed_in("maria", HOME).await;
        let page = browser.open("/account").await;
        let session = page.field("session");
        let page = browser.submit(&page, "/account", &[("action", action)]).await;
        assert_eq!(page.trail, ["/account", "/account"]);
        assert!(page.notice().starts_with(said), "{}", page.notice());
        lost.open("/account").await.expect_page("sign-in");
        browser.open("/account").await.expect_page("account");
        assert_eq!(app.poll(&tv).await, tokens, "{action}");
        let again = browser.submit(&page, "/account", &[("action", action), ("session", &session)]).await;
        assert_eq!(again.notice(), "That browser was signed out already.");
        let out = browser.open("/account").await;
        browser.submit(&out, "/sign-out", &[]).await;
    }
}

#[tokio::test]
async fn sessions_of_others_cannot_be_ended() {
    let app = TestApp::new().await;
    app.add_user("noor").await;
    let mut noor = app.signed_in("noor", ELSEWHERE).await;
    let theirs = app
        .store
        .sessions_of(app.flow.admin().user(&crate::support::user_name("noor")).await.unwrap().id)
        .await
        .unwrap();
    let mut maria = app.signed_in("maria", HOME).await;
    let page = maria.open("/account").await;
    for action in ["end_session", "not_me"] {
        let session = theirs[0].id.to_string();
        let said = maria.submit(&page, "/account", &[("action", action), ("session", &session)]).await;
        assert_eq!(said.notice(), "That browser was signed out already.", "as for one that never was");
    }
    noor.open("/account").await.expect_page("account");
}

#[tokio::test]
async fn everywhere_means_this_browser_too_and_devices_when_asked() {
    let app = TestApp::new().await;
    for (devices, said, tokens) in [
        (None, "You are signed out everywhere. Your devices stay connected.", "tokens"),
        (
            Some(("devices", "yes")),
            "You are signed out everywhere, and your devices are disconnected.",
            "invalid_grant",
        ),
    ] {
        let tv = app.device().await;
        let mut other = app.signed_in("maria", ELSEWHERE).await;
        let mut browser = app.signed_in("maria", HOME).await;
        let question = browser.type_code(&tv.user_code).await;
        browser.press(&question, "approve").await;
        let page = browser.open("/account").await;
        let typed: Vec<_> = [("action", "sign_out_everywhere")].into_iter().chain(devices).collect();
        let page = browser.submit(&page, "/account", &typed).await;
        assert_eq!(page.expect_page("sign-in").notice(), said);
        browser.open("/account").await.expect_page("sign-in");
        other.open("/account").await.expect_page("sign-in");
        assert_eq!(app.poll(&tv).await, tokens);
    }
}

#[tokio::test]
async fn a_password_is_changed_with_the_present_one_and_other_browsers_are_signed_out() {
    let app = TestApp::new().await;
    let mut other = app.signed_in("maria", ELSEWHERE).await;
    let mut browser = app.signed_in("maria", HOME).await;
    for (current, new, status, said) in [
        ("", "", 422, "Enter both your current and your new password."),
        ("wrong", NEW, 422, "The current password is not right."),
        (PASSWORD, PASSWORD, 422, "This is the password you have now. Choose another."),
        (PASSWORD, "short", 422, "This password is too short. Use at least 15 characters."),
        (
            PASSWORD,
            "maria maria maria maria",
            422,
            "A password with your name or the name of this service is easily guessed. Choose another.",
        ),
        (PASSWORD, "aaaaaaaaaaaaaaaaaaaaa", 422, "This password is one that people try first. Choose another."),
        (PASSWORD, &"x y z ".repeat(200), 422, "This password is too long to be stored. Choose a shorter one."),
    ] {
        let page = browser.open("/account").await;
        let typed = [("action", "change_password"), ("current_password", current), ("new_password", new)];
        let page = browser.submit(&page, "/account", &typed).await;
        assert_eq!((page.status.as_u16(), page.alert().as_str()), (status, said));
        assert!(!page.body.contains("value=\"short"), "passwords are not sent back");
    }
    let page = browser.open("/account").await;
    let typed = [("action", "change_password"), ("current_password", PASSWORD), ("new_password", NEW)];
    let page = browser.submit(&page, "/account", &typed).await;
    assert_eq!(page.notice(), "Your password is changed. Other browsers are signed out.");
    assert_eq!(browser.open("/account").await.notice(), "", "said once");
    other.open("/account").await.expect_page("sign-in");
    let page = other.open("/sign-in").await;
    other.submit(&page, "/sign-in", &[("username", "maria"), ("password", PASSWORD)]).await.expect_page("sign-in");
    let page = other.open("/sign-in").await;
    other.submit(&page, "/sign-in", &[("username", "maria"), ("password", NEW)]).await.expect_page("account");
}

#[tokio::test]
async fn oa_10_10_2_guesses_at_the_present_password_run_out() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let mut last = browser.open("/account").await;
    for _ in 0..11 {
        let page = browser.open("/account").await;
        let typed = [("action", "change_password"), ("current_password", "guess"), ("new_password", NEW)];
        last = browser.submit(&page, "/account", &typed).await;
    }
    assert_eq!(
        (last.status, last.alert().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "Too many tries. Try again in 10 minutes.")
    );
}

#[tokio::test]
async fn the_account_asks_to_sign_in_and_comes_back_also_when_a_code_waits() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.browser(HOME);
    browser.type_code(&tv.user_code).await.expect_page("sign-in");
    let page = browser.open("/account").await;
    assert!(page.expect_page("sign-in").text().contains("to see what has access to it"));
    browser.sign_in(&page, "maria").await.expect_page("account");
    browser.open("/device/decision").await.expect_page("decision");
}

#[tokio::test]
async fn an_unknown_action_does_nothing() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let page = browser.open("/account").await;
    let reply = browser.submit(&page, "/account", &[("action", "delete_everything")]).await;
    assert_eq!(reply.expect_page("error").status, StatusCode::BAD_REQUEST);
    browser.open("/account").await.expect_page("account");
}
