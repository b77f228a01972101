//! `/account/devices`: what has access to the account, seen, named and removed by its person.

use countersign_server::telemetry::AuditKind;
use http::{Request, StatusCode};
use proto::model::{Client, GrantType};
use store::FaultSettings;

use crate::support::browser::{Browser, Cause, Page, encode};
use crate::support::{Device, ELSEWHERE, HOME, TestApp, client};

const PATH: &str = "/account/devices";

/// A player whose access may last.
fn player() -> Client {
    Client { grants: vec![GrantType::DeviceCode, GrantType::RefreshToken], ..client("player", "Acme Media Player") }
}

/// Allows a device as the person in `browser`.
async fn allow(browser: &mut Browser<'_>, device: &Device) {
    let question = browser.type_code(&device.user_code).await;
    assert_eq!(browser.press(&question, "approve").await.outcome(), "approved");
}

/// The device fetches its tokens: access, and what renews it.
async fn redeem(app: &TestApp, device: &Device) -> (String, Option<String>) {
    let Device { client, device_code, .. } = device;
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
    ask_token(app, &format!("grant_type={grant}&client_id={client}&device_code={device_code}")).await.unwrap()
}

async fn renew(app: &TestApp, client: &str, refresh: &str) -> Result<(String, Option<String>), String> {
    ask_token(app, &format!("grant_type=refresh_token&client_id={client}&refresh_token={refresh}")).await
}

async fn ask_token(app: &TestApp, body: &str) -> Result<(String, Option<String>), String> {
    let request = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
    let reply = app.send(request.body(body.to_owned()).unwrap(), HOME).await;
    let body: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    text("access_token").map(|access| (access, text("refresh_token"))).ok_or_else(|| text("error").unwrap())
}

/// A television called "Bravia upstairs" that has its tokens; the first of them.
async fn television(app: &TestApp, browser: &mut Browser<'_>) -> String {
    let tv = app.device_called("tv", HOME, "openid profile", Some("Bravia upstairs")).await;
    allow(browser, &tv).await;
    redeem(app, &tv).await.0
}

async fn submit(browser: &mut Browser<'_>, page: &Page, typed: &[(&str, &str)]) -> Page {
    browser.submit(page, PATH, typed).await
}

#[tokio::test]
async fn who_has_no_device_is_led_to_connect_one() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let tv = app.device().await;
    allow(&mut browser, &tv).await;
    let page = browser.open(PATH).await;
    assert_eq!(page.expect_page("devices").status, StatusCode::OK);
    assert_eq!(page.text(), "Your devices\nNo device can use your account.\nConnect a device", "not fetched yet");
    assert!(page.body.contains("<a class=\"button main\" href=\"/device\">"), "{}", page.body);
}

#[tokio::test]
async fn the_list_is_found_from_the_account_and_after_an_approval() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let tv = app.device().await;
    let question = browser.type_code(&tv.user_code).await;
    let pages = [browser.press(&question, "approve").await, browser.open("/account").await];
    for page in pages {
        assert!(page.body.contains("href=\"/account/devices\">See or remove your devices</a>"), "{}", page.body);
    }
    assert!(browser.open(PATH).await.body.contains("<a href=\"/account\">Your account</a>"));
}

