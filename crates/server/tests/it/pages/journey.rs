//! From the code to the outcome, in every order in which people come.

use proto::model::GrantState;

use crate::support::{HOME, TestApp, WRONG};

#[tokio::test]
async fn df_3_3_1_df_3_3_2_df_3_3_5_typed_then_signed_in_then_asked_then_done() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.browser(HOME);
    let sign_in = browser.type_code(&tv.user_code).await;
    assert_eq!(sign_in.trail, ["/device", "/device/decision", "/sign-in"]);
    assert_eq!(app.poll(&tv).await, "authorization_pending");
    let question = browser.sign_in(&sign_in, "maria").await;
    assert_eq!(question.trail, ["/sign-in", "/device/decision"]);
    assert!(question.body.contains("Living-room TV"));
    let done = browser.press(&question, "approve").await;
    assert_eq!(done.trail, ["/device/decision", "/device/done"]);
    assert_eq!((done.expect_page("done").outcome(), done.status.as_u16()), ("approved", 200));
    assert!(done.text().contains("Go back to your device"), "{}", done.text());
    app.advance(10);
    assert_eq!(app.poll(&tv).await, "tokens");
}

#[tokio::test]
async fn df_3_3_11_who_is_signed_in_is_asked_all_the_same_and_for_each_device() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    for _ in 0..3 {
        let tv = app.device_of("tv", HOME, "").await;
        let question = browser.type_code(&tv.user_code).await;
        assert_eq!(question.trail, ["/device", "/device/decision"]);
        assert!(app.is_pending(&tv).await);
        browser.press(&question, "approve").await.expect_page("done");
        assert!(matches!(app.state(&tv).await, GrantState::Approved(_)));
    }
}

#[tokio::test]
async fn df_3_3_1_4_df_3_3_1_5_by_link_then_signed_in_then_compared_then_done() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.browser(HOME);
    let sign_in = browser.click_elsewhere(&tv.link).await;
    assert_eq!(sign_in.trail, [tv.link.as_str(), "/device", "/device/decision", "/sign-in"]);
    let question = browser.sign_in(&sign_in, "maria").await;
    assert!(question.text().contains("Does your device show this code?"), "{}", question.text());
    assert!(question.body.contains(&tv.user_code));
    assert!(app.is_pending(&tv).await);
    let done = browser.press(&question, "approve").await;
    assert_eq!(done.outcome(), "approved");
}

#[tokio::test]
async fn by_link_from_another_site_while_signed_in() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.click_elsewhere(&tv.link).await;
    assert_eq!(question.trail, [tv.link.as_str(), "/device", "/device/decision"]);
    assert!(app.is_pending(&tv).await);
    assert_eq!(browser.press(&question, "approve").await.outcome(), "approved");
}

#[tokio::test]
async fn df_3_3_4_df_3_5_5_xd_6_1_6_1_a_refusal_is_told_to_the_device_and_to_the_person() {
    let app = TestApp::new().await;
    for button in ["deny", "report"] {
        let tv = app.device().await;
        let mut browser = app.signed_in("maria", HOME).await;
        let question = browser.type_code(&tv.user_code).await;
        let done = browser.press(&question, button).await;
        assert_eq!(done.outcome(), "denied");
        assert_eq!(done.text().contains("you did not start this"), button == "report", "{}", done.text());
        assert!(
            matches!(app.state(&tv).await, GrantState::Denied { reported, .. } if reported == (button == "report"))
        );
        assert_eq!(app.poll(&tv).await, "access_denied");
    }
}

#[tokio::test]
async fn df_3_3_7_another_account_comes_back_to_the_same_device() {
    let app = TestApp::new().await;
    app.add_user("noor").await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.click_elsewhere(&tv.link).await;
    let sign_in = browser.submit(&question, "/sign-out", &[("then", "device")]).await;
    let question = browser.sign_in(&sign_in, "noor").await;
    assert!(question.expect_page("decision").text().contains("noor"));
    browser.press(&question, "approve").await;
    let noor = app.flow.admin().user(&crate::support::user_name("noor")).await.unwrap().id;
    assert!(matches!(app.state(&tv).await, GrantState::Approved(approval) if approval.user_id == noor));
}

#[tokio::test]
async fn back_after_a_decision_shows_the_decision() {
    let app = TestApp::new().await;
    for (button, outcome, said) in
        [("approve", "approved", "You allowed this before"), ("deny", "denied", "refused before")]
    {
        let tv = app.device().await;
        let mut browser = app.signed_in("maria", HOME).await;
        let question = browser.type_code(&tv.user_code).await;
        browser.press(&question, button).await;
        let back = browser.open("/device/decision").await;
        assert_eq!((back.expect_page("done").outcome(), back.body.contains(said)), (outcome, true), "{}", back.body);
    }
}

#[tokio::test]
async fn pages_of_the_middle_lead_to_the_beginning_when_there_is_nothing_to_show() {
    let app = TestApp::new().await;
    let mut stranger = app.browser(HOME);
    stranger.open("/device/decision").await.expect_page("sign-in");
    stranger.open("/device/done").await.expect_page("code");
    let mut browser = app.signed_in("maria", HOME).await;
    browser.open("/device/decision").await.expect_page("code");
    browser.open("/device/done").await.expect_page("code");
    browser.open("/sign-in").await.expect_page("account");
    browser.type_code(WRONG).await.expect_page("code");
    browser.open("/device/decision").await.expect_page("code");
}

#[tokio::test]
async fn df_3_3_6_no_page_and_no_cookie_shows_the_device_code() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.browser(HOME);
    let sign_in = browser.click_elsewhere(&tv.link).await;
    let question = browser.sign_in(&sign_in, "maria").await;
    let done = browser.press(&question, "approve").await;
    let account = browser.open("/account").await;
    let cookies = format!("{:?}", browser.cookies);
    for seen in [&sign_in.body, &question.body, &done.body, &account.body, &cookies] {
        assert!(!seen.contains(&tv.device_code[3..20]));
    }
    assert!(!cookies.contains(&tv.user_code), "codes travel sealed");
}
