//! `/D/{CODE}`: what the link saves is a policy of the client, and never more than the typing.

use http::{StatusCode, header};
use proto::model::{Client, LinkPolicy};

use crate::support::browser::Cause;
use crate::support::{ELSEWHERE, HOME, TestApp, WRONG, client};

async fn with_policies(trusted_proxies: &str) -> TestApp {
    let app = TestApp::with(|_| {}, trusted_proxies).await;
    for (id, link) in [("always", LinkPolicy::Always), ("never", LinkPolicy::Never), ("same", LinkPolicy::SameNetwork)]
    {
        app.add_client(Client { link, ..client(id, "Kitchen display") }).await;
    }
    app
}

#[tokio::test]
async fn df_3_3_1_4_the_policy_of_the_client_and_the_network_say_whether_the_code_is_typed() {
    let app = with_policies("").await;
    for (client, from, asked) in [
        ("always", HOME, "decision"),
        ("always", ELSEWHERE, "decision"),
        ("never", HOME, "code"),
        ("never", ELSEWHERE, "code"),
        ("same", HOME, "decision"),
        ("same", ELSEWHERE, "code"),
    ] {
        for signed_in in [true, false] {
            let tv = app.device_of(client, HOME, "openid").await;
            let page = if signed_in {
                app.signed_in("maria", from).await.click_elsewhere(&tv.link).await
            } else {
                let mut browser = app.browser(from);
                let sign_in = browser.click_elsewhere(&tv.link).await;
                browser.sign_in(&sign_in, "maria").await
            };
            page.expect_page(asked);
            assert!(app.is_pending(&tv).await);
            if asked == "code" {
                assert_eq!((page.field("user_code"), page.alert()), (String::new(), String::new()));
                assert!(page.notice().contains("type the code that it shows"), "{}", page.body);
            }
        }
    }
}

#[tokio::test]
async fn df_3_3_1_4_a_code_that_had_to_be_typed_is_asked_about_without_comparing_it_again() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", ELSEWHERE).await;
    browser.click_elsewhere(&tv.link).await.expect_page("code");
    let question = browser.type_code(&tv.user_code).await;
    assert!(!question.body.contains("confirm_code"));
    assert!(question.text().contains("Different network than this browser"));
    assert_eq!(browser.press(&question, "approve").await.outcome(), "approved");
}

#[tokio::test]
async fn sb_4_13_1_a_forwarding_header_counts_only_from_a_trusted_proxy() {
    let app = with_policies("").await;
    let tv = app.device_of("same", HOME, "openid").await;
    let mut liar = app.signed_in("maria", ELSEWHERE).await;
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        liar.extra = vec![(header, HOME.to_owned())];
        liar.click_elsewhere(&tv.link).await.expect_page("code");
    }
    let app = with_policies("192.0.2.0/24").await;
    let tv = app.device_of("same", HOME, "openid").await;
    let mut proxied = app.signed_in("maria", "192.0.2.1").await;
    proxied.extra = vec![("x-forwarded-for", HOME.to_owned())];
    proxied.click_elsewhere(&tv.link).await.expect_page("decision");
    proxied.extra = vec![("x-forwarded-for", format!("{HOME}, {ELSEWHERE}"))];
    proxied.click_elsewhere(&tv.link).await.expect_page("code");
}

#[tokio::test]
async fn df_3_3_8_every_well_formed_code_is_answered_alike_and_leaves_the_address_at_once() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let before = app.flow.store_accesses().total();
    let lower = tv.link.to_lowercase();
    for link in [tv.link.as_str(), &lower, "/D/ZZZZZZZZ", &format!("/d/{WRONG}")] {
        for mut browser in [app.browser(HOME), app.browser(ELSEWHERE)] {
            let reply = browser.get(link, Cause::OtherSite).await;
            assert_eq!(
                (reply.status(), &reply.headers()[header::LOCATION]),
                (StatusCode::SEE_OTHER, &header::HeaderValue::from_static("/device"))
            );
            assert_eq!(reply.body(), "");
            let set: Vec<_> = browser.cookies.keys().cloned().collect();
            assert_eq!(set, ["__Host-countersign_flow"], "and the code is sealed in it");
            assert!(!browser.cookies[&set[0]].value.contains(&tv.user_code[..4]));
        }
    }
    assert_eq!(app.flow.store_accesses().total(), before, "nothing was looked up");
}

#[tokio::test]
async fn a_damaged_link_says_what_is_wrong_and_shows_no_sentence_of_a_stranger() {
    let app = TestApp::new().await;
    for (link, field, alert) in [
        ("/D/WDJB-MJH", "WDJB-MJH", "That is one letter short."),
        ("/D/wdjb-mjh5", "WDJB-MJHS", "Codes have no numbers, so we read the 5 as S. Check it, then press Continue."),
        ("/D/Call-this-number-now-please", "", ""),
        ("/D/%3Cscript%3E", "", ""),
        ("/D/", "", ""),
    ] {
        let page = app.browser(HOME).click_elsewhere(link).await;
        assert_eq!((page.expect_page("code").field("user_code"), page.alert()), (field.into(), alert.into()), "{link}");
        assert!(!alert.is_empty() || page.notice().contains("You opened a link"));
    }
}

#[tokio::test]
async fn a_link_does_not_hold_a_person_back_from_typing_another_code() {
    let app = TestApp::new().await;
    let (first, second) = (app.device().await, app.device().await);
    let mut browser = app.signed_in("maria", HOME).await;
    browser.click_elsewhere(&first.link).await.expect_page("decision");
    let question = browser.type_code(&second.user_code).await;
    browser.press(&question, "approve").await;
    assert!(app.is_pending(&first).await && !app.is_pending(&second).await);
}