#[tokio::test]
async fn sb_4_14_5_every_device_is_shown_with_its_name_application_place_times_and_permissions_the_newest_first() {
    let app = TestApp::new().await;
    app.add_client(player()).await;
    let mut browser = app.signed_in("maria", HOME).await;
    let kitchen = app.device_called("player", ELSEWHERE, "openid email offline_access", Some("Kitchen")).await;
    allow(&mut browser, &kitchen).await;
    let (_, refresh) = redeem(&app, &kitchen).await;
    app.advance(3 * 3600);
    renew(&app, "player", &refresh.unwrap()).await.unwrap();
    app.advance(120);
    let mut browser = app.signed_in("maria", HOME).await;
    // Asked for lasting access, but its application may not have it.
    let tv = app.device_of("tv", HOME, "openid profile offline_access").await;
    allow(&mut browser, &tv).await;
    redeem(&app, &tv).await;
    app.advance(60);
    let text = browser.open(PATH).await.text();
    let list = text.split_once("no longer need.\n").unwrap().1;
    insta::assert_snapshot!(list, @r"
    Living-room TV
    From
    203.0.113.7
    Connected
    1 minute ago
    It can
    know that it is you, see your name
    Ends
    in 9 minutes
    Rename
    Name
    Save name
    Remove
    Kitchen
    Application
    Acme Media Player
    From
    198.51.100.9
    Connected
    3 hours ago
    Last used
    3 minutes ago
    It can
    know that it is you, see your email address, keep access until you remove it
    Rename
    Name
    Save name
    Remove
    Connect a device
    ");
}

#[tokio::test]
async fn what_a_device_calls_itself_is_shown_as_text() {
    let app = TestApp::new().await;
    app.add_client(Client { name: "<i>Player</i>".into(), verified: false, ..player() }).await;
    let mut browser = app.signed_in("maria", HOME).await;
    let name = "\"><script>alert(1)</script>\u{202e}{{ 7 * 7 }}";
    let device = app.device_called("player", HOME, "openid", Some(name)).await;
    allow(&mut browser, &device).await;
    redeem(&app, &device).await;
    let page = browser.open(PATH).await;
    assert!(!page.body.contains("<script") && !page.body.contains("<i>") && !page.body.contains('\u{202e}'));
    let text = page.text();
    for shown in ["\"><script>alert(1)</script>{{ 7 * 7 }}", "<i>Player</i>", "Not verified by Example ID"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    let page = submit(&mut browser, &page, &[("action", "remove")]).await;
    assert!(page.notice().starts_with("“\"><script>"), "{}", page.notice());
    assert!(!page.body.contains("<script"));
}

#[tokio::test]
async fn a_device_that_has_no_access_any_more_is_not_listed() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    television(&app, &mut browser).await;
    let before = browser.open(PATH).await;
    assert!(before.text().contains("Ends\nin 10 minutes"), "{}", before.text());
    app.advance(600);
    let page = browser.open(PATH).await;
    assert!(page.text().contains("No device can use your account."), "{}", page.text());
    for typed in [&[("action", "rename"), ("name", "Screen")][..], &[("action", "remove")]] {
        let page = submit(&mut browser, &before, typed).await;
        assert_eq!(page.notice(), "That device was removed already, or its access has ended.");
    }
}

#[tokio::test]
async fn a_device_is_called_what_its_person_calls_it() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let access = television(&app, &mut browser).await;
    let mut page = browser.open(PATH).await;
    assert_eq!(page.field("name"), "Bravia upstairs");
    for (typed, said, field) in [
        (" Screen\r\n upstairs ", "The device is now called “Screen upstairs”.", "Screen upstairs"),
        ("<b>&amp;", "The device is now called “<b>&amp;”.", "<b>&amp;"),
        (&"é".repeat(64), &format!("The device is now called “{}”.", "é".repeat(64)), &"é".repeat(64)),
        ("\u{202e} \u{200b}", "The device is now called “Living-room TV”.", ""),
    ] {
        page = submit(&mut browser, &page, &[("action", "rename"), ("name", typed)]).await;
        assert_eq!(page.trail, [PATH, PATH]);
        assert_eq!((page.notice().as_str(), page.field("name").as_str()), (said, field));
        assert_eq!(browser.open(PATH).await.notice(), "", "said once");
    }
    assert!(page.text().contains("Living-room TV\nFrom"), "the application stands in: {}", page.text());
    app.flow.userinfo(&access, None).await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_too_long_stays_in_its_field_and_changes_nothing() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    television(&app, &mut browser).await;
    let page = browser.open(PATH).await;
    let long = "x".repeat(65);
    let page = submit(&mut browser, &page, &[("action", "rename"), ("name", &long)]).await;
    assert_eq!((page.expect_page("devices").status, page.trail.len()), (StatusCode::UNPROCESSABLE_ENTITY, 1));
    assert_eq!(page.alert(), "This name is too long. Use at most 64 characters.");
    assert_eq!(page.field("name"), long);
    assert!(page.body.contains("<title>Name not saved: Your devices") && page.body.contains("<details open>"));
    assert_eq!(browser.open(PATH).await.field("name"), "Bravia upstairs");
    let page = submit(&mut browser, &page, &[("action", "rename"), ("name", "Screen")]).await;
    assert_eq!(page.field("name"), "Screen", "the page still counts");
}

