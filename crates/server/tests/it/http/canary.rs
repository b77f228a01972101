//! Nothing secret is ever said: a whole journey with its mistakes, at the most talkative level, in both formats.

use std::collections::BTreeMap;

use countersign_server::telemetry::{LogFormat, LogSettings, subscriber};
use proto::model::{AccessTokenFormat, AuthMethod};

use super::signed::{Jws, keys, other, own, signing_client};
use super::support::{
    AUTHORIZATION, Answer, Call, Caller, DEVICE_CODE, INTROSPECT, Lines, REVOKE, Started, TOKEN, USERINFO,
};
use crate::support::{Browser, HOME, PASSWORD, TestApp};

/// What must not be said, and what it is.
#[derive(Default)]
struct Secrets(BTreeMap<String, String>);

impl Secrets {
    fn keep(&mut self, what: &str, text: &str) {
        assert!(text.len() >= 8, "{what} is too short to be looked for: {text}");
        self.0.insert(text.to_owned(), what.to_owned());
    }

    fn keep_code(&mut self, user_code: &str) {
        self.keep("user code", user_code);
        self.keep("user code", &user_code.replace('-', ""));
    }

    fn keep_token(&mut self, what: &str, token: &str) {
        self.keep(what, token);
        self.keep(what, token.rsplit('.').next().unwrap());
    }

    fn keep_cookies(&mut self, browser: &Browser<'_>) {
        for (name, cookie) in &browser.cookies {
            self.keep(name, &cookie.value);
        }
    }

    fn expect_none_in(&self, said: &str) {
        let said = said.to_ascii_lowercase();
        for (secret, what) in &self.0 {
            assert!(!said.contains(&secret.to_ascii_lowercase()), "{what} was said");
        }
    }
}

#[tokio::test]
async fn df_3_3_6_oa_10_3_1_no_secret_is_ever_in_the_log_or_the_metrics() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let lines = Lines::default();
        let settings = LogSettings { level: "trace".parse().unwrap(), format, colour: false };
        let guard = tracing::subscriber::set_default(subscriber(&settings, lines.clone()));
        let app = TestApp::with(|settings| settings.device.hold = std::time::Duration::from_millis(1), "").await;
        let mut secrets = Secrets::default();
        journey(&app, &mut secrets).await;
        signing(&app, &mut secrets).await;
        mistakes(&app, &mut secrets).await;
        drop(guard);
        let said = lines.text();
        assert!(
            said.contains("refresh")
                && said.contains("replay")
                && said.contains("client_refused")
                && said.contains("sign_in_failed"),
            "{said}"
        );
        assert!(secrets.0.len() > 40, "{}", secrets.0.len());
        secrets.expect_none_in(&said);
        let metrics = Metrics::of(&app).await;
        secrets.expect_none_in(&metrics);
    }
}

struct Metrics;

impl Metrics {
    async fn of(app: &TestApp) -> String {
        use http_body_util::BodyExt as _;
        let reply = app.app.operator(&http::Method::GET, "/metrics", &app.metrics).await;
        String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }
}

/// Everything goes well, for clients of every kind.
async fn journey(app: &TestApp, secrets: &mut Secrets) {
    secrets.keep("password", PASSWORD);
    let mut callers = Vec::new();
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let caller = Caller::lasting(app, &format!("c{auth:?}"), auth).await;
        if auth != AuthMethod::None {
            secrets.keep("client secret", &caller.secret);
        }
        callers.push(caller);
    }
    for caller in &callers {
        let Started { user_code, device_code } = caller.start(app, "openid+profile+offline_access").await;
        secrets.keep_code(&user_code);
        secrets.keep("device code", &device_code);
        caller.poll(&device_code).send(app).await;
        let mut browser = app.browser(HOME);
        let code = browser.open("/device").await;
        secrets.keep("csrf token", &code.field("csrf"));
        let sign_in = browser.submit(&code, "/device", &[("user_code", &user_code)]).await;
        secrets.keep_cookies(&browser);
        secrets.keep("csrf token", &sign_in.field("csrf"));
        let question = browser.sign_in(&sign_in, "maria").await;
        secrets.keep_cookies(&browser);
        secrets.keep("csrf token", &question.field("csrf"));
        browser.press(&question, "approve").await.expect_page("done");
        secrets.keep_cookies(&browser);
        let answer = caller.poll(&device_code).send(app).await;
        let token = answer.text("access_token");
        secrets.keep_token("access token", &token);
        secrets.keep_token("id_token", &answer.text("id_token"));
        assert_eq!(Call::get(USERINFO).bearer(&token).send(app).await.status, 200);
        browser.open("/account").await.expect_page("account");
        lasting(app, secrets, caller, &answer).await;
        app.advance(12);
        caller.poll(&device_code).send(app).await;
    }
}

