//! DPoP (RFC 9449): what a proof must be, wherever one is looked at, and what is bound to its key.

use http::Method;
use jose::{SigningKey, dpop};
use proto::model::{AuthMethod, Client, Demand, GrantType};
use serde_json::{Value, json};

use super::signed::{Jws, of_each_algorithm, other, own, signed};
use super::support::{AUTHORIZATION, Answer, Call, Caller, INTROSPECT, METADATA, TOKEN, USERINFO, part};
use crate::support::{ISSUER, TestApp, client};

/// Where proofs are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    Poll,
    Refresh,
    Userinfo,
}

const PLACES: [Place; 4] = [Place::Start, Place::Poll, Place::Refresh, Place::Userinfo];

impl Place {
    const fn target(self) -> (Method, &'static str) {
        match self {
            Self::Start => (Method::POST, AUTHORIZATION),
            Self::Poll | Self::Refresh => (Method::POST, TOKEN),
            Self::Userinfo => (Method::GET, USERINFO),
        }
    }
}

/// A device that waits, and another that holds tokens bound to its key.
struct Stage {
    app: TestApp,
    device: Caller,
    code: String,
    access: String,
    refresh: String,
}

impl Stage {
    async fn new(app: TestApp) -> Self {
        let device = Caller::lasting(&app, "box", AuthMethod::None).await;
        let tokens = device.signed_in_with(&app, own(), "openid+offline_access").await;
        let code = device.start(&app, "openid").await.device_code;
        let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
        Self { app, device, code, access, refresh }
    }

    /// The request, without a proof.
    fn call(&self, place: Place) -> Call {
        match place {
            Place::Start => self.device.call(AUTHORIZATION, "scope=openid"),
            Place::Poll => self.device.poll(&self.code),
            Place::Refresh => self.device.refresh(&self.refresh),
            Place::Userinfo => Call::get(USERINFO).header("authorization", &format!("DPoP {}", self.access)),
        }
    }

    /// A good proof for it.
    fn proof(&self, place: Place, key: &SigningKey) -> Jws {
        let (method, path) = place.target();
        let proof = Jws::proof(&self.app, key, &method, path);
        if place == Place::Userinfo { proof.claim("ath", dpop::ath(&self.access)) } else { proof }
    }

    async fn expect_good(&self, place: Place, proof: &str, why: &str) {
        // Time for the next poll, and none for a nonce to grow old.
        self.app.advance(5);
        let answer = self.call(place).header("dpop", proof).send(&self.app).await;
        if place == Place::Poll {
            assert_eq!(answer.refusal(), (400, "authorization_pending".to_owned()), "{why}");
        } else {
            assert_eq!(answer.status, 200, "{place:?} {why}: {}", answer.body());
        }
    }

