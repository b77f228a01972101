//! A good token for whoever wants one: early, once, under the lock, with replies that get lost and rivals that do not know it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client::upkeep::{Fresh, Stale, Want, fresh};
use client::vault::VaultError;
use client::{Client, Environment, Error, Failure, FileVault, ProfileName, Session};
use proto::Timestamp;
use proto::wire::token::Credential;
use serde_json::json;

use crate::script::{Clock, Move, Script, client, codes, error, json_reply, reply, run, tokens};

struct Home {
    _root: tempfile::TempDir,
    vault: FileVault,
    profile: ProfileName,
}

/// A home with a session of ten minutes, and what its server answers to renewals.
async fn home(answer: impl FnMut(usize) -> Move + Send + 'static) -> (Home, Script) {
    let session =
        run(&Script::sign_in(json_reply(200, codes()), vec![json_reply(200, tokens())])).await.unwrap().session;
    let root = tempfile::tempdir().unwrap();
    let home = Home { vault: FileVault::at(root.path()), _root: root, profile: "work".parse().unwrap() };
    home.vault.save(&home.profile, &session).unwrap();
    let (mut answer, mut count) = (answer, 0);
    let script = Script::new(move |_| {
        count += 1;
        (Duration::from_millis(20), answer(count))
    });
    (home, script)
}

fn renewed(count: usize) -> Move {
    let body = json!({"access_token": format!("at-{count}"), "token_type": "Bearer", "expires_in": 600, "refresh_token": format!("rt-{count}")});
    json_reply(200, body)
}

async fn ask(home: &Home, script: &Script, want: Want<'_>) -> Result<Fresh, Stale<()>> {
    let connect = async |_: &Session| -> Result<Client<Script, Clock>, ()> { Ok(client(script).await) };
    fresh(&home.vault, &home.profile, &script.clock, want, connect).await
}

