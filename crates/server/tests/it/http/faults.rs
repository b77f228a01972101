//! A store that fails: 503 with the time to come back, and nothing is lost or given twice.

use store::FaultSettings;

use super::support::{AUTHORIZATION, Call, Caller, USERINFO};
use crate::support::TestApp;

#[tokio::test]
async fn a_store_that_fails_is_503_with_the_time_to_come_back() {
    let faults = FaultSettings { seed: 3, unavailable: 400, ..FaultSettings::default() };
    let (_well, ill) = TestApp::new().await.behind(faults).await;
    let (mut unavailable, mut unready) = (0, 0);
    for i in 0..60 {
        // A client that was never asked about is not cached.
        let caller = Caller { id: format!("new{i}"), ..Caller::tv() };
        let answer = caller.call(AUTHORIZATION, "").send(&ill).await;
        if answer.status == 503 {
            unavailable += 1;
            insta::allow_duplicates! {
                insta::assert_snapshot!(answer.show(), @r#"
                503
                cache-control: no-store
                content-type: application/json
                pragma: no-cache
                retry-after: 2
                {"error":"temporarily_unavailable"}
                "#);
            }
        } else {
            assert_eq!(answer.refusal(), (400, "invalid_client".to_owned()));
        }
        let ready = Call::get("/health/ready").send(&ill).await;
        assert!(ready.status == 200 || ready.status == 503, "{}", ready.show());
        unready += u32::from(ready.status == 503);
        assert_eq!(Call::get("/health/live").send(&ill).await.status, 200, "whatever the store does");
    }
    assert!(unavailable > 5 && unready > 5, "{unavailable} {unready}");
}

#[tokio::test]
async fn df_3_4_7_an_approval_survives_a_store_that_fails_and_loses_replies() {
    let mut tokens = 0;
    for seed in 0..20 {
        let faults = FaultSettings { seed, unavailable: 150, lose_reply: 250, conflict: 150, disturb_feed: false };
        let (well, ill) = TestApp::new().await.behind(faults).await;
        let started = Caller::tv().start(&well, "openid").await;
        well.decide(&started.user_code, "approve").await;
        // Until something other than "come back" is said: tokens, or that they were issued and the reply was lost.
        let answer = loop {
            let answer = Caller::tv().poll(&started.device_code).send(&ill).await;
            if answer.status != 503 {
                break answer;
            }
            assert_eq!((answer.refusal().1.as_str(), answer.header("retry-after")), ("temporarily_unavailable", "2"));
        };
        if answer.status == 200 {
            tokens += 1;
            let token = answer.text("access_token");
            assert_eq!(Call::get(USERINFO).bearer(&token).send(&well).await.status, 200);
        } else {
            assert_eq!(answer.refusal(), (400, "invalid_grant".to_owned()));
        }
        let again = Caller::tv().poll(&started.device_code).send(&well).await;
        assert_eq!(again.refusal(), (400, "invalid_grant".to_owned()), "seed {seed}: never twice");
    }
    assert!(tokens >= 10, "{tokens}");
}