    #[track_caller]
    fn expect_refused(place: Place, answer: &Answer, error: &str, why: &str) {
        let status = if place == Place::Userinfo { 401 } else { 400 };
        assert_eq!(answer.refusal(), (status, error.to_owned()), "{place:?} {why}");
        let challenge = format!(r#"DPoP realm="countersign", error="{error}", algs="EdDSA ES256 RS256""#);
        let expected = if place == Place::Userinfo { vec![challenge.as_str()] } else { vec![] };
        assert_eq!(answer.headers("www-authenticate"), expected, "{place:?} {why}");
    }
}

/// Proofs that are none, each by one thing only.
fn bad(stage: &Stage, place: Place) -> Vec<(String, String)> {
    let key = own();
    let good = || stage.proof(place, key);
    let signed_good = good().sign(key);
    let [head, body, signature] = <[&str; 3]>::try_from(signed_good.split('.').collect::<Vec<_>>()).unwrap();
    let mut private: Value = serde_json::from_str(&key.public_jwk().canonical_json()).unwrap();
    private["d"] = json!("AAAA");
    let twice = |text: &str, name: &str| text.replacen('{', &format!("{{\"{name}\":\"x\","), 1);
    let mut bad = vec![
        ("nothing", String::new()),
        ("no JWT", "x".to_owned()),
        ("a JWE", "a.b.c.d.e".to_owned()),
        ("the JSON serialization", json!({"protected": head, "payload": body, "signature": signature}).to_string()),
        ("two in one header", format!("{signed_good}, {}", good().sign(key))),
        ("no signature", format!("{head}.{body}.")),
        ("a signature of something else", format!("{head}.{body}.{}", good().sign(key).rsplit('.').next().unwrap())),
        ("padding", format!("{head}.{body}=.{signature}")),
        ("too long", good().claim("x", "x".repeat(9_000)).sign(key)),
        ("another key's signature", good().sign(other())),
        ("a name twice in the header", signed(key, &twice(&good().header_text(), "typ"), &good().claims_text())),
        ("a name twice in the claims", signed(key, &good().header_text(), &twice(&good().claims_text(), "jti"))),
        ("claims that are no object", signed(key, &good().header_text(), "[]")),
    ]
    .into_iter()
    .map(|(why, text)| (why.to_owned(), text))
    .collect::<Vec<_>>();
    let heads = [
        ("typ", json!(null)),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!(null)),
        ("jwk", json!(null)),
        ("jwk", json!("x")),
        ("jwk", private),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("jwk", json!({"kty": "EC", "crv": "P-256", "x": "A".repeat(43), "y": "A".repeat(43)})),
        ("crit", json!(["x"])),
    ];
    bad.extend(heads.map(|(name, value)| (format!("{name} {value}"), good().head(name, value).sign(key))));
    let htu = |text: &str| json!(text.replace("PATH", place.target().1));
    let claims = [
        ("jti", json!(null)),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(257))),
        ("htm", json!(null)),
        ("htm", json!("PUT")),
        ("htm", json!("post")),
        ("htm", json!("get")),
        ("htu", json!(null)),
        ("htu", htu("PATH")),
        ("htu", htu("http://id.example.com PATH")),
        ("htu", htu("http://id.example.comPATH")),
        ("htu", htu("https://id.example.com:8443PATH")),
        ("htu", htu("https://id.example.com.evil.examplePATH")),
        ("htu", htu("https://me@id.example.comPATH")),
        ("htu", htu("https://id.example.comPATH/")),
        ("htu", json!(ISSUER)),
        ("htu", json!(format!("{ISSUER}/oauth2/revoke"))),
        ("iat", json!(null)),
        ("iat", json!("now")),
        ("iat", json!(-1)),
        ("iat", json!(1e300)),
        ("nonce", json!(7)),
    ];
    bad.extend(claims.map(|(name, value)| (format!("{name} {value}"), good().claim(name, value).sign(key))));
    if place == Place::Userinfo {
        let hashes = [json!(null), json!(7), json!(""), json!(dpop::ath("x")), json!(stage.access)];
        bad.extend(hashes.map(|hash| (format!("ath {hash}"), good().claim("ath", hash).sign(key))));
    }
    bad
}

#[tokio::test]
async fn dp_4_3_1_dp_4_3_2_dp_4_3_3_dpd_1_a_bad_proof_is_refused_wherever_one_is_looked_at_and_changes_nothing() {
    let stage = Stage::new(TestApp::new().await).await;
    for place in PLACES {
        let before = stage.app.everything().await;
        for (why, proof) in bad(&stage, place) {
            let answer = stage.call(place).header("dpop", &proof).send(&stage.app).await;
            Stage::expect_refused(place, &answer, "invalid_dpop_proof", &why);
        }
        let proof = || stage.proof(place, own()).sign(own());
        for (why, call) in [
            ("two headers", stage.call(place).header("dpop", &proof()).header("dpop", &proof())),
            ("one of two is empty", stage.call(place).header("dpop", &proof()).header("dpop", "")),
            ("no text", stage.call(place).header_bytes("dpop", b"\xff\xfe")),
        ] {
            let answer = call.send(&stage.app).await;
            Stage::expect_refused(place, &answer, "invalid_dpop_proof", why);
        }
        assert_eq!(stage.app.everything().await, before, "{place:?}");
    }
    for place in PLACES {
        stage.expect_good(place, &stage.proof(place, own()).sign(own()), "none of it harmed a good one").await;
    }
}

