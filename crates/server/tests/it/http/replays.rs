//! Proofs and assertions are good once (T22, CF-23): on a node at once, on all nodes from the moment something changed.

use jose::SigningKey;
use proto::model::AuthMethod;
use store::FaultSettings;

use super::signed::{Jws, other, own};
use super::support::{AUTHORIZATION, Answer, Call, Caller};
use crate::support::TestApp;

/// What a request carries that is good once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Good {
    Proof,
    Assertion,
    Both,
}

const ALL: [Good; 3] = [Good::Proof, Good::Assertion, Good::Both];

impl Good {
    async fn device(self, app: &TestApp) -> Caller {
        match self {
            Self::Proof => Caller::lasting(app, "box", AuthMethod::None).await,
            Self::Assertion | Self::Both => Caller::signing(app, "signer", &[other()]).await,
        }
    }

    /// The call with what makes it good.
    fn dress(self, app: &TestApp, device: &Caller, call: Call) -> Call {
        let call = if self == Self::Assertion { call } else { call.proven(app, own()) };
        if self == Self::Proof { call } else { device.assert(app, other(), call) }
    }

    #[track_caller]
    fn expect_replay(self, answer: &Answer, why: &str) {
        let errors: &[&str] = match self {
            Self::Proof => &["invalid_dpop_proof"],
            Self::Assertion | Self::Both => &["invalid_client"],
        };
        let (status, error) = answer.refusal();
        assert!(status == 400 && errors.contains(&error.as_str()), "{self:?} {why}: {}", answer.body());
    }
}

async fn nodes() -> (TestApp, TestApp) {
    TestApp::new().await.twice().await
}

/// A device that was allowed in.
async fn approved(good: Good, app: &TestApp, device: &Caller) -> String {
    let start = good.dress(app, device, device.call(AUTHORIZATION, "scope=openid+offline_access"));
    let answer = start.send(app).await;
    app.decide(&answer.text("user_code"), "approve").await;
    answer.text("device_code")
}

async fn is_known(app: &TestApp, good: Good, tokens: &Answer) -> bool {
    let access = tokens.text("access_token");
    let call = if good == Good::Assertion {
        Call::get(super::support::USERINFO).bearer(&access)
    } else {
        Call::userinfo(app, own(), &access)
    };
    call.send(app).await.status == 200
}

#[tokio::test]
async fn cf_23_a_pending_poll_is_remembered_on_its_node_without_the_store() {
    for good in ALL {
        let (one, two) = nodes().await;
        let device = good.device(&one).await;
        let start = good.dress(&one, &device, device.call(AUTHORIZATION, "scope=openid"));
        let code = start.send(&one).await.text("device_code");
        // Both have heard of grant and client.
        for app in [&one, &two] {
            let poll = good.dress(app, &device, device.poll(&code)).send(app).await;
            assert_eq!(poll.refusal().1, "authorization_pending");
        }
        one.advance(5);
        let poll = good.dress(&one, &device, device.poll(&code));
        let before = [one.flow.store_accesses(), two.flow.store_accesses()];
        assert_eq!(poll.send(&one).await.refusal().1, "authorization_pending");
        good.expect_replay(&poll.send(&one).await, "the same again");
        assert_eq!(poll.send(&two).await.refusal().1, "authorization_pending", "nothing came of it");
        good.expect_replay(&poll.send(&two).await, "the same again there");
        assert_eq!([one.flow.store_accesses(), two.flow.store_accesses()], before, "nobody asked the store");
    }
}

#[tokio::test]
async fn cf_23_dp_4_3_5_pk_5_a_request_that_started_a_grant_starts_no_second_one_elsewhere() {
    for good in ALL {
        let (one, two) = nodes().await;
        let device = good.device(&one).await;
        let start = good.dress(&one, &device, device.call(AUTHORIZATION, "scope=openid"));
        assert_eq!(start.send(&one).await.status, 200);
        let before = one.everything().await;
        good.expect_replay(&start.send(&one).await, "on its node");
        good.expect_replay(&start.send(&two).await, "on another");
        assert_eq!(one.everything().await, before);
    }
}

#[tokio::test]
async fn cf_23_cf_20_a_redemption_that_is_sent_again_to_another_node_gets_nothing_and_harms_nothing() {
    for good in ALL {
        for seconds in [0, 2, 11, 30, 59] {
            let (one, two) = nodes().await;
            let device = good.device(&one).await;
            let code = approved(good, &one, &device).await;
            let poll = good.dress(&one, &device, device.poll(&code));
            let tokens = poll.send(&one).await;
            let before = one.everything().await;
            one.advance(seconds);
            for app in [&two, &one, &two] {
                let (status, error) = poll.send(app).await.refusal();
                // A race is lost before anything is written. After it, a good request would get a replacement.
                let expected: &[&str] = match good {
                    _ if seconds == 0 => &["invalid_grant", "invalid_client", "invalid_dpop_proof"],
                    Good::Proof => &["invalid_dpop_proof"],
                    Good::Assertion | Good::Both => &["invalid_client"],
                };
                assert!(status == 400 && expected.contains(&error.as_str()), "{good:?} after {seconds} s: {error}");
                assert_eq!(one.everything().await, before, "{good:?} after {seconds} s");
            }
            assert!(is_known(&two, good, &tokens).await, "the first answer stands");
        }
    }
}

