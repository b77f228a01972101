//! A sign-in that one process starts and another waits for, in virtual time and over a vault on disk.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Application, Client, Error, FileVault, LoginRequest, Pending, ProfileName, When};
use serde_json::json;

use crate::script::{Clock, Script, client, codes, error, json_reply, server_with, tokens};

fn profile() -> ProfileName {
    "work".parse().unwrap()
}

/// Through the disk, as between two processes.
fn handed_over(pending: &Pending) -> Pending {
    let root = tempfile::tempdir().unwrap();
    let vault = FileVault::at(root.path());
    vault.save_pending(&profile(), pending).unwrap();
    let found = vault.load_pending(&profile()).unwrap().unwrap();
    assert_eq!(&found, pending);
    assert!(vault.forget_pending(&profile()).unwrap() && !vault.forget_pending(&profile()).unwrap());
    assert_eq!(vault.load_pending(&profile()).unwrap(), None);
    found
}

#[tokio::test]
async fn df_3_5_7_another_process_goes_on_at_the_same_pace() {
    let polls = vec![error(400, "authorization_pending"), error(400, "slow_down"), json_reply(200, tokens())];
    let script = Script::sign_in(json_reply(200, codes()), polls);
    let client: Client<Script, Clock> = client(&script).await;
    let request = LoginRequest { scopes: vec!["files".to_owned()], ..LoginRequest::default() };
    let login = client.start(request).await.unwrap();
    let prompt = login.prompt().clone();
    let pending = handed_over(&login.pending());
    assert!(!format!("{pending:?}").contains("the-device-code"));
    drop(login);

    let login = client.resume(pending).unwrap();
    assert_eq!(login.prompt().user_code, prompt.user_code);
    assert_eq!(login.prompt().verification_uri_complete, prompt.verification_uri_complete);
    let signed_in = login.finish(|_| {}).await.unwrap();
    assert_eq!(signed_in.session.scope.as_deref(), Some("files"));
    let polls = script.polls();
    assert_eq!(polls.len(), 3);
    assert!(
        polls[1].at - polls[0].at >= Duration::from_secs(5) && polls[2].at - polls[1].at >= Duration::from_secs(10)
    );
}

#[tokio::test]
async fn df_3_5_7_df_3_5_9_a_process_that_is_killed_has_polled_no_faster_than_the_next_thinks() {
    let script =
        Script::sign_in(json_reply(200, codes()), vec![error(400, "slow_down"), error(400, "authorization_pending")]);
    let client = client(&script).await;
    let mut pending = client.start(LoginRequest::default()).await.unwrap().pending();
    for death in 1..6_usize {
        let kept = Arc::new(Mutex::new(None));
        let mut login = client.resume(pending.clone()).unwrap();
        let keeper = Arc::clone(&kept);
        login.keep(move |pending| {
            let mut kept = keeper.lock().unwrap();
            if kept.is_some() {
                drop(kept);
                // Killed before this was written.
                std::panic::resume_unwind(Box::new(()));
            }
            *kept = Some(pending.clone());
        });
        let mut finish = Box::pin(login.finish(|_| {}));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| finish.as_mut().poll(&mut context)));
        assert!(died.is_err());
        assert_eq!(script.polls().len(), death, "one poll each");
        pending = kept.lock().unwrap().take().unwrap();
    }
    for pair in script.polls().windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_secs(5), "{:?}", pair[1].at - pair[0].at);
    }
}

#[tokio::test]
async fn what_was_started_elsewhere_is_not_taken_up() {
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())]);
    let client = client(&script).await;
    let pending = client.start(LoginRequest::default()).await.unwrap().pending();
    let other = Client { application: Application::public("radio"), ..client.clone() };
    assert_eq!(other.resume(pending.clone()).err(), Some(Error::NotOurs));
    let mut forged = serde_json::to_value(&pending).unwrap();
    forged["verification_uri"] = json!("http://evil.example/\u{1b}[2J");
    let forged: Pending = serde_json::from_value(forged).unwrap();
    assert!(
        matches!(client.resume(forged).err(), Some(Error::Unusable { .. })),
        "a file is no more trusted than a server"
    );
    assert!(client.resume(pending).is_ok());
}

#[tokio::test]
async fn dpd_5_key_and_pkce_go_with_it() {
    let mut bound = tokens();
    bound["token_type"] = "DPoP".into();
    let script = Script::sign_in(json_reply(200, codes()), vec![json_reply(200, bound)]);
    let more = json!({"dpop_signing_alg_values_supported": ["ES256"], "code_challenge_methods_supported": ["S256"]});
    let client = Client { server: server_with(more).await, ..client(&script).await };
    let request = LoginRequest { binding: When::Always, pkce: When::Always, ..LoginRequest::default() };
    let pending = handed_over(&client.start(request).await.unwrap().pending());
    let session = client.resume(pending).unwrap().finish(|_| {}).await.unwrap().session;
    assert!(session.proof_key.is_some());
    let poll = &script.polls()[0];
    assert!(poll.headers.contains_key("dpop") && poll.form("code_verifier").len() == 1);
}

#[tokio::test]
async fn df_3_5_21_a_code_that_ran_out_in_between_is_asked_about_once() {
    for (last, signs_in) in [(json_reply(200, tokens()), true), (error(400, "authorization_pending"), false)] {
        let script = Script::sign_in(json_reply(200, codes()), vec![last]);
        let client = client(&script).await;
        let pending = client.start(LoginRequest::default()).await.unwrap().pending();
        script.clock.pass(Duration::from_secs(3000));
        let end = client.resume(pending).unwrap().finish(|_| {}).await;
        assert_eq!((end.is_ok(), script.polls().len()), (signs_in, 1));
    }
}