#[tokio::test]
async fn sb_4_14_5_a_removed_device_has_no_access_from_that_moment_on() {
    let app = TestApp::new().await;
    app.add_client(player()).await;
    let mut browser = app.signed_in("maria", HOME).await;
    let kitchen = app.device_called("player", HOME, "openid offline_access", Some("Kitchen")).await;
    allow(&mut browser, &kitchen).await;
    let (access, refresh) = redeem(&app, &kitchen).await;
    app.flow.userinfo(&access, None).await.unwrap();
    let before = browser.open(PATH).await;
    let page = submit(&mut browser, &before, &[("action", "remove")]).await;
    assert_eq!(page.trail, [PATH, PATH]);
    assert_eq!(page.notice(), "“Kitchen” is removed. To use it again, connect it again.");
    assert!(page.text().contains("No device can use your account."), "{}", page.text());
    assert!(app.flow.userinfo(&access, None).await.is_err());
    assert_eq!(renew(&app, "player", &refresh.unwrap()).await.unwrap_err(), "invalid_grant");
    assert_eq!(app.poll(&kitchen).await, "invalid_grant");
    let again = submit(&mut browser, &before, &[("action", "remove")]).await;
    assert_eq!(again.notice(), "That device was removed already, or its access has ended.");
    assert_eq!(app.metrics.audit_events.value(AuditKind::Revoke), 1, "told once");
    browser.open("/account").await.expect_page("account");
}

#[tokio::test]
async fn devices_of_others_are_neither_seen_nor_named_nor_removed() {
    let app = TestApp::new().await;
    app.add_user("noor").await;
    let mut noor = app.signed_in("noor", ELSEWHERE).await;
    let access = television(&app, &mut noor).await;
    let theirs = noor.open(PATH).await.field("device");
    let mut maria = app.signed_in("maria", HOME).await;
    assert!(maria.open(PATH).await.text().contains("No device can use your account."));
    let tv = app.device().await;
    allow(&mut maria, &tv).await;
    redeem(&app, &tv).await;
    let page = maria.open(PATH).await;
    for device in [theirs.as_str(), "", "x"] {
        let fields = page.filled(PATH, &[]).into_iter().filter(|(name, _)| name != "device");
        let fields: Vec<_> = fields.chain([("device".to_owned(), device.to_owned())]).collect();
        for act in [
            &[("action", "rename"), ("name", "Mine")][..],
            &[("action", "rename"), ("name", &"x".repeat(65))],
            &[("action", "remove")],
        ] {
            let act = act.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let reply = maria.post(PATH, &fields.iter().cloned().chain(act).collect::<Vec<_>>()).await;
            assert_eq!(reply.headers()["location"], PATH);
            let said = maria.open(PATH).await.notice();
            assert_eq!(said, "That device was removed already, or its access has ended.", "as for one that never was");
        }
    }
    app.flow.userinfo(&access, None).await.unwrap();
    assert_eq!(noor.open(PATH).await.field("name"), "Bravia upstairs");
    assert_eq!(app.metrics.audit_events.value(AuditKind::Revoke), 0);
}