#[tokio::test]
async fn dp_4_3_2_dp_4_3_3_every_good_proof_is_taken() {
    let stage = Stage::new(TestApp::new().await).await;
    for place in PLACES {
        let (good, path) = (|| stage.proof(place, own()), place.target().1);
        for htu in [
            "https://id.example.comPATH?a=b",
            "https://id.example.comPATH#here",
            "HTTPS://ID.Example.Com:443PATH",
            "https://id.example.com/x/..PATH",
            "https://id.example.comESCAPED",
        ] {
            let htu = htu.replace("PATH", path).replace("ESCAPED", &path.replace("/oauth2", "/%6Fauth2"));
            stage.expect_good(place, &good().claim("htu", htu.as_str()).sign(own()), &htu).await;
        }
        for (why, proof) in [
            ("a fraction", good().claim("iat", stage.app.env.now().as_seconds() as f64 + 0.5)),
            ("claims of its own", good().claim("x", json!({"y": [1]}))),
            ("a kid", good().head("kid", "../../etc/passwd")),
        ] {
            stage.expect_good(place, &proof.sign(own()), why).await;
        }
    }
    // Whichever algorithm is published, under each of its names.
    let published = Call::get(METADATA).send(&stage.app).await.json()["dpop_signing_alg_values_supported"].clone();
    assert_eq!(published, json!(["Ed25519", "EdDSA", "ES256", "RS256"]));
    for key in of_each_algorithm() {
        for name in key.algorithm().names() {
            let proof = stage.proof(Place::Start, key).head("alg", *name).sign(key);
            stage.expect_good(Place::Start, &proof, name).await;
            let proof = stage.proof(Place::Poll, key).head("alg", *name).sign(key);
            stage.expect_good(Place::Poll, &proof, name).await;
        }
        let tokens = stage.device.signed_in_with(&stage.app, key, "openid+offline_access").await;
        assert_eq!(part(&tokens.text("access_token"), 1)["cnf"]["jkt"], key.public_jwk().thumbprint());
        let asked = Call::userinfo(&stage.app, key, &tokens.text("access_token")).send(&stage.app).await;
        assert_eq!(asked.status, 200);
    }
}

#[tokio::test]
async fn dp_4_3_4_without_nonces_a_proof_is_dated_by_its_clock_within_a_minute() {
    let app = TestApp::with(|settings| settings.dpop = flow::DpopPolicy::Clock, "").await;
    let stage = Stage::new(app).await;
    for place in PLACES {
        for (seconds, good) in [(-61, false), (-60, true), (0, true), (15, true), (16, false), (-1_000_000, false)] {
            // `expect_good` lets five seconds pass.
            let seconds = if good { seconds + 5 } else { seconds };
            let proof = stage.proof(place, own()).claim_later("iat", seconds).sign(own());
            if good {
                stage.expect_good(place, &proof, &format!("{seconds} s")).await;
            } else {
                let answer = stage.call(place).header("dpop", &proof).send(&stage.app).await;
                Stage::expect_refused(place, &answer, "invalid_dpop_proof", &format!("{seconds} s"));
                assert_eq!(answer.header("dpop-nonce"), "", "none are handed out");
            }
        }
        for (name, seconds) in [("exp", -16), ("nbf", 16)] {
            let proof = stage.proof(place, own()).claim_later(name, seconds).sign(own());
            let answer = stage.call(place).header("dpop", &proof).send(&stage.app).await;
            Stage::expect_refused(place, &answer, "invalid_dpop_proof", name);
        }
    }
}

#[tokio::test]
async fn dp_4_3_5_a_proof_is_good_once() {
    for policy in [flow::DpopPolicy::Clock, flow::DpopPolicy::Nonce] {
        let stage = Stage::new(TestApp::with(|settings| settings.dpop = policy, "").await).await;
        for place in PLACES {
            let proof = stage.proof(place, own()).claim("jti", format!("{place:?}")).sign(own());
            stage.expect_good(place, &proof, "once").await;
            let before = stage.app.everything().await;
            for seconds in [0, 1, 30] {
                stage.app.advance(seconds);
                let answer = stage.call(place).header("dpop", &proof).send(&stage.app).await;
                Stage::expect_refused(place, &answer, "invalid_dpop_proof", "again");
            }
            let same_name = stage.proof(place, own()).claim("jti", format!("{place:?}")).sign(own());
            let answer = stage.call(place).header("dpop", &same_name).send(&stage.app).await;
            Stage::expect_refused(place, &answer, "invalid_dpop_proof", "another of that name");
            assert_eq!(stage.app.everything().await, before);
        }
        // Another key's proof of that name is another proof.
        let foreign = stage.proof(Place::Poll, other()).claim("jti", "Poll").sign(other());
        stage.expect_good(Place::Poll, &foreign, "another key").await;
    }
}

