//! Clients that sign (RFC 7523 with RFC 10070): what an assertion must be, at every endpoint alike.

use http::Method;
use jose::SigningKey;
use proto::model::{AuthMethod, Client, SigningAlg};
use serde_json::{Value, json};

use super::signed::{ASSERTION_TYPE, Jws, fresh, keys, of_each_algorithm, other, own, signed, signing_client, spare};
use super::support::{AUTHORIZATION, Answer, Call, Caller, INTROSPECT, METADATA, REVOKE, TOKEN, USERINFO};
use crate::support::{ISSUER, TestApp, client};

/// A client with two keys, ES256 and RS256, and one request for every endpoint at which it authenticates.
struct Stage {
    app: TestApp,
    calls: Vec<(&'static str, Call)>,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let [_, _, rsa] = of_each_algorithm();
        let signer = Caller::signing(&app, "signer", &[own(), rsa]).await;
        Caller::signing(&app, "neighbour", &[spare()]).await;
        let start = async || signer.assert(&app, own(), signer.call(AUTHORIZATION, "scope=openid+offline_access"));
        let pending = start().await.send(&app).await.text("device_code");
        let approved = start().await.send(&app).await;
        app.decide(&approved.text("user_code"), "approve").await;
        let tokens = signer.assert(&app, own(), signer.poll(&approved.text("device_code"))).send(&app).await;
        let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens.text(name));
        let calls = vec![
            ("start", signer.call(AUTHORIZATION, "scope=openid")),
            ("poll", signer.poll(&pending)),
            ("refresh", signer.refresh(&refresh)),
            ("introspect", signer.call(INTROSPECT, &format!("token={access}"))),
            ("revoke", signer.revoke(&access)),
        ];
        Self { app, calls }
    }

    fn good(&self) -> Jws {
        Jws::assertion(&self.app, own(), "signer")
    }

    /// That it is refused everywhere, and that nothing comes of it.
    async fn expect_refused(&self, why: &str, dress: impl Fn(Call) -> Call) {
        self.expect(why, (400, "invalid_client"), dress).await;
    }

    async fn expect(&self, why: &str, (status, error): (u16, &str), dress: impl Fn(Call) -> Call) {
        let before = self.app.everything().await;
        for (endpoint, call) in &self.calls {
            let answer = dress(call.clone()).send(&self.app).await;
            assert_eq!(answer.refusal(), (status, error.to_owned()), "{endpoint}: {why}");
        }
        assert_eq!(self.app.everything().await, before, "{why}");
    }

    async fn expect_good(&self, why: &str, assertion: impl Fn() -> String) {
        for (endpoint, call) in self.calls.iter().filter(|(endpoint, _)| *endpoint != "revoke") {
            self.app.advance(5);
            let answer = call.clone().asserted(&assertion()).send(&self.app).await;
            expect_answered(endpoint, &answer, why);
        }
    }
}

#[track_caller]
fn expect_answered(endpoint: &str, answer: &Answer, why: &str) {
    let pending = endpoint == "poll" && answer.body() == r#"{"error":"authorization_pending"}"#;
    assert!(answer.status == 200 || pending, "{endpoint} {why}: {}", answer.body());
    if endpoint == "introspect" {
        assert_eq!(answer.json()["active"], true, "{why}");
    }
}

#[tokio::test]
async fn pk_1_pk_2_pk_3_pk_4_pk_5_pk_9_an_assertion_that_is_no_good_is_invalid_client_at_every_endpoint() {
    let stage = Stage::new().await;
    let at = |path: &str| format!("{ISSUER}{path}");
    let claims: Vec<(&str, Value)> = vec![
        ("iss", Value::Null),
        ("iss", json!("neighbour")),
        ("iss", json!("")),
        ("iss", json!(["signer"])),
        ("sub", Value::Null),
        ("sub", json!("neighbour")),
        ("aud", Value::Null),
        ("aud", json!("")),
        ("aud", json!([])),
        ("aud", json!(7)),
        ("aud", json!(at(TOKEN))),
        ("aud", json!(at(AUTHORIZATION))),
        ("aud", json!(at(REVOKE))),
        ("aud", json!(at(INTROSPECT))),
        ("aud", json!(at("/"))),
        ("aud", json!("https://ID.example.com")),
        ("aud", json!([ISSUER, at(TOKEN)])),
        ("aud", json!([at(TOKEN), ISSUER])),
        ("aud", json!([ISSUER, "https://other.example"])),
        ("aud", json!([ISSUER, ISSUER])),
        ("exp", Value::Null),
        ("exp", json!("soon")),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(257))),
    ];
    for (name, value) in claims {
        let why = format!("{name} {value}");
        stage.expect_refused(&why, |call| call.asserted(&stage.good().claim(name, value.clone()).sign(own()))).await;
    }
    for (name, seconds) in [("exp", -60), ("exp", 361), ("exp", 86_400), ("nbf", 61), ("iat", 61)] {
        let why = format!("{name} {seconds}");
        stage.expect_refused(&why, |call| call.asserted(&stage.good().claim_later(name, seconds).sign(own()))).await;
    }
    for (name, seconds) in [("exp", -59), ("exp", 300), ("nbf", 60), ("nbf", -1_000), ("iat", 60), ("iat", -1_000)] {
        stage.expect_good(&format!("{name} {seconds}"), || stage.good().claim_later(name, seconds).sign(own())).await;
    }
    stage.expect_good("an array of one", || stage.good().claim("aud", json!([ISSUER])).sign(own())).await;
}