async fn token(home: &Home, script: &Script) -> String {
    ask(home, script, Want::Good).await.unwrap().session.access_token.reveal().to_owned()
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_not_before_its_last_tenth() {
    let (home, script) = home(renewed).await;
    assert_eq!(token(&home, &script).await, "the-access-token");
    script.clock.pass(Duration::from_secs(500));
    assert_eq!((token(&home, &script).await.as_str(), script.seen().len()), ("the-access-token", 0));
    script.clock.pass(Duration::from_secs(80));
    assert_eq!((token(&home, &script).await.as_str(), script.seen().len()), ("at-1", 1));
    assert_eq!((token(&home, &script).await.as_str(), script.seen().len()), ("at-1", 1));
    script.clock.pass(Duration::from_secs(700));
    assert_eq!(token(&home, &script).await, "at-2");
    assert_eq!(script.seen()[1].form("refresh_token"), ["rt-1"], "the newest, as it is kept");
}

#[test]
fn early_renewals_are_spread_and_short_lives_are_used() {
    let at = Timestamp::from_seconds;
    let lives = |life: i64| Session {
        access_token: Credential::new("at"),
        client_id: "tv".to_owned(),
        expires_at: Some(at(life)),
        issued_at: Some(at(0)),
        issuer: "https://id.example.com".to_owned(),
        name: None,
        proof_key: None,
        refresh_token: Some(Credential::new("rt")),
        scope: None,
        subject: None,
        token_type: proto::wire::token::TokenType::Bearer,
    };
    let hour = lives(3600);
    assert!(!hour.is_due(at(3290), 255) && hour.is_due(at(3310), 255));
    assert!(!hour.is_due(at(3310), 0) && hour.is_due(at(3460), 0));
    let blink = lives(20);
    assert!(
        blink.is_fresh(at(9)) && !blink.is_fresh(at(11)) && !blink.is_due(at(5), 255),
        "it is not renewed at each use"
    );
    let endless = Session { expires_at: None, ..lives(1) };
    assert!(endless.is_fresh(at(1_000_000_000)) && !endless.is_due(at(1_000_000_000), 255));
}

#[tokio::test]
async fn offline_the_present_token_serves_until_its_end() {
    let (home, script) = home(|_| Move::Fail(Failure::Connect)).await;
    script.clock.pass(Duration::from_secs(580));
    let found = ask(&home, &script, Want::Good).await.unwrap();
    assert!(matches!(found.failed, Some(Error::Unreachable(_))));
    assert_eq!(found.session.access_token.reveal(), "the-access-token");
    script.clock.pass(Duration::from_secs(30));
    assert!(matches!(ask(&home, &script, Want::Good).await, Err(Stale::Client(Error::Unreachable(_)))));
    assert!(home.vault.load(&home.profile).unwrap().unwrap().refresh_token.is_some(), "and is kept for later");
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_once_more() {
    for lost in [Move::Fail(Failure::Timeout), Move::Fail(Failure::Broken), reply(502, "text/html", "")] {
        let (home, script) = home(move |count| if count == 1 { lost.clone() } else { renewed(count) }).await;
        script.clock.pass(Duration::from_secs(700));
        assert_eq!(token(&home, &script).await, "at-2");
        let spent: Vec<_> = script.seen().iter().flat_map(|seen| seen.form("refresh_token")).collect();
        assert_eq!(spent, ["the-refresh-token", "the-refresh-token"]);
    }
}

#[tokio::test]
async fn who_does_not_know_the_lock_may_have_been_faster() {
    let (home, script) = home(|_| error(400, "invalid_grant")).await;
    script.clock.pass(Duration::from_secs(700));
    assert!(matches!(ask(&home, &script, Want::Good).await, Err(Stale::Ended)));

    let rival = home.vault.clone();
    let (now, profile) = (script.clock.now().wall, home.profile.clone());
    let rivalled = Script::new(move |_| {
        let old = rival.load(&profile).unwrap().unwrap();
        let new = Session {
            access_token: Credential::new("the-rival's"),
            expires_at: Some(now + Duration::from_secs(600)),
            issued_at: Some(now),
            ..old
        };
        rival.save(&profile, &new).unwrap();
        (Duration::ZERO, error(400, "invalid_grant"))
    });
    rivalled.clock.pass(Duration::from_secs(700));
    assert_eq!(token(&home, &rivalled).await, "the-rival's");
}

#[tokio::test]
async fn another_token_is_got_for_one_that_an_api_refuses_and_only_once() {
    let (home, script) = home(renewed).await;
    let old = ask(&home, &script, Want::Good).await.unwrap().session;
    let new = ask(&home, &script, Want::Other(&old)).await.unwrap().session;
    assert_eq!(new.access_token.reveal(), "at-1");
    assert_eq!(ask(&home, &script, Want::Other(&old)).await.unwrap().session.access_token, new.access_token);
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn what_there_is_not_is_told() {
    let (home, script) = home(renewed).await;
    let other = Home { profile: "other".parse().unwrap(), ..home };
    assert!(matches!(ask(&other, &script, Want::Good).await, Err(Stale::NotSignedIn)));
    let kept = other.vault.load(&"work".parse().unwrap()).unwrap().unwrap();
    other.vault.save(&other.profile, &Session { refresh_token: None, ..kept }).unwrap();
    assert_eq!(token(&other, &script).await, "the-access-token");
    script.clock.pass(Duration::from_secs(700));
    assert!(matches!(ask(&other, &script, Want::Good).await, Err(Stale::Over)));
    std::fs::write(other.vault.file(&other.profile), "{").unwrap();
    assert!(matches!(ask(&other, &script, Want::Good).await, Err(Stale::Vault(VaultError::Damaged(_)))));
}

#[tokio::test]
async fn who_renews_for_ever_is_not_waited_for() {
    let (home, script) = home(renewed).await;
    let held = home.vault.lock(&home.profile).unwrap();
    script.clock.pass(Duration::from_secs(560));
    assert_eq!(token(&home, &script).await, "the-access-token", "good for a moment: nobody waits");
    script.clock.pass(Duration::from_secs(120));
    let before = script.clock.elapsed();
    assert!(matches!(ask(&home, &script, Want::Good).await, Err(Stale::Busy)));
    assert!(script.clock.elapsed() - before < Duration::from_secs(91));
    drop(held);
    assert_eq!(token(&home, &script).await, "at-1");
}

#[tokio::test]
async fn many_at_once_renew_once() {
    let renewals = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&renewals);
    let (home, script) = home(move |count| {
        counted.fetch_add(1, Ordering::Relaxed);
        renewed(count)
    })
    .await;
    script.clock.pass(Duration::from_secs(700));
    let home = Arc::new(home);
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let (home, script) = (Arc::clone(&home), script.clone());
            tokio::spawn(async move { token(&home, &script).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "at-1");
    }
    assert_eq!(renewals.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn new_tokens_that_cannot_be_kept_are_handed_out() {
    let (home, script) = home(renewed).await;
    script.clock.pass(Duration::from_secs(700));
    let (file, profile) = (home.vault.file(&home.profile), home.profile.clone());
    let vault = home.vault.clone();
    let blocked = Script::new(move |_| {
        // The place is taken by a directory, which nothing can replace.
        drop(vault.load(&profile));
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir_all(file.join("x")).unwrap();
        (Duration::ZERO, renewed(1))
    });
    blocked.clock.pass(Duration::from_secs(700));
    let found = ask(&home, &blocked, Want::Good).await.unwrap();
    assert_eq!(found.session.access_token.reveal(), "at-1");
    assert!(found.unsaved.is_some());
}
