//! `/device`: what people type, and what they are told about it and when.

use http::StatusCode;
use proto::model::DevicePolicy;
use proto::secret::Alphabet;
use store::Operation;

use crate::support::{ELSEWHERE, HOME, TestApp, WRONG, client};

#[tokio::test]
async fn df_3_3_9_a_mistyped_code_stays_in_the_field_with_what_is_wrong_and_nothing_is_looked_up() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    let before = app.flow.store_accesses().total();
    for (typed, said) in [
        ("", "Enter the code that your device shows."),
        ("WDJO-MJHT", "Codes have no vowels. Is the O perhaps a Q?"),
        ("WDJA-MJHT", "Codes have no vowels, so the A can’t be right. Look at your device again."),
        ("WDJY-MJHT", "Codes have no vowels. Is the Y perhaps a V?"),
        ("WDJB-MJH", "That is one letter short."),
        ("wd jb", "That is 4 letters short."),
        ("WDJB-MJH€", "Codes never have “€” in them. They are made of letters only."),
        ("WDJB-MJH0", "Codes never have “0” in them. They are made of letters only."),
        ("WDJB-MJHT-WDJB-MJHT", "That is longer than a code. Enter only the code that your device shows."),
        ("<script>", "Codes have no vowels. Is the I perhaps a L?"),
    ] {
        let page = browser.type_code(typed).await;
        assert_eq!((page.expect_page("code").status, page.alert()), (StatusCode::UNPROCESSABLE_ENTITY, said.into()));
        assert_eq!(page.field("user_code"), typed);
        assert!(page.body.contains("aria-invalid"), "the field is marked as well");
    }
    assert_eq!(app.flow.store_accesses().total(), before);
    let sent: String = "B".repeat(5_000);
    assert_eq!(
        browser.type_code(&sent).await.alert(),
        "That is longer than a code. Enter only the code that your device shows."
    );
}

#[tokio::test]
async fn df_6_1_2_df_6_1_5_codes_are_taken_as_people_write_them() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let wide = |code: &str| code.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect::<String>();
    let writings: [&dyn Fn(&str) -> String; 6] = [
        &|code| code.to_lowercase(),
        &|code| code.replace('-', ""),
        &|code| format!("  {} ", code.replace('-', " ")),
        &|code| code.replace('-', "–"),
        &|code| format!("Your code: {code}."),
        &wide,
    ];
    for write in writings {
        let tv = app.device().await;
        browser.type_code(&write(&tv.user_code)).await.expect_page("decision");
    }
}

#[tokio::test]
async fn df_6_1_3_a_digit_read_as_a_letter_is_shown_before_it_counts() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    let page = browser.type_code("wdjb-mjh5").await;
    assert_eq!(page.alert(), "Codes have no numbers, so we read the 5 as S. Check it, then press Continue.");
    assert_eq!(page.field("user_code"), "WDJB-MJHS");
    browser.submit(&page, "/device", &[("user_code", "WDJB-MJHS")]).await.expect_page("sign-in");
}

#[tokio::test]
async fn a_client_may_have_codes_of_digits_on_a_service_of_letters() {
    let app = TestApp::new().await;
    let device = DevicePolicy { alphabet: Some(Alphabet::Digits), ..DevicePolicy::default() };
    app.add_client(proto::model::Client { device, ..client("radio", "Radio") }).await;
    let radio = app.device_of("radio", HOME, "openid").await;
    assert!(radio.user_code.starts_with(|c: char| c.is_ascii_digit()));
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&radio.user_code).await;
    assert_eq!(browser.press(&question, "approve").await.outcome(), "approved");
    let by_link = browser.open(&app.device_of("radio", HOME, "openid").await.link).await;
    assert_eq!(browser.press(&by_link, "approve").await.outcome(), "approved");
}

