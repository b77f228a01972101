//! Everything that is handed out or made for this server, put wherever something else belongs (T14): refused as anything
//! else that is no good there, never our fault, and nothing moves.

use std::collections::BTreeMap;

use http::Method;
use proto::model::{AccessTokenFormat, AuthMethod, Client, GrantType};

use super::signed::{Jws, other, own};
use super::support::{AUTHORIZATION, Answer, Call, Caller, INTROSPECT, REVOKE, TOKEN, USERINFO};
use crate::support::browser::{Cause, encode};
use crate::support::{Browser, HOME, TestApp, client};

const SESSION: &str = "__Host-countersign_session";
const COMPANION: &str = "__Host-countersign_same_site";
const VISIT: &str = "__Host-countersign_flow";

/// A deployment with one of everything.
struct World<'a> {
    app: &'a TestApp,
    things: BTreeMap<&'static str, String>,
    /// A person before a question, with the form that answers it.
    browser: Browser<'a>,
    question: Vec<(String, String)>,
    /// The code of a device whose request had a challenge.
    challenged: String,
}

async fn opaque(app: &TestApp) -> Caller {
    let mut client = Client { grants: vec![GrantType::DeviceCode, GrantType::RefreshToken], ..client("opaque", "O") };
    client.tokens.format = AccessTokenFormat::Opaque;
    Caller::register_as(app, client).await
}

fn field(form: &[(String, String)], name: &str) -> String {
    form.iter().find(|(own, _)| own == name).unwrap().1.clone()
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let device = Caller::lasting(app, "box", AuthMethod::None).await;
        let post = Caller::register(app, "post", AuthMethod::ClientSecretPost).await;
        Caller::register(app, "basic", AuthMethod::ClientSecretBasic).await;
        let api = Client { introspects: true, ..client("api", "The API") };
        Caller::register_as(app, Client { auth: AuthMethod::ClientSecretBasic, ..api }).await;
        Caller::signing(app, "signer", &[other()]).await;
        let tokens = device.signed_in_for_long(app).await;
        let bound = device.signed_in_with(app, own(), "openid").await;
        let sealed = opaque(app).await.signed_in_for_long(app).await;
        let (pending, approved) = (device.start(app, "openid").await, device.start(app, "openid").await);
        app.decide(&approved.user_code, "approve").await;
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let parameters = format!("code_challenge={challenge}&code_challenge_method=S256");
        let challenged = device.call(AUTHORIZATION, &parameters).send(app).await;
        app.decide(&challenged.text("user_code"), "approve").await;

        let mut browser = app.signed_in("maria", HOME).await;
        let account = browser.open("/account").await.filled("/sign-out", &[]);
        let asked = device.start(app, "openid").await;
        let page = browser.type_code(&asked.user_code).await;
        let question = page.filled("/device/decision", &[("decision", "approve")]);
        let cookie = |name: &str| browser.cookies[name].value.clone();
        let handle = question.iter().find(|(name, _)| !["csrf", "decision"].contains(&name.as_str())).unwrap();
        let things = BTreeMap::from([
            ("pending device code", pending.device_code),
            ("device code", approved.device_code),
            ("user code", pending.user_code),
            ("access token", tokens.text("access_token")),
            ("bound access token", bound.text("access_token")),
            ("opaque access token", sealed.text("access_token")),
            ("refresh token", tokens.text("refresh_token")),
            ("id_token", tokens.text("id_token")),
            ("proof", Jws::proof(app, own(), &Method::POST, AUTHORIZATION).sign(own())),
            ("assertion", Jws::assertion(app, other(), "signer").sign(other())),
            ("nonce", app.flow.dpop_nonce().unwrap()),
            ("client secret", post.secret),
            ("challenge", challenge.to_owned()),
            ("session cookie", cookie(SESSION)),
            ("companion cookie", cookie(COMPANION)),
            ("visit cookie", cookie(VISIT)),
            ("csrf token", field(&account, "csrf")),
            ("csrf token of the question", field(&question, "csrf")),
            ("question", handle.1.clone()),
            ("kid", own().kid().to_owned()),
        ]);
        Self { app, things, browser, question, challenged: challenged.text("device_code") }
    }

    /// Another with the same secrets, since some are used up.
    fn device(&self) -> Caller {
        Caller { id: "box".to_owned(), ..Caller::tv() }
    }
}