/// A client that signs, with a key of its device, a verifier and opaque tokens: proofs and assertions are as good as
/// secrets for as long as they last.
async fn signing(app: &TestApp, secrets: &mut Secrets) {
    let mut client = signing_client("signer", keys(&[other()]));
    client.tokens.format = AccessTokenFormat::Opaque;
    let signer = Caller::register_as(app, client).await;
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    secrets.keep("verifier", verifier);
    let mut send = async |call: Call| {
        let assertion = Jws::assertion(app, other(), "signer").sign(other());
        let proof = Jws::proof(app, own(), &call.method, &call.uri).sign(own());
        secrets.keep_token("assertion", &assertion);
        secrets.keep_token("proof", &proof);
        let call = call.asserted(&assertion).header("dpop", &proof);
        let answer = call.send(app).await;
        // Once more, with something wrong each time.
        call.send(app).await;
        call.clone().and("client_secret=x").send(app).await;
        call.without("dpop").header("dpop", &format!("{proof}x")).send(app).await;
        for name in ["device_code", "access_token", "refresh_token"] {
            if answer.status == 200 && answer.json().get(name).is_some() {
                secrets.keep(name, &answer.text(name));
            }
        }
        answer
    };
    let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let started = send(signer.call(AUTHORIZATION, &format!("scope=openid+offline_access&{challenge}"))).await;
    app.decide(&started.text("user_code"), "approve").await;
    let poll = signer.poll(&started.text("device_code"));
    assert_eq!(send(poll.clone().and("code_verifier=CANARYverifier")).await.status, 400);
    let tokens = send(poll.and(&format!("code_verifier={verifier}"))).await;
    let access = tokens.text("access_token");
    assert_eq!(Call::userinfo(app, own(), &access).send(app).await.status, 200);
    Call::userinfo(app, other(), &access).send(app).await;
    send(signer.call(INTROSPECT, &format!("token={access}"))).await;
    send(signer.refresh(&tokens.text("refresh_token"))).await;
    send(signer.revoke(&access)).await;
    secrets.keep("verifier", "CANARYverifier");
}

/// Access is renewed, shown twice, and given back.
async fn lasting(app: &TestApp, secrets: &mut Secrets, caller: &Caller, tokens: &Answer) {
    let mut refresh_token = tokens.text("refresh_token");
    secrets.keep("refresh token", &refresh_token);
    for _ in 0..2 {
        let renewed = caller.refresh(&refresh_token).send(app).await;
        secrets.keep_token("access token", &renewed.text("access_token"));
        secrets.keep_token("id_token", &renewed.text("id_token"));
        if let Some(next) = renewed.json()["refresh_token"].as_str() {
            refresh_token = next.to_owned();
            secrets.keep("refresh token", &refresh_token);
        }
    }
    Caller::tv().refresh(&refresh_token).send(app).await;
    Caller::tv().revoke(&refresh_token).send(app).await;
    assert_eq!(caller.revoke(&refresh_token).send(app).await.status, 200);
    caller.refresh(&refresh_token).send(app).await;
    // A token that was replaced before comes back.
    let mut again = caller.signed_in_for_long(app).await.text("refresh_token");
    for _ in 0..2 {
        secrets.keep("refresh token", &again);
        let renewed = caller.refresh(&again).send(app).await.json();
        caller.refresh(&again).send(app).await;
        again = renewed["refresh_token"].as_str().map_or(again, str::to_owned);
    }
}

