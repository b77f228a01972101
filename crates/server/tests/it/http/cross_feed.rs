//! Everything that is handed out or made for this server, put wherever something else belongs (T14): refused as anything
//! else that is no good there, never our fault, and nothing moves.

mod places;
mod world;

use http::Method;

use super::signed::own;
use super::support::{AUTHORIZATION, Answer, Call, REVOKE, USERINFO};
use crate::support::TestApp;
use crate::support::browser::{Cause, encode};

use places::PLACES;
use world::{COMPANION, SESSION, VISIT, World, field};

#[track_caller]
fn expect(answer: &Answer, (status, said): (u16, &str), why: &str) {
    assert_eq!(answer.status, status, "{why}: {}", answer.show());
    if status == 200 {
        assert_eq!(answer.body(), said, "{why}");
    } else {
        assert!(said.split('|').any(|said| said == answer.refusal().1), "{why}: {}", answer.body());
    }
}

#[tokio::test]
async fn in_2_3_2_jw_8_df_3_4_6_oa_6_1_nothing_is_taken_for_something_else_by_any_parameter() {
    let many = vec![flow::settings::Rate::new(1_000, std::time::Duration::from_secs(600))];
    let app = TestApp::with(|settings| settings.limits.registrations_per_network = many, "").await;
    let world = World::new(&app).await;
    let mut tried = 0;
    for place in PLACES {
        let before = app.everything().await;
        for (thing, text) in world.things.iter().filter(|(thing, _)| !place.own.contains(thing)) {
            let answer = (place.call)(&world, text).send(&app).await;
            expect(&answer, place.expected, &format!("{thing} as {}", place.name));
            tried += 1;
        }
        assert_eq!(app.everything().await, before, "{}", place.name);
    }
    assert!(tried > 300, "{tried}");
    // Each in its own place is as good as ever.
    let (device, things) = (world.device(), &world.things);
    assert_eq!(device.poll(&things["pending device code"]).send(&app).await.refusal().1, "authorization_pending");
    for call in [
        device.poll(&things["device code"]),
        device.refresh(&things["refresh token"]),
        Call::get(USERINFO).bearer(&things["access token"]),
        Call::get(USERINFO).bearer(&things["opaque access token"]),
        Call::userinfo(&app, own(), &things["bound access token"]),
        Call::post(AUTHORIZATION, "scope=openid").asserted(&things["assertion"]),
        Call::post(AUTHORIZATION, &format!("client_id=post&client_secret={}", things["client secret"])),
        device.call(AUTHORIZATION, "").header("dpop", &things["proof"]),
        Call::get(&world.registration).bearer(&things["registration access token"]),
        world::register("").bearer(&things["initial access token"]),
        Call::post(REVOKE, &format!("client_id=box&token={}", things["access token"])),
    ] {
        let answer = call.send(&app).await;
        assert!([200, 201].contains(&answer.status), "{call:?}: {}", answer.show());
    }
}

#[tokio::test]
async fn df_3_3_10_df_3_4_6_nothing_is_taken_for_something_else_by_any_form_or_cookie() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let before = app.everything().await;
    for (thing, text) in &world.things {
        // A cookie of another kind. Without the session nobody is signed in, and without its companion nobody decides; the
        // visit says what to show and nothing else, and the form names its question itself.
        for (cookie, own) in [(SESSION, "session cookie"), (COMPANION, "companion cookie"), (VISIT, "visit cookie")] {
            if *thing == own {
                continue;
            }
            let mut browser = world.browser.clone();
            browser.cookies.get_mut(cookie).unwrap().value.clone_from(text);
            let mut decider = browser.clone();
            let account = browser.get("/account", Cause::Here).await.status();
            assert_eq!(account == 200, cookie != SESSION, "{thing} as {cookie}: {account}");
            let shown = browser.get("/device/decision", Cause::Here).await.status();
            assert_eq!(shown == 200, cookie == COMPANION, "{thing} as {cookie}: {shown}");
            if cookie != VISIT {
                let answer = decider.post("/device/decision", &world.question).await.status();
                let expected = if cookie == SESSION { 303 } else { 403 };
                assert_eq!(answer, expected, "{thing} as {cookie}");
            }
            assert_eq!(app.everything().await, before, "{thing} as {cookie}");
        }
        // A field of the question.
        for name in world.question.iter().map(|(name, _)| name).filter(|name| *name != "decision") {
            if text == &field(&world.question, name) {
                continue;
            }
            let swapped: Vec<_> = world
                .question
                .iter()
                .cloned()
                .map(|(own, value)| if own == *name { (own, text.clone()) } else { (own, value) })
                .collect();
            let mut browser = world.browser.clone();
            let answer = browser.post("/device/decision", &swapped).await;
            assert_eq!(answer.status(), 403, "{thing} as {name}");
        }
        // The code of a device.
        if *thing != "user code" {
            let mut browser = world.browser.clone();
            let page = browser.type_code(text).await;
            assert!(page.name() == "code" && !page.alert().is_empty(), "{thing}: {} {}", page.status, page.body);
            let link = browser.get(&format!("/D/{text}"), Cause::Here).await;
            assert_eq!(link.status(), 303, "{thing}");
        }
        // The form of the code, which needs its own token.
        let mut browser = world.browser.clone();
        let fields =
            [("user_code", "WDJB-MJHT"), ("csrf", text)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        let origin = [("origin", crate::support::ISSUER)];
        let answer = browser.send(Method::POST, "/device", encode(&fields), Cause::Here, &origin).await;
        assert_eq!(answer.status(), 403, "{thing} as the token of the code form");
    }
    assert_eq!(app.everything().await, before);
}