#[tokio::test]
async fn df_5_1_1_whether_a_code_exists_is_looked_up_and_told_only_after_sign_in() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut said = Vec::new();
    for code in [tv.user_code.as_str(), WRONG] {
        let mut browser = app.browser(HOME);
        let page = browser.type_code(code).await;
        let hidden = page.field("csrf");
        said.push((page.status, page.trail.clone(), page.body.replace(&hidden, "")));
    }
    assert_eq!(said[0], said[1]);
    let accesses = app.flow.store_accesses();
    assert_eq!((accesses.of(Operation::DecideView), accesses.of(Operation::Take)), (0, 0));
}

#[tokio::test]
async fn a_code_that_cannot_be_used_is_said_once_and_stays_in_the_field() {
    let app = TestApp::new().await;
    let mut browser = app.browser(HOME);
    let sign_in = browser.type_code(&WRONG.to_lowercase()).await;
    let page = browser.sign_in(&sign_in, "maria").await;
    assert_eq!(page.trail, ["/sign-in", "/device/decision", "/device"]);
    assert_eq!(page.alert(), "This code can’t be used. It may have expired: get a new one on your device.");
    assert_eq!(page.field("user_code"), WRONG);
    let again = browser.open("/device").await;
    assert_eq!((again.alert(), again.field("user_code")), (String::new(), String::new()));
}

#[tokio::test]
async fn df_3_2_4_expired_decided_by_others_and_unknown_codes_look_alike() {
    let app = TestApp::new().await;
    app.add_user("noor").await;
    let (expired, theirs) = (app.device().await, app.device().await);
    let mut noor = app.signed_in("noor", ELSEWHERE).await;
    let question = noor.type_code(&theirs.user_code).await;
    noor.press(&question, "approve").await;
    app.advance(600);
    let mut maria = app.signed_in("maria", HOME).await;
    for code in [&expired.user_code, &theirs.user_code, WRONG] {
        let page = maria.type_code(code).await;
        assert_eq!(
            page.expect_page("code").alert(),
            "This code can’t be used. It may have expired: get a new one on your device."
        );
    }
}

#[tokio::test]
async fn df_5_1_1_oa_10_10_2_wrong_codes_run_out_of_tries_and_a_right_one_is_then_not_told_from_a_wrong_one() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    for _ in 0..5 {
        assert!(browser.type_code(WRONG).await.alert().contains("can’t be used"));
    }
    let before = app.flow.store_accesses().of(Operation::DecideView);
    for code in [WRONG, &tv.user_code] {
        let page = browser.type_code(code).await;
        assert_eq!(page.expect_page("code").alert(), "Too many tries. Try again in 1 minute.");
        assert_eq!(page.field("user_code"), code, "so that Continue is all there is to press");
    }
    assert_eq!(app.flow.store_accesses().of(Operation::DecideView), before);
    app.advance(60);
    browser.type_code(&tv.user_code).await.expect_page("decision");
}

#[tokio::test]
async fn df_5_1_1_a_new_session_does_not_buy_more_guesses_nor_does_a_new_account_on_the_same_network() {
    let app = TestApp::new().await;
    for name in ["noor", "olu", "pat"] {
        app.add_user(name).await;
    }
    let mut guesses = 0;
    for name in ["maria", "maria", "maria", "noor", "noor", "noor", "olu", "pat"] {
        let mut browser = app.signed_in(name, HOME).await;
        while browser.type_code(WRONG).await.alert().contains("can’t be used") {
            guesses += 1;
        }
    }
    assert_eq!(guesses, 20, "ten of each account, twenty of the network");
    let mut elsewhere = app.signed_in("olu", ELSEWHERE).await;
    assert!(elsewhere.type_code(WRONG).await.alert().contains("can’t be used"));
}

#[tokio::test]
async fn right_codes_cost_nothing_however_often_the_question_is_looked_at() {
    let app = TestApp::new().await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    browser.type_code(&tv.user_code).await;
    for _ in 0..30 {
        browser.open("/device/decision").await.expect_page("decision");
    }
}

#[tokio::test]
async fn the_page_says_who_is_signed_in() {
    let app = TestApp::new().await;
    assert!(!app.browser(HOME).open("/device").await.body.contains("Signed in as"));
    assert!(app.signed_in("maria", HOME).await.open("/device").await.body.contains("Signed in as"));
}
