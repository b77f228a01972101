//! A store that fails: 503 with the time to come back, and nothing is lost or given twice.

use store::FaultSettings;

use super::signed::own;
use super::support::{AUTHORIZATION, Answer, Call, Caller, USERINFO};
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

/// Until something other than "come back" is said, with a new proof and a new assertion each time: nobody takes the first
/// for a replay because a reply of the store was lost, or the store was in doubt.
async fn insist(app: &TestApp, caller: &Caller, call: &Call, seed: u64) -> Answer {
    loop {
        let answer = caller.assert(app, own(), call.clone().proven(app, own())).send(app).await;
        if answer.status != 503 {
            let refused = answer.json()["error"].as_str().unwrap_or("none").to_owned();
            assert!(["none", "invalid_grant"].contains(&refused.as_str()), "seed {seed}: {refused}");
            return answer;
        }
    }
}

#[tokio::test]
async fn df_3_4_7_pk_5_dp_4_3_5_nobody_who_proves_a_key_pays_for_a_store_that_fails() {
    let (mut tokens, mut replaced, mut renewals) = (0, 0, 0);
    for seed in 0..24 {
        let faults = FaultSettings { seed, unavailable: 150, lose_reply: 250, conflict: 150, disturb_feed: false };
        // Half of them where nothing is remembered, so that each assertion is written at once.
        let room = if seed % 2 == 0 { 1_000 } else { 1 };
        let app = TestApp::with(|settings| settings.limits.remembered = room, "").await;
        let (well, ill) = app.behind(faults).await;
        let signer = Caller::signing(&well, "signer", &[own()]).await;
        let start = signer.call(AUTHORIZATION, "scope=openid+offline_access");
        assert_eq!(insist(&ill, &signer, &start, seed).await.status, 200);
        // The node that fails has not heard of this one, so that it goes to the store.
        let started = insist(&well, &signer, &start, seed).await;
        well.decide(&started.text("user_code"), "approve").await;
        let poll = signer.poll(&started.text("device_code"));
        let mut answer = insist(&ill, &signer, &poll, seed).await;
        tokens += u32::from(answer.status == 200);
        if answer.status != 200 {
            // Its reply was lost: who proves the key gets another set, once.
            ill.advance(2);
            answer = insist(&ill, &signer, &poll, seed).await;
            replaced += u32::from(answer.status == 200);
        }
        let live = async |app: &TestApp| {
            let filter = store::load::FamilyFilter { live: Some(app.env.now()), ..Default::default() };
            app.store.families(filter).await.unwrap().len()
        };
        assert!(live(&well).await <= 1, "seed {seed}: one set of tokens at most");
        if answer.status == 200 {
            let access = answer.text("access_token");
            assert_eq!(Call::userinfo(&well, own(), &access).send(&well).await.status, 200, "seed {seed}");
            let refresh = signer.refresh(&answer.text("refresh_token"));
            for _ in 0..3 {
                let renewed = insist(&ill, &signer, &refresh, seed).await;
                assert_eq!(renewed.status, 200, "seed {seed}: {}", renewed.body());
                renewals += 1;
            }
            assert_eq!(live(&well).await, 1);
        }
    }
    assert!(tokens >= 12 && tokens + replaced >= 22 && renewals >= 60, "{tokens} {replaced} {renewals}");
}