#[tokio::test]
async fn pk_6_jw_1_jw_2_jw_7_only_a_registered_key_signs_and_only_with_its_own_algorithm() {
    let stage = Stage::new().await;
    let [_, ed, rsa] = of_each_algorithm();
    let public = serde_json::to_value(own().public_jwk()).unwrap();
    let stranger: Value = serde_json::to_value(other().public_jwk()).unwrap();
    let heads = [
        ("alg", json!("none"), own()),
        ("alg", json!("HS256"), own()),
        ("alg", json!("RS256"), own()),
        ("alg", json!("EdDSA"), own()),
        ("alg", Value::Null, own()),
        ("kid", json!("unknown"), own()),
        ("kid", json!(rsa.kid()), own()),
        ("kid", json!("../../../../etc/passwd"), own()),
        ("kid", json!("' OR 1=1 --"), own()),
        ("kid", json!(7), own()),
        ("kid", json!(own().kid()), other()),
        ("kid", Value::Null, other()),
        ("kid", Value::Null, ed),
        ("kid", Value::Null, spare()),
        ("kid", json!(spare().kid()), spare()),
        ("jwk", stranger.clone(), other()),
        ("jku", json!("https://evil.example/jwks"), other()),
        ("x5u", json!("https://evil.example/x5u"), other()),
        ("crit", json!(["exp"]), own()),
    ];
    for (name, value, key) in heads {
        let why = format!("{name} {value}");
        stage.expect_refused(&why, |call| call.asserted(&stage.good().head(name, value.clone()).sign(key))).await;
    }
    // The public key as the secret of an HMAC, in every form in which a library may have it.
    for secret in [public.to_string(), own().public_jwk().canonical_json(), public["x"].as_str().unwrap().to_owned()] {
        let forged = || {
            let claims: Value = serde_json::from_str(&stage.good().claims_text()).unwrap();
            let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
            jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(secret.as_bytes())).unwrap()
        };
        stage.expect_refused("alg confusion", |call| call.asserted(&forged())).await;
    }
    stage.expect_good("the key that it names", || stage.good().sign(own())).await;
    stage.expect_good("no name", || stage.good().head("kid", Value::Null).sign(own())).await;
    stage.expect_good("the other key", || Jws::assertion(&stage.app, rsa, "signer").sign(rsa)).await;
    let named_nowhere = || Jws::assertion(&stage.app, rsa, "signer").head("kid", Value::Null).sign(rsa);
    stage.expect_good("the other key, no name", named_nowhere).await;
    stage.expect_good("a key beside it", || stage.good().head("jwk", stranger.clone()).sign(own())).await;
}

