//! `/device/decision`: what is shown, what counts as an answer, and that nothing else does.

use http::{Method, StatusCode};
use proto::model::{Client, ClientId, GrantState, Scope, UserState};

use crate::support::browser::{Cause, encode};
use crate::support::{ELSEWHERE, HOME, TestApp, client};

#[tokio::test]
async fn df_5_4_1_df_5_4_2_df_3_3_4_xd_6_1_14_1_the_question_names_who_what_where_and_when() {
    let app = TestApp::new().await;
    let tv = app.device_called("tv", HOME, "openid profile email offline_access", Some("Bravia upstairs")).await;
    app.advance(40);
    let question = app.signed_in("maria", HOME).await.type_code(&tv.user_code).await;
    insta::assert_snapshot!(question.text(), @r"
    Let
    “
    Living-room TV
    ”
    use your account?
    You are signed in as
    maria
    Use another account
    About the device
    Application
    Living-room TV
    ID:
    tv
    Calls itself
    “
    Bravia upstairs
    ”
    Started
    40 seconds ago,
    9 minutes left
    From
    203.0.113.7
    Same network as this browser
    It will be able to
    know that it is you
    see your name
    see your email address
    keep access until you remove it
    Allow this only if you started it yourself, just now, on a device you can see. Whoever holds that device will act as you.
    Don’t allow
    Allow
    I did not start this
    ");
    assert_eq!(question.status, StatusCode::OK);
    let elsewhere = app.signed_in("maria", ELSEWHERE).await.type_code(&tv.user_code).await;
    assert!(elsewhere.text().contains("Different network than this browser"));
}

#[tokio::test]
async fn xd_6_1_14_2_the_first_button_of_the_form_approves_nothing() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let question = app.signed_in("maria", HOME).await.type_code(&tv.user_code).await;
    let form = question.body.split("action=\"/device/decision\"").nth(1).unwrap();
    let buttons: Vec<&str> = form.split("<button").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    assert!(buttons[0].contains("disabled") && !buttons[0].contains("decision"), "Enter in a field presses this one");
    let named: Vec<&&str> = buttons.iter().filter(|button| button.contains("name=\"decision\"")).collect();
    assert!(
        named[0].contains("value=\"deny\"")
            && named[1].contains("value=\"approve\"")
            && named[2].contains("value=\"report\"")
    );
    assert!(!question.body.contains("autofocus"));
}

#[tokio::test]
async fn names_of_strangers_are_text_and_nothing_else() {
    let app = TestApp::new().await;
    let hostile = "<b>TV</b>\"'><script>alert(1)</script>{{7*7}}\u{202e}evil\u{200b}\r\n";
    app.add_client(Client { verified: false, ..client("evil", hostile) }).await;
    let tv = app.device_called("evil", HOME, "openid", Some("<img src=x>")).await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    let done = browser.press(&question, "approve").await;
    for page in [&question, &done] {
        assert!(!page.body.contains("<script") && !page.body.contains("<b>TV") && !page.body.contains("<img src=x"));
        assert!(!page.body.contains('\u{202e}') && !page.body.contains('\u{200b}') && page.body.contains("{{7*7}}"));
    }
    assert!(question.text().contains("Not verified by Example ID"));
}

#[tokio::test]
async fn df_3_3_1_5_a_question_by_link_is_not_allowed_without_the_comparison_and_refused_without_it() {
    let app = TestApp::new().await;
    for (button, decided) in [("approve", false), ("deny", true), ("report", true)] {
        let tv = app.device().await;
        let mut browser = app.signed_in("maria", HOME).await;
        let question = browser.click_elsewhere(&tv.link).await;
        let page = browser.submit(&question, "/device/decision", &[("decision", button)]).await;
        assert_eq!(!app.is_pending(&tv).await, decided, "{button}");
        if !decided {
            assert_eq!(page.expect_page("decision").status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(page.alert().contains("Compare the code"), "{}", page.body);
            assert_eq!(browser.press(&page, "approve").await.outcome(), "approved");
        }
    }
}

#[tokio::test]
async fn the_comparison_is_asked_of_the_page_that_asked_whatever_was_typed_since() {
    let app = TestApp::new().await;
    let (linked, typed) = (app.device().await, app.device().await);
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.click_elsewhere(&linked.link).await;
    browser.type_code(&typed.user_code).await.expect_page("decision");
    let page = browser.submit(&question, "/device/decision", &[("decision", "approve")]).await;
    assert!(app.is_pending(&linked).await && app.is_pending(&typed).await);
    assert!(page.alert().contains("Something changed"), "it is now about another device: {}", page.alert());
}

#[tokio::test]
async fn df_3_3_13_each_window_decides_the_device_that_it_shows() {
    let app = TestApp::new().await;
    let (first, second) = (app.device().await, app.device().await);
    let mut browser = app.signed_in("maria", HOME).await;
    let of_first = browser.type_code(&first.user_code).await;
    let of_second = browser.type_code(&second.user_code).await;
    browser.press(&of_first, "approve").await;
    assert!(!app.is_pending(&first).await && app.is_pending(&second).await);
    browser.press(&of_second, "deny").await;
    assert!(matches!(app.state(&second).await, GrantState::Denied { .. }));
}

#[tokio::test]
async fn df_3_3_13_what_changed_since_it_was_shown_is_asked_again() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    let edit = flow::admin::ClientEdit { name: Some("Somebody else".into()), ..Default::default() };
    app.flow.admin().edit_client(&ClientId::parse("tv").unwrap(), &edit).await.unwrap();
    let again = browser.press(&question, "approve").await;
    assert_eq!((again.expect_page("decision").status, app.is_pending(&tv).await), (StatusCode::CONFLICT, true));
    assert!(again.alert().contains("Something changed") && again.text().contains("Somebody else"));
    assert_eq!(browser.press(&again, "approve").await.outcome(), "approved");
}

