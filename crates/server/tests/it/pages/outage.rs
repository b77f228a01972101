//! When the store cannot serve: the person is told, keeps what they had, and nothing is half done.

use http::{StatusCode, header};
use store::FaultSettings;

use crate::support::{HOME, TestApp};

const DOWN: FaultSettings =
    FaultSettings { seed: 1, lose_reply: 0, conflict: 0, unavailable: 900, disturb_feed: false };
const CROWDED: FaultSettings = FaultSettings { conflict: 1_000, unavailable: 0, ..DOWN };
const LOSSY: FaultSettings = FaultSettings { lose_reply: 1_000, unavailable: 0, ..DOWN };

#[tokio::test]
async fn a_store_that_is_down_is_said_on_every_page_that_needs_it() {
    let (well, ill) = TestApp::new().await.behind(DOWN).await;
    let tv = well.device().await;
    let mut browser = well.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    let sign_in = well.browser(HOME).open("/sign-in").await;
    assert_eq!(sign_in.status, StatusCode::OK);
    browser.app = &ill;
    let mut pages = vec![browser.press(&question, "approve").await];
    for path in ["/device", "/device/decision", "/account", "/account/devices", "/sign-in"] {
        let mut page = browser.open(path).await;
        while page.name() != "error" {
            page = browser.open(path).await;
        }
        pages.push(page);
    }
    for page in pages {
        assert_eq!(page.expect_page("error").status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(page.headers[header::RETRY_AFTER], "5");
        assert!(page.text().contains("Try again in 5 seconds."), "{}", page.text());
    }
    let mut stranger = ill.browser(HOME);
    stranger.type_code(&tv.user_code).await.expect_page("sign-in");
    assert!(well.is_pending(&tv).await);
    browser.app = &well;
    assert_eq!(browser.press(&question, "approve").await.outcome(), "approved", "the same page still counts");
}

#[tokio::test]
async fn an_answer_that_could_not_be_stored_is_asked_for_again() {
    let (well, ill) = TestApp::new().await.behind(CROWDED).await;
    let tv = well.device().await;
    let mut browser = well.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    browser.app = &ill;
    let again = browser.press(&question, "deny").await;
    assert_eq!(again.expect_page("decision").status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(again.alert(), "Your answer was not saved. Please answer once more.");
    assert!(well.is_pending(&tv).await);
    browser.app = &well;
    assert_eq!(browser.press(&again, "deny").await.outcome(), "denied");
}

#[tokio::test]
async fn df_3_3_12_a_lost_reply_of_the_store_loses_no_answer() {
    let (well, ill) = TestApp::new().await.behind(LOSSY).await;
    let mut decided = 0;
    for _ in 0..8 {
        let tv = well.device().await;
        let mut browser = well.signed_in("maria", HOME).await;
        let question = browser.type_code(&tv.user_code).await;
        browser.app = &ill;
        let page = browser.press(&question, "approve").await;
        let said = page.name() == "done" && page.outcome() == "approved";
        assert_eq!(said, !well.is_pending(&tv).await, "what is said is so");
        decided += u32::from(said);
    }
    assert!(decided > 0);
}
