//! Sign-in, sessions, guesses and passwords.

use std::time::Duration;

use flow::account::{ChangePasswordFailure, Everywhere};
use flow::{Browser, Found, Password, SignInFailure, WeakPassword};
use proto::grant::lookup::Arrival;

use crate::support::{PASSWORD, home, world};

const MINUTE: Duration = Duration::from_secs(60);

fn browser() -> Browser<'static> {
    Browser { address: home(), user_agent: "test" }
}

#[tokio::test]
async fn oa_10_10_2_sign_in_is_throttled_for_names_that_exist_and_names_that_do_not() {
    let world = world().await;
    for name in ["maria", "nobody"] {
        for _ in 0..10 {
            let failure = world.flow.sign_in(name, &Password::typed("wrong"), browser()).await.unwrap_err();
            assert!(matches!(failure, SignInFailure::Wrong));
        }
        let failure = world.flow.sign_in(name, &Password::typed(PASSWORD), browser()).await.unwrap_err();
        assert!(matches!(failure, SignInFailure::Throttled(until) if until > world.env.now()), "{failure:?}");
    }
    world.env.advance(MINUTE * 10);
    world.sign_in().await;
}

#[tokio::test]
async fn a_success_gives_back_its_own_price_only() {
    let world = world().await;
    for _ in 0..30 {
        world.sign_in().await;
    }
}

#[tokio::test]
async fn sessions_end_by_idleness_by_age_and_by_sign_out() {
    let world = world().await;
    let (cookie, person) = world.flow.sign_in("maria", &Password::typed(PASSWORD), browser()).await.unwrap();
    world.env.advance(MINUTE * 29);
    assert!(world.flow.signed_in(cookie.reveal()).await.unwrap().is_some());
    world.env.advance(MINUTE * 29);
    assert!(world.flow.signed_in(cookie.reveal()).await.unwrap().is_some(), "use keeps it");
    for _ in 0..23 {
        world.env.advance(MINUTE * 29);
        world.flow.signed_in(cookie.reveal()).await.unwrap();
    }
    world.env.advance(MINUTE * 29);
    assert!(world.flow.signed_in(cookie.reveal()).await.unwrap().is_none(), "twelve hours");
    assert!(world.flow.signed_in("st_guess").await.unwrap().is_none());

    let (cookie, person2) = world.flow.sign_in("maria", &Password::typed(PASSWORD), browser()).await.unwrap();
    assert_ne!(person.session.id, person2.session.id);
    world.flow.sign_out(person2.session.id).await.unwrap();
    assert!(world.flow.signed_in(cookie.reveal()).await.unwrap().is_none());
}

#[tokio::test]
async fn df_5_1_1_wrong_codes_are_limited_and_right_ones_cost_nothing() {
    let world = world().await;
    let person = world.sign_in().await;
    let device = world.start(&world.tv).await;
    for _ in 0..10 {
        assert!(matches!(world.look_up(&person, &device.user_code, Arrival::Typed).await, Found::Question(_)));
    }
    for _ in 0..5 {
        assert!(matches!(world.look_up(&person, "BBBB-BBBB", Arrival::Typed).await, Found::Unusable));
    }
    let refused = world.look_up(&person, &device.user_code, Arrival::Typed).await;
    assert!(matches!(refused, Found::Throttled(until) if until <= world.env.now() + MINUTE), "{refused:?}");
    let other_session = world.sign_in().await;
    for _ in 0..5 {
        assert!(matches!(world.look_up(&other_session, "BBBB-BBBB", Arrival::Typed).await, Found::Unusable));
    }
    let third = world.sign_in().await;
    assert!(matches!(world.look_up(&third, &device.user_code, Arrival::Typed).await, Found::Throttled(_)), "account");
}

#[tokio::test]
async fn a_password_is_changed_with_the_present_one_and_ends_other_sessions() {
    let world = world().await;
    let (other, _) = world.flow.sign_in("maria", &Password::typed(PASSWORD), browser()).await.unwrap();
    let (own, person) = world.flow.sign_in("maria", &Password::typed(PASSWORD), browser()).await.unwrap();
    let new = Password::typed("a new and long enough secret");
    let wrong = world.flow.change_password(&person, &Password::typed("no"), &new).await.unwrap_err();
    assert!(matches!(wrong, ChangePasswordFailure::Wrong));
    let weak = world.flow.change_password(&person, &Password::typed(PASSWORD), &Password::typed("short")).await;
    assert!(matches!(weak, Err(ChangePasswordFailure::Weak(WeakPassword::TooShort))));
    world.flow.change_password(&person, &Password::typed(PASSWORD), &new).await.unwrap();
    assert!(world.flow.signed_in(own.reveal()).await.unwrap().is_some());
    assert!(world.flow.signed_in(other.reveal()).await.unwrap().is_none());
    assert!(world.flow.sign_in("maria", &Password::typed(PASSWORD), browser()).await.is_err());
    world.flow.sign_in("maria", &new, browser()).await.unwrap();
}

#[tokio::test]
async fn everywhere_ends_every_session_and_devices_only_when_asked() {
    let world = world().await;
    let first = world.sign_in().await;
    let second = world.sign_in().await;
    world.flow.sign_out_everywhere(&second, Everywhere::Browsers).await.unwrap();
    assert!(world.flow.sessions(&first).await.unwrap().is_empty());
    let third = world.sign_in().await;
    world.flow.sign_out_everywhere(&third, Everywhere::DevicesToo).await.unwrap();
    let revoked = world.store.session(first.session.id).await.unwrap().unwrap().revoked;
    assert!(revoked.is_some());
}

#[tokio::test]
async fn sealed_texts_open_in_their_place_and_time_only() {
    let world = world().await;
    let until = world.env.now() + MINUTE;
    let sealed = world.flow.seal("here", &"value", until);
    assert_eq!(world.flow.unseal::<String>("here", &sealed).as_deref(), Some("value"));
    assert_eq!(world.flow.unseal::<String>("there", &sealed), None);
    world.env.advance(MINUTE);
    assert_eq!(world.flow.unseal::<String>("here", &sealed), None);
    let token = world.flow.csrf_token("/device", "browser");
    assert!(world.flow.csrf_fits("/device", "browser", &token));
    assert!(!world.flow.csrf_fits("/sign-in", "browser", &token));
    assert!(!world.flow.csrf_fits("/device", "other", &token));
    assert!(!world.flow.csrf_fits("/device", "browser", ""));
}