#[tokio::test]
async fn a_client_that_may_not_ask_any_more_cannot_be_allowed() {
    for edit in [
        flow::admin::ClientEdit { scopes: Some(Scope::parse("email").unwrap()), ..Default::default() },
        flow::admin::ClientEdit { enabled: Some(false), ..Default::default() },
    ] {
        let app = TestApp::new().await;
        let tv = app.device_of("tv", HOME, "email openid").await;
        let mut browser = app.signed_in("maria", HOME).await;
        let question = browser.type_code(&tv.user_code).await;
        app.flow.admin().edit_client(&ClientId::parse("tv").unwrap(), &edit).await.unwrap();
        let page = browser.press(&question, "approve").await;
        assert!(page.expect_page("code").alert().contains("can’t be used"));
        assert!(app.is_pending(&tv).await);
    }
}

#[tokio::test]
async fn df_3_3_12_a_second_press_has_the_effect_of_one_and_the_other_button_has_none() {
    let app = TestApp::new().await;
    for (first, second, outcome, said) in [
        ("approve", "approve", "approved", "Go back to your device"),
        ("approve", "deny", "approved", "You allowed this before"),
        ("deny", "deny", "denied", "The device was told"),
        ("deny", "approve", "denied", "This was refused before"),
    ] {
        let tv = app.device().await;
        let mut browser = app.signed_in("maria", HOME).await;
        let question = browser.type_code(&tv.user_code).await;
        browser.press(&question, first).await;
        let decided = app.state(&tv).await;
        let page = browser.press(&question, second).await;
        assert_eq!((page.outcome(), page.text().contains(said)), (outcome, true), "{}", page.text());
        assert_eq!(app.state(&tv).await, decided);
    }
}

#[tokio::test]
async fn df_3_2_4_df_3_3_12_a_code_that_ran_out_meanwhile_is_not_allowed_any_more() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    app.advance(600);
    let page = browser.press(&question, "approve").await;
    assert_eq!(page.expect_page("done").outcome(), "expired");
    assert!(page.text().contains("The code ran out"));
    assert!(app.is_pending(&tv).await);
    assert_eq!(app.poll(&tv).await, "expired_token");
}

#[tokio::test]
async fn df_3_4_9_a_locked_person_decides_nothing() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    app.edit_user("maria", UserState::Locked).await;
    browser.press(&question, "approve").await.expect_page("sign-in");
    assert!(app.is_pending(&tv).await);
}

#[tokio::test]
async fn df_3_3_10_no_get_changes_a_grant() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let before = app.state(&tv).await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.click_elsewhere(&tv.link).await;
    let sent = encode(&question.filled("/device/decision", &[("decision", "approve"), ("confirm_code", "yes")]));
    for path in ["/device/decision", "/device", "/device/done", "/sign-in", "/account", tv.link.as_str()] {
        browser.open(&format!("{path}?{sent}")).await;
        let head = browser.send(Method::HEAD, &format!("{path}?{sent}"), String::new(), Cause::Here, &[]).await;
        assert!(head.body().is_empty());
    }
    assert_eq!(app.state(&tv).await, before);
}

#[tokio::test]
async fn an_answer_without_a_button_or_with_an_unknown_one_is_none() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    for typed in [&[][..], &[("decision", "")], &[("decision", "yes")], &[("decision", "APPROVE")]] {
        browser.submit(&question, "/device/decision", typed).await.expect_page("decision");
        assert!(app.is_pending(&tv).await);
    }
}

#[tokio::test]
async fn a_question_may_stay_open_as_long_as_its_code_lives() {
    let app = TestApp::with(|settings| settings.device.lifetime = std::time::Duration::from_secs(1_800), "").await;
    app.advance(1);
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    for _ in 0..3 {
        app.advance(590);
        browser.open("/device").await;
    }
    app.advance(29);
    let page = browser.press(&question, "approve").await;
    assert_eq!((page.expect_page("done").outcome(), app.is_pending(&tv).await), ("approved", false));
}

#[tokio::test]
async fn every_look_and_every_answer_is_counted() {
    use countersign_server::telemetry::{AuditKind, GuessOutcome};
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    browser.type_code(crate::support::WRONG).await;
    let question = browser.type_code(&tv.user_code).await;
    browser.press(&question, "report").await;
    browser.press(&question, "report").await;
    let audited = |kind| app.metrics.audit_events.value(kind);
    let kinds = [AuditKind::SignIn, AuditKind::Fail, AuditKind::Display, AuditKind::Report, AuditKind::Deny];
    assert_eq!(kinds.map(audited), [1, 1, 1, 1, 0]);
    assert_eq!(app.metrics.guesses.value(GuessOutcome::Found), 1);
    assert_eq!(app.metrics.guesses.value(GuessOutcome::Missed), 1);
}