/// A place for something, which it is, and what anything else is answered there.
struct Place {
    name: &'static str,
    own: &'static [&'static str],
    expected: (u16, &'static str),
    call: fn(&World<'_>, &str) -> Call,
}

/// Every parameter of the protocol that takes something that was handed out.
const PLACES: &[Place] = &[
    Place {
        name: "device_code",
        own: &["device code", "pending device code"],
        expected: (400, "invalid_grant"),
        call: |world, text| world.device().poll(text),
    },
    Place {
        name: "refresh_token",
        own: &["refresh token"],
        expected: (400, "invalid_grant"),
        call: |world, text| world.device().refresh(text),
    },
    Place {
        name: "token to revoke",
        own: &["access token", "bound access token", "opaque access token", "refresh token"],
        expected: (200, "{}"),
        call: |world, text| world.device().revoke(text),
    },
    Place {
        name: "token to introspect",
        own: &["access token", "bound access token", "opaque access token"],
        expected: (200, r#"{"active":false}"#),
        call: |world, text| {
            let call = Call::post(INTROSPECT, &format!("client_id=signer&token={text}"));
            call.asserted(&Jws::assertion(world.app, other(), "signer").sign(other()))
        },
    },
    Place {
        name: "bearer token",
        own: &["access token", "opaque access token"],
        expected: (401, "invalid_token"),
        call: |_, text| Call::get(USERINFO).bearer(text),
    },
    Place {
        name: "DPoP token",
        own: &["bound access token"],
        expected: (401, "invalid_token"),
        call: |world, text| Call::userinfo(world.app, own(), text),
    },
    Place {
        name: "client_assertion",
        own: &["assertion"],
        expected: (400, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, "scope=openid").asserted(text),
    },
    Place {
        name: "client_secret",
        own: &["client secret"],
        expected: (400, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, &format!("client_id=post&client_secret={text}")),
    },
    Place {
        name: "password of Basic",
        own: &[],
        expected: (401, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, "").basic(&format!("basic:{text}")),
    },
    Place {
        name: "bearer token of a client",
        own: &[],
        expected: (401, "invalid_client"),
        call: |_, text| Call::post(INTROSPECT, "token=x").bearer(text),
    },
    Place {
        name: "client_id",
        own: &[],
        expected: (400, "invalid_client"),
        call: |_, text| Call::post(AUTHORIZATION, &format!("client_id={}", &text[..text.len().min(128)])),
    },
    Place {
        name: "grant_type",
        own: &[],
        expected: (400, "unsupported_grant_type"),
        call: |world, text| world.device().call(TOKEN, &format!("grant_type={text}&device_code=x")),
    },
    Place {
        name: "code_verifier",
        own: &[],
        expected: (400, "invalid_grant"),
        call: |world, text| world.device().poll(&world.challenged).and(&format!("code_verifier={text}")),
    },
    Place {
        name: "resource",
        own: &[],
        expected: (400, "invalid_target"),
        call: |world, text| world.device().call(AUTHORIZATION, &format!("resource={text}")),
    },
    Place {
        name: "proof of a device request",
        own: &["proof"],
        expected: (400, "invalid_dpop_proof"),
        call: |world, text| world.device().call(AUTHORIZATION, "").header("dpop", text),
    },
    Place {
        name: "proof of a poll",
        own: &[],
        expected: (400, "invalid_dpop_proof"),
        call: |world, text| world.device().poll(&world.things["device code"]).header("dpop", text),
    },
    Place {
        name: "nonce of a proof",
        own: &["nonce"],
        expected: (400, "use_dpop_nonce"),
        call: |world, text| {
            let proof = Jws::proof(world.app, own(), &Method::POST, AUTHORIZATION).claim("nonce", text);
            world.device().call(AUTHORIZATION, "").header("dpop", &proof.sign(own()))
        },
    },
    Place {
        name: "hash of a token in a proof",
        own: &[],
        expected: (401, "invalid_dpop_proof"),
        call: |world, text| {
            let proof = Jws::proof(world.app, own(), &Method::GET, USERINFO).claim("ath", text).sign(own());
            let token = &world.things["bound access token"];
            Call::get(USERINFO).header("authorization", &format!("DPoP {token}")).header("dpop", &proof)
        },
    },
];

#[track_caller]
fn expect(answer: &Answer, (status, said): (u16, &str), why: &str) {
    assert_eq!(answer.status, status, "{why}: {}", answer.show());
    if status == 200 {
        assert_eq!(answer.body(), said, "{why}");
    } else {
        assert_eq!(answer.refusal().1, said, "{why}");
    }
}

#[tokio::test]
async fn in_2_3_2_jw_8_df_3_4_6_oa_6_1_nothing_is_taken_for_something_else_by_any_parameter() {
    let app = TestApp::new().await;
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
        Call::post(REVOKE, &format!("client_id=box&token={}", things["access token"])),
    ] {
        let answer = call.send(&app).await;
        assert_eq!(answer.status, 200, "{call:?}: {}", answer.show());
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