#[tokio::test]
async fn cf_23_dp_5_2_a_refresh_that_is_sent_again_renews_nothing() {
    for good in ALL {
        let (one, two) = nodes().await;
        let device = good.device(&one).await;
        let code = approved(good, &one, &device).await;
        let tokens = good.dress(&one, &device, device.poll(&code)).send(&one).await;
        let token = tokens.text("refresh_token");
        let refresh = good.dress(&one, &device, device.refresh(&token));
        let renewed = refresh.send(&one).await;
        assert_eq!(renewed.status, 200, "{}", renewed.body());
        let before = one.everything().await;
        for app in [&two, &one, &two] {
            one.advance(1);
            good.expect_replay(&refresh.send(app).await, "refresh");
        }
        assert_eq!(one.everything().await, before);
        assert!(is_known(&two, good, &renewed).await);
        assert_eq!(good.dress(&two, &device, device.refresh(&token)).send(&two).await.status, 200);
    }
}

#[tokio::test]
async fn cf_23_pk_5_a_revocation_that_is_sent_again_ends_nothing_else() {
    let (one, two) = nodes().await;
    let device = Good::Assertion.device(&one).await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let code = approved(Good::Assertion, &one, &device).await;
        tokens.push(device.assert(&one, other(), device.poll(&code)).send(&one).await);
    }
    // The same assertion, with one token and with another.
    let assertion = Jws::assertion(&one, other(), "signer").sign(other());
    let revoke = |index: usize| device.revoke(&tokens[index].text("access_token")).asserted(&assertion);
    assert_eq!(revoke(0).send(&one).await.status, 200);
    for app in [&one, &two] {
        Good::Assertion.expect_replay(&revoke(1).send(app).await, "revocation");
    }
    assert!(!is_known(&one, Good::Assertion, &tokens[0]).await && is_known(&one, Good::Assertion, &tokens[1]).await);
}

#[tokio::test]
async fn cf_23_what_was_replayed_of_a_request_with_both_is_told() {
    let (one, two) = nodes().await;
    let device = Good::Both.device(&one).await;
    let proof = |key: &SigningKey| Jws::proof(&one, key, &http::Method::POST, AUTHORIZATION).sign(key);
    let assertion = || Jws::assertion(&one, other(), "signer").sign(other());
    let (first_proof, first_assertion) = (proof(own()), assertion());
    let start = |proof: &str, assertion: &str| {
        device.call(AUTHORIZATION, "scope=openid").header("dpop", proof).asserted(assertion)
    };
    assert_eq!(start(&first_proof, &first_assertion).send(&one).await.status, 200);
    for (proof, assertion, error) in [
        (first_proof.clone(), assertion(), "invalid_dpop_proof"),
        (proof(own()), first_assertion.clone(), "invalid_client"),
        (first_proof, first_assertion, "invalid_client"),
    ] {
        let answer = start(&proof, &assertion).send(&two).await;
        assert_eq!(answer.refusal(), (400, error.to_owned()));
    }
}

#[tokio::test]
async fn cf_23_a_reply_that_the_store_lost_makes_no_replay_of_a_success() {
    let (mut tokens, mut renewals, mut starts) = (0, 0, 0);
    for seed in 0..10 {
        for good in ALL {
            let faults = FaultSettings { seed, lose_reply: 400, conflict: 100, ..FaultSettings::default() };
            let (well, ill) = TestApp::new().await.behind(faults).await;
            ill.keep_house().await;
            let device = good.device(&well).await;
            let send = async |call: Call| loop {
                let answer = good.dress(&ill, &device, call.clone()).send(&ill).await;
                if answer.status != 503 {
                    break answer;
                }
            };
            let start = send(device.call(AUTHORIZATION, "scope=openid+offline_access")).await;
            starts += 1;
            assert_eq!(start.status, 200, "seed {seed} {good:?}: {}", start.body());
            well.decide(&start.text("user_code"), "approve").await;
            ill.heed().await;
            let answer = send(device.poll(&start.text("device_code"))).await;
            if answer.status != 200 {
                // It was told to come back after the commit, and came within the second in which a replay is a race.
                assert_eq!(answer.refusal().1, "invalid_grant", "seed {seed} {good:?}");
                continue;
            }
            tokens += 1;
            let renewed = send(device.refresh(&answer.text("refresh_token"))).await;
            assert_eq!(renewed.status, 200, "seed {seed} {good:?}: {}", renewed.body());
            assert!(is_known(&well, good, &renewed).await);
            renewals += 1;
        }
    }
    assert!(starts == 30 && tokens > 24 && renewals == tokens, "{starts} {tokens} {renewals}");
}

#[tokio::test]
async fn dp_4_3_5_pk_5_a_busy_client_is_not_put_off() {
    let app = TestApp::new().await;
    let api = Caller::signing(&app, "api", &[own()]).await;
    // As an API with some traffic asks, within the time that an assertion is remembered.
    for n in 0..1_100 {
        let ask = api.call(super::support::INTROSPECT, "token=x");
        let answer = api.assert(&app, own(), ask).send(&app).await;
        assert_eq!((answer.status, answer.body()), (200, r#"{"active":false}"#), "{n}");
    }
}