#[tokio::test]
async fn dp_5_1_dp_6_1_1_a_bound_token_says_so_in_its_type_in_itself_and_to_apis() {
    let app = TestApp::new().await;
    let api = Client { auth: AuthMethod::ClientSecretBasic, introspects: true, ..client("api", "The API") };
    let api = Caller::register_as(&app, api).await;
    let jkt = own().public_jwk().thumbprint();
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let device = Caller::lasting(&app, &format!("box{auth:?}"), auth).await;
        let first = device.signed_in_with(&app, own(), "openid+offline_access").await;
        let again = device.refresh(&first.text("refresh_token")).proven(&app, own()).send(&app).await;
        for tokens in [first, again] {
            assert_eq!(tokens.text("token_type"), "DPoP");
            let access = tokens.text("access_token");
            assert_eq!(part(&access, 1)["cnf"], json!({"jkt": jkt}));
            assert_eq!(part(&tokens.text("id_token"), 1).get("cnf"), None);
            let told = api.call(INTROSPECT, &format!("token={access}")).send(&app).await.json();
            assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("DPoP")));
            assert_eq!(told["cnf"], json!({"jkt": jkt}));
        }
        let unbound = device.signed_in(&app, "openid").await;
        assert_eq!(unbound.text("token_type"), "Bearer");
        assert_eq!(part(&unbound.text("access_token"), 1).get("cnf"), None);
    }
}

#[tokio::test]
async fn dp_5_1_1_a_client_that_must_prove_a_key_gets_nothing_without() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::None, AuthMethod::ClientSecretBasic] {
        let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        let mut strict = Client { auth, grants, ..client(&format!("strict{auth:?}"), "Strict") };
        strict.tokens.dpop = Demand::Required;
        let strict = Caller::register_as(&app, strict).await;
        let started = strict.start(&app, "openid+offline_access").await;
        let needs = |answer: &Answer| {
            assert_eq!(answer.refusal(), (400, "invalid_dpop_proof".to_owned()));
            assert!(answer.body().contains("a DPoP proof is needed here"), "{}", answer.body());
        };
        needs(&strict.poll(&started.device_code).send(&app).await);
        app.decide(&started.user_code, "approve").await;
        needs(&strict.poll(&started.device_code).send(&app).await);
        let tokens = strict.poll(&started.device_code).proven(&app, own()).send(&app).await;
        assert_eq!(tokens.text("token_type"), "DPoP");
        needs(&strict.refresh(&tokens.text("refresh_token")).send(&app).await);
        let renewed = strict.refresh(&tokens.text("refresh_token")).proven(&app, own()).send(&app).await;
        assert_eq!(renewed.text("token_type"), "DPoP");
    }
}

#[tokio::test]
async fn dp_4_3_3_md_4_1_a_proof_names_the_published_address_whatever_the_request_says_of_itself() {
    let app = TestApp::with(|settings| *settings = flow::Settings::new("https://id.example.com/people/de"), "").await;
    let path = format!("/people/de{AUTHORIZATION}");
    let call = || Caller::tv().call(&path, "scope=openid").header("host", "10.0.0.7:8080");
    assert_eq!(call().proven(&app, own()).send(&app).await.status, 200);
    let named = Call::get("/people/de/.well-known/openid-configuration").send(&app).await;
    let proof = || Jws::proof(&app, own(), &Method::POST, AUTHORIZATION);
    let published = proof().claim("htu", named.text("device_authorization_endpoint")).sign(own());
    assert_eq!(call().header("dpop", &published).send(&app).await.status, 200);
    for htu in [
        format!("{ISSUER}{AUTHORIZATION}"),
        format!("https://10.0.0.7:8080{path}"),
        format!("http://10.0.0.7:8080{path}"),
    ] {
        let answer = call().header("dpop", &proof().claim("htu", htu.as_str()).sign(own())).send(&app).await;
        assert_eq!(answer.refusal(), (400, "invalid_dpop_proof".to_owned()), "{htu}");
    }
}