#[tokio::test]
async fn pk_1_jw_9_jw_10_jw_17_what_is_no_assertion_is_refused() {
    let stage = Stage::new().await;
    let good = || stage.good().sign(own());
    let [head, body, signature] =
        <[String; 3]>::try_from(good().split('.').map(str::to_owned).collect::<Vec<_>>()).unwrap();
    let twice = |text: &str, name: &str| text.replacen('{', &format!("{{\"{name}\":\"neighbour\","), 1);
    for (why, text) in [
        ("no JWT", "x".to_owned()),
        ("a JWE", "a.b.c.d.e".to_owned()),
        ("JSON", format!("%7B%22payload%22:%22{body}%22%7D")),
        ("no signature", format!("{head}.{body}.")),
        ("another's signature", format!("{head}.{body}.{}", good().rsplit('.').next().unwrap())),
        ("a tail", format!("{head}.{body}.{signature}A")),
        ("a claim twice", signed(own(), &stage.good().header_text(), &twice(&stage.good().claims_text(), "iss"))),
        ("no object", signed(own(), &stage.good().header_text(), "[]")),
    ] {
        stage.expect_refused(why, |call| call.asserted(&text)).await;
    }
    for (why, parameters) in [
        ("no type", format!("client_assertion={}", good())),
        ("an empty type", format!("client_assertion_type=&client_assertion={}", good())),
        (
            "another type",
            format!(
                "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Asaml2-bearer&client_assertion={}",
                good()
            ),
        ),
        ("in capitals", format!("client_assertion_type={}&client_assertion={}", ASSERTION_TYPE.to_uppercase(), good())),
        ("no assertion", format!("client_assertion_type={ASSERTION_TYPE}")),
        ("an empty one", format!("client_assertion_type={ASSERTION_TYPE}&client_assertion=")),
    ] {
        stage.expect_refused(why, |call| call.and(&parameters)).await;
    }
    let two = |call: Call| call.asserted(&good()).and(&format!("client_assertion={}", good()));
    stage.expect("two", (400, "invalid_request"), two).await;
    let long = || stage.good().claim("x", "x".repeat(7_000)).sign(own());
    stage.expect("too long", (400, "invalid_request"), |call| call.asserted(&long())).await;
}

#[tokio::test]
async fn pk_7_pk_8_jw_8_a_type_may_be_missing_and_must_not_be_another() {
    let stage = Stage::new().await;
    for typ in ["JWT", "dpop+jwt", "at+jwt", "", "client-authentication", "application/jwt"] {
        stage.expect_refused(typ, |call| call.asserted(&stage.good().head("typ", typ).sign(own()))).await;
    }
    for typ in [
        json!("client-authentication+jwt"),
        json!("Client-Authentication+JWT"),
        json!("application/client-authentication+jwt"),
        Value::Null,
    ] {
        let why = typ.to_string();
        stage.expect_good(&why, || stage.good().head("typ", typ.clone()).sign(own())).await;
    }
}