#[tokio::test]
async fn an_unknown_action_does_nothing_to_a_device() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let access = television(&app, &mut browser).await;
    let page = browser.open(PATH).await;
    for typed in [&[][..], &[("action", "revoke_all")]] {
        let reply = submit(&mut browser, &page, typed).await;
        assert_eq!(reply.expect_page("error").status, StatusCode::BAD_REQUEST);
    }
    app.flow.userinfo(&access, None).await.unwrap();
}

#[tokio::test]
async fn df_3_3_10_a_form_of_devices_counts_only_from_the_page_and_the_session_it_was_made_for() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let access = television(&app, &mut browser).await;
    let page = browser.open(PATH).await;
    let account = browser.open("/account").await.field("csrf");
    let later = app.signed_in("maria", HOME).await.open(PATH).await.field("csrf");
    let with = |token: &str| {
        let mut fields = page.filled(PATH, &[("action", "remove")]);
        fields.iter_mut().filter(|(name, _)| name == "csrf").for_each(|(_, value)| token.clone_into(value));
        fields
    };
    for token in ["", "x", &account, &later] {
        assert_eq!(browser.post(PATH, &with(token)).await.status(), StatusCode::FORBIDDEN, "{token}");
    }
    let own = with(&page.field("csrf"));
    for headers in
        [&[("origin", "https://evil.example")][..], &[("sec-fetch-site", "cross-site")], &[("origin", "null")]]
    {
        let reply = browser.send(http::Method::POST, PATH, encode(&own), Cause::Here, headers).await;
        assert_eq!(reply.status(), StatusCode::FORBIDDEN, "{headers:?}");
    }
    let mut without = browser.clone();
    without.cookies.remove("__Host-countersign_same_site");
    assert_eq!(without.post(PATH, &own).await.status(), StatusCode::FORBIDDEN);
    app.flow.userinfo(&access, None).await.unwrap();
    assert_eq!(browser.post(PATH, &own).await.status(), StatusCode::SEE_OTHER);
    assert!(app.flow.userinfo(&access, None).await.is_err());
}

#[tokio::test]
async fn who_is_not_signed_in_signs_in_first_and_comes_back_once() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    let page = browser.open(PATH).await;
    assert!(page.expect_page("sign-in").text().contains("to see what has access to it"));
    let page = browser.sign_in(&page, "maria").await;
    assert_eq!(page.expect_page("devices").trail, ["/sign-in", PATH]);
    let account = browser.open("/account").await;
    let page = browser.submit(&account, "/sign-out", &[]).await;
    browser.sign_in(&page, "maria").await.expect_page("account");
    let mut nobody = app.browser(HOME);
    let reply = nobody.post(PATH, &[("action".to_owned(), "remove".to_owned())]).await;
    assert_eq!(reply.headers()["location"], "/sign-in");
}

#[tokio::test]
async fn what_could_not_be_stored_is_said_and_may_be_tried_again() {
    let crowded = FaultSettings { seed: 1, lose_reply: 0, conflict: 1_000, unavailable: 0, disturb_feed: false };
    let (well, ill) = TestApp::new().await.behind(crowded).await;
    let mut browser = well.signed_in("maria", HOME).await;
    let access = television(&well, &mut browser).await;
    let page = browser.open(PATH).await;
    browser.app = &ill;
    for (typed, said, field) in [
        (&[("action", "rename"), ("name", "Screen")][..], "The name was not saved. Please try again.", "Screen"),
        (&[("action", "remove")], "This device was not removed. Please try again.", "Bravia upstairs"),
    ] {
        let again = submit(&mut browser, &page, typed).await;
        assert_eq!(again.expect_page("devices").status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!((again.alert().as_str(), again.field("name").as_str()), (said, field));
    }
    well.flow.userinfo(&access, None).await.unwrap();
    assert_eq!(well.metrics.audit_events.value(AuditKind::Revoke), 0);
    browser.app = &well;
    let page = submit(&mut browser, &page, &[("action", "remove")]).await;
    assert!(page.notice().starts_with("“Bravia upstairs” is removed."), "{}", page.notice());
}
