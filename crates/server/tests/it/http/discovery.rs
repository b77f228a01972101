//! Both discovery documents and the keys, as caches and clients see them (RFC 8414; OpenID Connect Discovery).

use std::collections::BTreeSet;

use http::Method;
use proto::model::{AuthMethod, Client, SigningAlg};
use serde_json::Value;

use super::signed::{own, signing_client};
use super::support::{AUTHORIZATION, Call, Caller, INTROSPECT, JWKS, METADATA, OPENID, TOKEN, USERINFO, members, part};
use crate::support::{ISSUER, TestApp, client, user_name};

const WITH_PATH: &str = "https://id.example.com/people/de";

async fn under_a_path() -> TestApp {
    TestApp::with(|settings| *settings = flow::Settings::new(WITH_PATH), "").await
}

#[tokio::test]
async fn md_2_2_md_2_3_md_2_4_md_2_6_md_2_9_md_3_2_1_df_4_1_df_4_2_oi_14_cf_2_the_document() {
    let app = TestApp::new().await;
    let answer = Call::get(METADATA).send(&app).await;
    let tag = answer.header("etag").to_owned();
    assert!(tag.len() > 12 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    let body = answer.json();
    let lines = body.as_object().unwrap().iter().map(|(name, value)| format!("{name}: {value}\n"));
    insta::assert_snapshot!(lines.collect::<String>(), @r#"
    acr_values_supported: ["urn:countersign:acr:one-factor"]
    claims_supported: ["iss","sub","aud","exp","iat","auth_time","acr","amr","at_hash","name","preferred_username","email"]
    code_challenge_methods_supported: ["S256"]
    device_authorization_endpoint: "https://id.example.com/oauth2/device_authorization"
    dpop_signing_alg_values_supported: ["Ed25519","EdDSA","ES256","RS256"]
    grant_types_supported: ["urn:ietf:params:oauth:grant-type:device_code","refresh_token"]
    id_token_signing_alg_values_supported: ["RS256","ES256","EdDSA"]
    introspection_endpoint: "https://id.example.com/oauth2/introspect"
    introspection_endpoint_auth_methods_supported: ["client_secret_basic","client_secret_post","private_key_jwt"]
    introspection_endpoint_auth_signing_alg_values_supported: ["Ed25519","EdDSA","ES256","RS256"]
    issuer: "https://id.example.com"
    jwks_uri: "https://id.example.com/oauth2/jwks"
    registration_endpoint: "https://id.example.com/oauth2/register"
    revocation_endpoint: "https://id.example.com/oauth2/revoke"
    revocation_endpoint_auth_methods_supported: ["none","client_secret_basic","client_secret_post","private_key_jwt"]
    revocation_endpoint_auth_signing_alg_values_supported: ["Ed25519","EdDSA","ES256","RS256"]
    scopes_supported: ["openid","profile","email"]
    subject_types_supported: ["public","pairwise"]
    token_endpoint: "https://id.example.com/oauth2/token"
    token_endpoint_auth_methods_supported: ["none","client_secret_basic","client_secret_post","private_key_jwt"]
    token_endpoint_auth_signing_alg_values_supported: ["Ed25519","EdDSA","ES256","RS256"]
    ui_locales_supported: ["en"]
    userinfo_endpoint: "https://id.example.com/oauth2/userinfo"
    "#);
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    for (name, value) in body.as_object().unwrap() {
        assert!(!value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()), "{name} has no elements");
    }
    // What is not offered is not listed: no code flow (CF-2), and no endpoint that does not answer.
    for absent in ["authorization_endpoint", "response_types_supported"] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
    for endpoint in [
        "device_authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
    ] {
        let path = body[endpoint].as_str().unwrap().strip_prefix(ISSUER).unwrap().to_owned();
        assert_ne!(Call::get(&path).send(&app).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn md_3_1_md_3_2_both_documents_are_one_and_stand_where_clients_look() {
    let app = TestApp::new().await;
    let document = Call::get(METADATA).send(&app).await;
    assert_eq!(Call::get(OPENID).send(&app).await.body(), document.body());

    let app = under_a_path().await;
    let inserted = Call::get(&format!("{METADATA}/people/de")).send(&app).await;
    let body = inserted.json();
    assert_eq!(body["issuer"], WITH_PATH);
    assert_eq!(body["token_endpoint"], format!("{WITH_PATH}{TOKEN}"));
    for appended in [OPENID, METADATA] {
        let appended = Call::get(&format!("/people/de{appended}")).send(&app).await;
        assert_eq!((appended.status, appended.body()), (200, inserted.body()));
    }
    for path in
        [METADATA, OPENID, TOKEN, &format!("{METADATA}/people"), &format!("{METADATA}/people/de/"), "/people/de"]
    {
        assert_eq!(Call::get(path).send(&app).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn md_2_1_everything_hangs_under_an_issuer_with_a_path() {
    let app = under_a_path().await;
    let answer = Caller::tv().call("/people/de/oauth2/device_authorization", "scope=openid").send(&app).await;
    assert_eq!(answer.text("verification_uri"), format!("{WITH_PATH}/device"));
    let code = answer.text("user_code");
    assert_eq!(answer.text("verification_uri_complete"), format!("{WITH_PATH}/D/{code}"));
    assert_eq!(Call::get(&format!("/people/de{JWKS}")).send(&app).await.status, 200);
    assert_eq!(Call::get("/people/de/health/live").send(&app).await.status, 200);
    assert_eq!(Call::get("/people/de/device").send(&app).await.status, 200);
}

#[tokio::test]
async fn md_2_1_a_slash_at_the_end_of_the_issuer_is_dropped() {
    let app = TestApp::with(|settings| *settings = flow::Settings::new(&format!("{WITH_PATH}/")), "").await;
    assert_eq!(Call::get(&format!("{METADATA}/people/de")).send(&app).await.json()["issuer"], WITH_PATH);
}

#[tokio::test]
async fn md_4_1_no_header_has_a_say_in_what_is_published() {
    for proxies in ["", "203.0.113.0/24"] {
        let app = TestApp::with(|_| {}, proxies).await;
        for path in [METADATA, OPENID] {
            let honest = Call::get(path).send(&app).await;
            let forged = Call::get(path)
                .header("host", "evil.example")
                .header("x-forwarded-host", "evil.example")
                .header("x-forwarded-proto", "http")
                .header("x-forwarded-prefix", "/evil")
                .header("x-original-url", "/evil")
                .header("forwarded", "host=evil.example;proto=http");
            let absolute = Call::get(&format!("http://evil.example{path}")).header("host", "evil.example");
            for call in [forged, absolute] {
                let answer = call.send(&app).await;
                assert_eq!((answer.body(), answer.header("etag")), (honest.body(), honest.header("etag")));
            }
        }
        let call = Caller::tv().call(AUTHORIZATION, "").header("x-forwarded-host", "evil.example");
        let answer = call.header("host", "evil.example").send(&app).await;
        assert!(!answer.body().contains("evil") && answer.text("verification_uri").starts_with(ISSUER));
    }
}

#[tokio::test]
async fn md_4_2_documents_and_keys_may_be_kept_for_an_hour_and_asked_about() {
    let app = TestApp::new().await;
    for path in [METADATA, OPENID, JWKS] {
        let answer = Call::get(path).send(&app).await;
        assert_eq!(answer.header("cache-control"), "public, max-age=3600");
        assert_eq!(answer.header("pragma"), "");
        let tag = answer.header("etag").to_owned();
        for (known, status) in [
            (tag.as_str(), 304),
            (&format!("W/{tag}"), 304),
            (&format!("\"x\", {tag}"), 304),
            ("*", 304),
            ("\"x\"", 200),
            (tag.trim_matches('"'), 200),
            ("", 200),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let again = Call::new(method, path).header("if-none-match", known).send(&app).await;
                assert_eq!((again.status, again.header("etag")), (status, tag.as_str()), "{path} {known}");
                assert_eq!(again.header("cache-control"), "public, max-age=3600");
                assert!(status == 200 || again.body().is_empty());
            }
        }
        let lines = Call::get(path).header("if-none-match", "\"x\"").header("if-none-match", &tag);
        assert_eq!(lines.send(&app).await.status, 304);
    }
}

#[tokio::test]
async fn jw_11_md_2_7_the_keys_are_public_and_each_says_what_it_is_for() {
    let app = TestApp::new().await;
    let answer = Call::get(JWKS).send(&app).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let body = answer.json();
    assert_eq!(members(&body), ["keys"]);
    let (mut kids, mut algs) = (BTreeSet::new(), BTreeSet::new());
    for key in body["keys"].as_array().unwrap() {
        let mut names = members(key);
        names.sort_unstable();
        let expected: &[&str] = match key["kty"].as_str().unwrap() {
            "EC" => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            "OKP" => &["alg", "crv", "kid", "kty", "use", "x"],
            "RSA" => &["alg", "e", "kid", "kty", "n", "use"],
            other => panic!("{other}"),
        };
        assert_eq!(names, expected, "nothing private, nothing else");
        assert_eq!(key["use"], "sig");
        assert!(kids.insert(key["kid"].as_str().unwrap().to_owned()), "kid twice");
        algs.insert(key["alg"].as_str().unwrap().to_owned());
    }
    assert_eq!(algs, ["ES256", "EdDSA", "RS256"].map(str::to_owned).into());
}

#[tokio::test]
async fn jw_11_oi_15_a_rotated_key_is_published_beside_the_old_one_and_changes_the_tag() {
    let app = TestApp::new().await;
    app.keep_house().await;
    let before = Call::get(JWKS).send(&app).await;
    app.flow.admin().rotate_key(proto::model::KeyPurpose::SignEs256).await.unwrap();
    app.heed().await;
    let after = Call::get(JWKS).send(&app).await;
    assert_ne!(before.header("etag"), after.header("etag"));
    let count = |keys: &Value| keys["keys"].as_array().unwrap().len();
    assert_eq!(count(&after.json()), count(&before.json()) + 1);
}

#[tokio::test]
async fn jw_15_oi_7_id_tokens_carry_a_name_that_is_listed_and_every_listed_name_is_carried() {
    let app = TestApp::new().await;
    let document = Call::get(METADATA).send(&app).await.json();
    let listed = |name: &str| {
        let list = document[name].as_array().unwrap().iter();
        list.map(|name| name.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let mut carried = BTreeSet::new();
    for id_token_alg in [SigningAlg::EdDsa, SigningAlg::Es256, SigningAlg::Rs256] {
        let id = format!("{id_token_alg:?}");
        let caller = Caller::register_as(&app, Client { id_token_alg, ..client(&id, &id) }).await;
        let token = caller.signed_in(&app, "openid").await.text("id_token");
        carried.insert(part(&token, 0)["alg"].as_str().unwrap().to_owned());
    }
    assert_eq!(listed("id_token_signing_alg_values_supported"), carried);
    assert!(carried.contains("RS256"));
    // What is only verified is known under both names of Ed25519.
    let verified = listed("dpop_signing_alg_values_supported");
    assert!(verified.is_superset(&BTreeSet::from(["Ed25519".to_owned(), "EdDSA".to_owned()])), "{verified:?}");
}

#[tokio::test]
async fn jw_1_access_tokens_are_signed_as_the_operator_chose_with_a_published_key() {
    for (signing, alg) in [(SigningAlg::EdDsa, "EdDSA"), (SigningAlg::Es256, "ES256"), (SigningAlg::Rs256, "RS256")] {
        let app = TestApp::with(|settings| settings.signing = signing, "").await;
        let token = Caller::tv().signed_in(&app, "openid").await.text("access_token");
        let header = part(&token, 0);
        assert_eq!(header["alg"], alg);
        let keys = Call::get(JWKS).send(&app).await.json();
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
        assert_eq!(key["alg"], alg);
        assert_eq!(Call::get(USERINFO).bearer(&token).send(&app).await.status, 200);
    }
}

fn listed(document: &Value, name: &str) -> BTreeSet<String> {
    let list = document[name].as_array().expect(name);
    list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

#[tokio::test]
async fn md_2_8_md_2_3_all_that_is_listed_is_given_at_once_and_to_ask_for_all_of_it_is_safe() {
    let app = TestApp::new().await;
    let edit = flow::admin::UserEdit {
        display_name: Some("Maria".into()),
        email: Some("maria@example.com".into()),
        ..Default::default()
    };
    app.flow.admin().edit_user(&user_name("maria"), &edit).await.unwrap();
    let document = Call::get(METADATA).send(&app).await.json();
    let scopes = listed(&document, "scopes_supported");
    let device = Caller::lasting(&app, "box", AuthMethod::None).await;
    let asked = scopes.iter().cloned().collect::<Vec<_>>().join("+");
    let plain = Caller::tv().signed_in(&app, &asked).await;
    assert_eq!(plain.text("scope").replace(' ', "+"), asked, "also by a client without lasting access");
    let tokens = device.signed_in(&app, &format!("{asked}+offline_access")).await;
    let granted: BTreeSet<_> = tokens.text("scope").split(' ').map(str::to_owned).collect();
    assert_eq!(granted, scopes.iter().cloned().chain(["offline_access".to_owned()]).collect());
    let told = Call::get(USERINFO).bearer(&tokens.text("access_token")).send(&app).await.json();
    let mut claims = BTreeSet::new();
    for object in [&part(&tokens.text("id_token"), 1), &told] {
        claims.extend(members(object).into_iter().map(str::to_owned));
    }
    assert_eq!(listed(&document, "claims_supported"), claims);
    let grants = listed(&document, "grant_types_supported");
    for grant in ["authorization_code", "implicit", "password", "client_credentials"]
        .into_iter()
        .chain(grants.iter().map(String::as_str))
    {
        let call = device.call(TOKEN, &format!("grant_type={}", grant.replace(':', "%3A")));
        let is_offered = call.send(&app).await.refusal().1 != "unsupported_grant_type";
        assert_eq!(is_offered, grants.contains(grant), "{grant}");
    }
    assert_eq!(device.refresh(&tokens.text("refresh_token")).send(&app).await.status, 200, "offline_access is given");
}

#[tokio::test]
async fn md_2_4_md_2_9_every_way_to_authenticate_that_is_listed_works_where_it_is_and_no_other() {
    let app = TestApp::new().await;
    let document = Call::get(METADATA).send(&app).await.json();
    let all = set(&["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]);
    let mut works = std::collections::BTreeMap::<_, BTreeSet<String>>::new();
    for (name, auth) in [
        ("none", AuthMethod::None),
        ("client_secret_basic", AuthMethod::ClientSecretBasic),
        ("client_secret_post", AuthMethod::ClientSecretPost),
        ("private_key_jwt", AuthMethod::PrivateKeyJwt),
    ] {
        let keys = (auth == AuthMethod::PrivateKeyJwt).then(|| super::signed::keys(&[own()]));
        let registered = Client { auth, keys, ..signing_client(name, super::signed::keys(&[own()])) };
        let caller = Caller::register_as(&app, registered).await;
        let send = async |call: Call| {
            let call = if auth == AuthMethod::PrivateKeyJwt { caller.assert(&app, own(), call) } else { call };
            call.send(&app).await
        };
        let started = send(caller.call(AUTHORIZATION, "scope=openid")).await;
        app.decide(&started.text("user_code"), "approve").await;
        let tokens = send(caller.poll(&started.text("device_code"))).await;
        let access = tokens.text("access_token");
        let introspected = send(caller.call(INTROSPECT, &format!("token={access}"))).await;
        let revoked = send(caller.revoke(&access)).await;
        for (endpoint, answer) in [("token", tokens), ("introspection", introspected), ("revocation", revoked)] {
            if answer.status == 200 {
                works.entry(endpoint).or_default().insert(name.to_owned());
            }
        }
    }
    for (endpoint, works) in works {
        assert_eq!(listed(&document, &format!("{endpoint}_endpoint_auth_methods_supported")), works, "{endpoint}");
        assert!(works.is_subset(&all));
    }
    // At the device authorization endpoint as at the token endpoint; PKCE as it is listed.
    for (method, status) in [("S256", 200), ("plain", 400)] {
        let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let call = Caller::tv().call(AUTHORIZATION, &format!("{challenge}&code_challenge_method={method}"));
        assert_eq!(call.send(&app).await.status, status, "{method}");
        assert_eq!(listed(&document, "code_challenge_methods_supported").contains(method), status == 200);
    }
}