/// Everything goes wrong, with secrets in the wrong places.
async fn mistakes(app: &TestApp, secrets: &mut Secrets) {
    let server = Caller::register(app, "server", AuthMethod::ClientSecretBasic).await;
    secrets.keep("client secret", &server.secret);
    let canary = |n: u32| format!("CANARY{n:04}x7Qp");
    for n in 0..40 {
        secrets.keep("canary", &canary(n));
    }
    let secret = canary(0);
    let started = server.start(app, "").await;
    let code = &started.device_code;
    secrets.keep("device code", code);
    secrets.keep_code(&started.user_code);
    let calls = [
        Caller { secret: canary(1), ..server.clone() }.poll(code),
        Caller { secret: canary(2), auth: AuthMethod::ClientSecretPost, ..server.clone() }.call(AUTHORIZATION, ""),
        Caller { secret: secret.clone(), ..server.clone() }
            .call(AUTHORIZATION, &format!("client_secret={}", canary(3))),
        Call::post(TOKEN, "x=1").header("authorization", &format!("Basic {}", canary(4))),
        Call::post(TOKEN, "x=1").bearer(&canary(5)),
        Caller::tv().poll(&canary(6)),
        Caller::tv().poll(code),
        Caller::tv().call(TOKEN, &format!("grant_type={}&device_code={code}", canary(7))),
        Caller::tv().call(TOKEN, &format!("grant_type={DEVICE_CODE}&device_code={code}&device_code={code}")),
        Caller::tv().call(AUTHORIZATION, &format!("password={}&{}=1", canary(8), canary(9))),
        Call::post(&format!("{TOKEN}?client_secret={}", canary(10)), ""),
        Caller::tv().refresh(&canary(26)),
        Caller::tv().call(TOKEN, &format!("grant_type=refresh_token&refresh_token=x&scope={}", canary(27))),
        Caller::tv().revoke(&canary(28)),
        Caller::tv().call(REVOKE, &format!("token=x&token_type_hint={}", canary(29))),
        Call::post(&format!("{REVOKE}?token={}", canary(35)), ""),
        Call::get(&format!("{USERINFO}?access_token={}", canary(11))),
        Call::get(USERINFO).bearer(&canary(12)),
        Call::get(USERINFO).header("authorization", &canary(13)),
        Call::get(USERINFO).header("cookie", &format!("__Host-session={}", canary(14))),
        Call::get(&format!("/D/{}", started.user_code)),
        Call::get(&format!("/D/{}", canary(15))),
        Call::get(&format!("/{}", canary(16))),
        Call::get(&format!("/device?user_code={}", started.user_code)),
        Call::get("/device").header("cookie", &format!("__Host-session={}; {}=1", canary(17), canary(18))),
        Call::get("/device").header("user-agent", &canary(19)).header("referer", &canary(20)),
        Call::post("/sign-in", &format!("username=maria&password={}&csrf={}", canary(21), canary(22))),
        Call::post("/device", &format!("user_code={}&csrf={}", started.user_code, canary(23))),
        Call::get("/device").header("x-forwarded-for", &canary(24)).header("x-request-id", &canary(25)),
    ];
    for call in calls {
        let answer = call.send(app).await;
        assert!(answer.status < 500, "{}", answer.show());
        // Nor is it said back, the code of a link on its own page apart.
        assert!(!answer.body().contains("CANARY"), "{}", answer.body());
    }
    let mut browser = app.browser(HOME);
    let form = browser.open("/sign-in").await;
    // People type passwords where their name belongs.
    for (name, password) in [("maria", canary(30)), (&canary(31), canary(32)), (PASSWORD, canary(33))] {
        browser.submit(&form, "/sign-in", &[("username", name), ("password", &password)]).await;
    }
    secrets.keep_cookies(&browser);
    let mut browser = app.signed_in("maria", HOME).await;
    secrets.keep_cookies(&browser);
    browser.type_code(&canary(34)).await;
    browser.type_code("BCDF-GHJK").await;
    secrets.keep_code("BCDF-GHJK");
}
