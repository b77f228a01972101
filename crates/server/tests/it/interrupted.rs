//! Browsers that hang up in the middle.

use std::task::{Context, Waker};
use std::time::Duration;

use countersign_server::telemetry::AuditKind;
use store::{Operation, SqliteSettings, Store};

use crate::support::{HOME, TestApp};

#[tokio::test]
async fn an_answer_is_audited_although_the_browser_hung_up_while_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(SqliteSettings::at(folder.path().join("test.db"))).await.unwrap();
    let app = TestApp::on(store, |_| {}, "").await;
    let tv = app.device().await;
    let mut browser = app.signed_in("maria", HOME).await;
    let question = browser.type_code(&tv.user_code).await;
    let answer = question.expect_page("decision").filled("/device/decision", &[("decision", "approve")]);
    let commits = || app.flow.store_accesses().of(Operation::Commit);
    let before = commits();
    {
        let mut pressing = Box::pin(browser.post("/device/decision", &answer));
        while commits() == before {
            let polled = pressing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending(), "it hangs up before the reply");
            tokio::task::yield_now().await;
        }
    }
    while app.is_pending(&tv).await {
        tokio::task::yield_now().await;
    }
    let audited = async {
        while app.metrics.audit_events.value(AuditKind::Approve) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), audited).await.expect("the approval is in no trail");
}