#[tokio::test]
async fn pk_2_pk_9_oa_2_3_1_the_client_may_be_named_once_more_and_proves_itself_in_one_way() {
    let stage = Stage::new().await;
    let good = || stage.good().sign(own());
    let named = |name: &str| {
        let form = format!("client_assertion_type={ASSERTION_TYPE}&client_assertion={}&scope=openid", good());
        Call::post(AUTHORIZATION, &format!("{name}{form}"))
    };
    for name in ["", "client_id=&", "client_id=signer&"] {
        assert_eq!(named(name).send(&stage.app).await.status, 200, "{name}");
    }
    for name in ["client_id=neighbour&", "client_id=tv&", "client_id=Signer&", "client_id=nobody&", "client_id=%FF&"] {
        let answer = named(name).send(&stage.app).await;
        let expected = if name.contains('%') { "invalid_request" } else { "invalid_client" };
        assert_eq!(answer.refusal(), (400, expected.to_owned()), "{name}");
    }
    let two = (400, "invalid_request");
    stage.expect("with a secret", two, |call| call.asserted(&good()).and("client_secret=x")).await;
    stage.expect("with a header", two, |call| call.asserted(&good()).basic("signer:x")).await;
    stage.expect("with an empty header", two, |call| call.asserted(&good()).basic("signer:")).await;
    stage.expect_refused("nothing", |call| call).await;
    stage.expect_refused("a secret", |call| call.and("client_secret=x")).await;
    stage.expect("Basic", (401, "invalid_client"), |call| call.basic("signer:x")).await;
    stage.expect("Basic, empty", (401, "invalid_client"), |call| call.basic("signer:")).await;
    let in_query = Call::new(Method::POST, &format!("{AUTHORIZATION}?client_assertion={}", good()));
    assert_eq!(in_query.send(&stage.app).await.refusal(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn pk_6_oa_2_3_1_5_df_3_1_12_an_assertion_makes_no_other_client_known() {
    let app = TestApp::new().await;
    let assertion = |client: &str| Jws::assertion(&app, own(), client).sign(own());
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        Caller::register_as(&app, Client { auth, keys: Some(keys(&[own()])), ..client(&format!("c{auth:?}"), "C") })
            .await;
    }
    let disabled = Client { enabled: false, ..signing_client("off", keys(&[own()])) };
    let useless = signing_client("useless", proto::model::ClientKeys::Set(r#"{"keys":[]}"#.into()));
    let keyless = Client { keys: None, ..signing_client("keyless", keys(&[])) };
    for client in [disabled, useless, keyless] {
        app.add_client(client).await;
    }
    let mut bodies = std::collections::BTreeSet::new();
    for name in ["cNone", "cClientSecretBasic", "cClientSecretPost", "off", "useless", "keyless", "tv", "nobody"] {
        let call = Call::post(AUTHORIZATION, "scope=openid").asserted(&assertion(name));
        let answer = call.send(&app).await;
        assert_eq!(answer.refusal(), (400, "invalid_client".to_owned()), "{name}");
        bodies.insert(answer.show());
    }
    assert_eq!(bodies.len(), 1, "they look alike: {bodies:?}");
}

#[tokio::test]
async fn pk_6_md_2_5_every_published_algorithm_is_taken_unless_the_client_registered_another() {
    let app = TestApp::new().await;
    let document = Call::get(METADATA).send(&app).await.json();
    for endpoint in ["token", "revocation", "introspection"] {
        let listed = &document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(*listed, json!(["Ed25519", "EdDSA", "ES256", "RS256"]), "{endpoint}, and never none");
        let methods = document[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
        assert!(methods.contains(&json!("private_key_jwt")), "{endpoint}");
    }
    let start = async |id: &str, key: &SigningKey, name: &str| {
        let assertion = Jws::assertion(&app, key, id).head("alg", name).sign(key);
        Call::post(AUTHORIZATION, "scope=openid").asserted(&assertion).send(&app).await
    };
    let all = of_each_algorithm();
    Caller::signing(&app, "any", &all).await;
    for key in all {
        for name in key.algorithm().names() {
            assert_eq!(start("any", key, name).await.status, 200, "{name}");
        }
    }
    for (registered, alg) in [(SigningAlg::EdDsa, "EdDSA"), (SigningAlg::Es256, "ES256"), (SigningAlg::Rs256, "RS256")]
    {
        let client = Client { assertion_alg: Some(registered), ..signing_client(alg, keys(&all)) };
        Caller::register_as(&app, client).await;
        for key in all {
            let answer = start(alg, key, key.algorithm().name()).await;
            assert_eq!(answer.status == 200, key.algorithm().name() == alg, "{}", answer.body());
        }
    }
}

#[tokio::test]
async fn pk_5_an_assertion_is_good_once_wherever_it_is_shown_and_its_name_belongs_to_its_client() {
    let stage = Stage::new().await;
    for (endpoint, call) in stage.calls.iter().filter(|(endpoint, _)| *endpoint != "revoke") {
        let name = fresh();
        let again = || stage.good().claim("jti", name.as_str()).sign(own());
        let assertion = again();
        stage.app.advance(5);
        expect_answered(endpoint, &call.clone().asserted(&assertion).send(&stage.app).await, "once");
        stage.expect_refused(endpoint, |call| call.asserted(&assertion)).await;
        stage.expect_refused(endpoint, |call| call.asserted(&again())).await;
        stage.app.advance(55);
        stage.expect_refused(endpoint, |call| call.asserted(&assertion)).await;
        let neighbour = Jws::assertion(&stage.app, spare(), "neighbour").claim("jti", name.as_str()).sign(spare());
        let answer = Call::post(AUTHORIZATION, "scope=openid").asserted(&neighbour).send(&stage.app).await;
        assert_eq!(answer.status, 200, "another client may call its own so");
    }
}

#[tokio::test]
async fn pk_6_df_3_4_9_keys_that_are_taken_away_count_no_more() {
    let app = TestApp::new().await;
    app.keep_house().await;
    let signer = Caller::signing(&app, "signer", &[own()]).await;
    let start = signer.assert(&app, own(), signer.call(AUTHORIZATION, "scope=openid")).send(&app).await;
    app.decide(&start.text("user_code"), "approve").await;
    let id = proto::model::ClientId::parse("signer").unwrap();
    let edit = flow::admin::ClientEdit { enabled: Some(false), ..Default::default() };
    app.flow.admin().edit_client(&id, &edit).await.unwrap();
    app.heed().await;
    let poll = signer.poll(&start.text("device_code"));
    let refused = signer.assert(&app, own(), poll.clone()).send(&app).await;
    assert_eq!(refused.refusal(), (400, "invalid_client".to_owned()));
    let edit = flow::admin::ClientEdit { enabled: Some(true), ..Default::default() };
    app.flow.admin().edit_client(&id, &edit).await.unwrap();
    app.heed().await;
    let tokens = signer.assert(&app, own(), poll).send(&app).await;
    assert_eq!(Call::get(USERINFO).bearer(&tokens.text("access_token")).send(&app).await.status, 200);
    assert_eq!(signer.secret, "", "there is no secret that could be lost");
}
