//! Client authentication, at every endpoint and in every way (RFC 6749 §2.3, §5.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::model::{AuthMethod, Client, DeviceAuth, GrantType};

use super::support::{AUTHORIZATION, Answer, Call, Caller, DEVICE_CODE, REVOKE, TOKEN};
use crate::support::{TestApp, client};

const METHODS: [AuthMethod; 3] = [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
const INVALID: &str = r#"{"error":"invalid_client"}"#;

/// Every endpoint for clients, and the rest of a body for each.
fn endpoints() -> [(&'static str, String); 4] {
    [
        (AUTHORIZATION, "scope=openid".to_owned()),
        (TOKEN, format!("grant_type={DEVICE_CODE}&device_code=dc_x")),
        (TOKEN, "grant_type=refresh_token&refresh_token=rt_x".to_owned()),
        (REVOKE, "token=rt_x".to_owned()),
    ]
}

/// What an endpoint answers to a client that it takes for authentic.
fn is_authentic(answer: &Answer) -> bool {
    answer.status == 200 || answer.refusal().1 == "invalid_grant"
}

#[tokio::test]
async fn oa_2_3_1_1_oa_2_3_1_2_oa_2_3_1_5_oa_3_2_1_1_df_3_1_11_each_client_has_its_one_way() {
    let app = TestApp::new().await;
    for registered in METHODS {
        let own = Caller::register(&app, &format!("c{registered:?}"), registered).await;
        for auth in METHODS {
            // A public client that presents a secret presents one too many.
            let secret = if own.secret.is_empty() { "something".to_owned() } else { own.secret.clone() };
            let caller = Caller { auth, secret, ..own.clone() };
            for (path, rest) in endpoints() {
                let answer = caller.call(path, &rest).send(&app).await;
                if auth == registered {
                    assert!(is_authentic(&answer), "{registered:?} {path}: {}", answer.show());
                } else {
                    let status = if auth == AuthMethod::ClientSecretBasic { 401 } else { 400 };
                    assert_eq!((answer.status, answer.body()), (status, INVALID), "{registered:?} {auth:?} {path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn df_3_1_12_an_unknown_client_a_wrong_secret_and_a_disabled_client_look_alike() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let known = Caller::register(&app, &format!("c{auth:?}"), auth).await;
        let off = Client { enabled: false, auth, ..client(&format!("off{auth:?}"), "Off") };
        let off = Caller::register_as(&app, off).await;
        let unknown = Caller { id: "nobody".into(), ..known.clone() };
        let wrong = Caller { secret: "cs_wrong".into(), ..known.clone() };
        let shorter = Caller { secret: known.secret[..known.secret.len() - 1].into(), ..known.clone() };
        let other = Caller { secret: off.secret.clone(), ..known.clone() };
        for (path, rest) in endpoints() {
            let expected = wrong.call(path, &rest).send(&app).await.show();
            for caller in [&unknown, &off, &shorter, &other] {
                assert_eq!(caller.call(path, &rest).send(&app).await.show(), expected, "{} {path}", caller.id);
            }
        }
    }
    // And without any secret: a public client that is unknown, off, or not public at all.
    let off = Client { enabled: false, ..client("off", "Off") };
    Caller::register_as(&app, off).await;
    Caller::register(&app, "server", AuthMethod::ClientSecretPost).await;
    for (path, rest) in endpoints() {
        for id in ["nobody", "off", "server"] {
            let answer = Call::post(path, &format!("client_id={id}&{rest}")).send(&app).await;
            assert_eq!((answer.status, answer.body()), (400, INVALID), "{id} {path}");
        }
    }
}

#[tokio::test]
async fn oa_5_2_2_invalid_client_is_401_with_a_challenge_exactly_when_a_header_was_used() {
    let app = TestApp::new().await;
    let server = Caller::register(&app, "server", AuthMethod::ClientSecretBasic).await;
    for (path, rest) in endpoints() {
        let wrong = Caller { secret: "wrong".into(), ..server.clone() };
        let by_header = wrong.call(path, &rest).send(&app).await.show();
        let in_body = Caller { auth: AuthMethod::ClientSecretPost, ..wrong }.call(path, &rest).send(&app).await.show();
        insta::allow_duplicates! {
            insta::assert_snapshot!(by_header, @r#"
            401
            cache-control: no-store
            content-type: application/json
            pragma: no-cache
            www-authenticate: Basic realm="countersign", charset="UTF-8"
            {"error":"invalid_client"}
            "#);
            insta::assert_snapshot!(in_body, @r#"
            400
            cache-control: no-store
            content-type: application/json
            pragma: no-cache
            {"error":"invalid_client"}
            "#);
        }
    }
}

#[tokio::test]
async fn oa_2_3_1_1_basic_is_decoded_as_a_form_after_base64_and_its_scheme_has_no_case() {
    let app = TestApp::new().await;
    let odd = Caller::register(&app, "odd client:100%+1", AuthMethod::ClientSecretBasic).await;
    let encoded = format!("odd+client%3A100%25%2B1:{}", odd.secret.replace('_', "%5F"));
    for (path, rest) in endpoints() {
        for scheme in ["Basic", "basic", "BASIC"] {
            let value = format!("{scheme} {}", STANDARD.encode(&encoded));
            let answer = Call::post(path, &rest).header("authorization", &value).send(&app).await;
            assert!(is_authentic(&answer), "{path} {scheme}: {}", answer.show());
        }
        // The id may stand in the body as well, when it is the same.
        let beside = format!("{rest}&client_id=odd+client%3A100%25%2B1");
        assert!(is_authentic(&Call::post(path, &beside).basic(&encoded).send(&app).await), "{path}");
        // Not decoded, the id is another's.
        let raw = format!("odd client:100%+1:{}", odd.secret);
        assert_eq!(Call::post(path, &rest).basic(&raw).send(&app).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn basic_with_an_empty_secret_names_a_public_client() {
    let app = TestApp::new().await;
    Caller::register(&app, "server", AuthMethod::ClientSecretBasic).await;
    for (path, rest) in endpoints() {
        for beside in ["", "&client_id=tv", "&client_secret=", "&client_id=tv&client_secret="] {
            let answer = Call::post(path, &format!("{rest}{beside}")).basic("tv:").send(&app).await;
            assert!(is_authentic(&answer), "{path} {beside}: {}", answer.show());
        }
        for id in ["server:", "nobody:"] {
            let answer = Call::post(path, &rest).basic(id).send(&app).await;
            assert_eq!((answer.status, answer.body()), (401, INVALID), "{path} {id}");
        }
    }
}

#[tokio::test]
async fn unreadable_headers_are_refused_with_a_challenge() {
    let app = TestApp::new().await;
    let long = format!("Basic {}", "QUJD".repeat(3_000));
    for (path, rest) in endpoints() {
        for value in [
            "",
            "Basic",
            "Basic ",
            "Basic !!!!",
            "Basic dHY",
            "Basic dHY=",
            "Bearer abc",
            "DPoP abc",
            "Digest x=y",
            "Basic /w==",
            "dHY6",
            "Basic dHY6 dHY6",
            "Basic\tdHY6",
            &long,
            "\u{e4}\u{f6}",
        ] {
            let body = format!("client_id=tv&{rest}");
            let answer = Call::post(path, &body).header("authorization", value).send(&app).await;
            assert_eq!((answer.status, answer.body()), (401, INVALID), "{path} {value}");
            assert!(answer.header("www-authenticate").starts_with("Basic "), "{path} {value}");
        }
    }
}

#[tokio::test]
async fn oa_2_3_1_two_ways_at_once_are_refused() {
    let app = TestApp::new().await;
    let server = Caller::register(&app, "server", AuthMethod::ClientSecretBasic).await;
    let secret = &server.secret;
    for (path, rest) in endpoints() {
        let own = server.call(path, &rest);
        for (call, said) in [
            (
                server.call(path, &format!("{rest}&client_secret={secret}")),
                "more than one way of client authentication",
            ),
            (
                server.call(path, &format!("{rest}&client_id=server&client_secret=x")),
                "more than one way of client authentication",
            ),
            (own.clone().basic(&format!("server:{secret}")), "more than one way of client authentication"),
            (own.clone().bearer("x"), "more than one way of client authentication"),
            (
                server.call(path, &format!("{rest}&client_id=tv")),
                "the Authorization header and client_id name different clients",
            ),
        ] {
            let answer = call.send(&app).await;
            assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{path} {said}");
            assert_eq!(answer.json()["error_description"], said, "{path}");
        }
        assert!(is_authentic(&own.send(&app).await));
    }
}

#[tokio::test]
async fn df_3_4_4_a_client_with_a_secret_shows_it_at_every_poll() {
    let app = TestApp::new().await;
    for auth in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let id = format!("c{auth:?}");
        let optional = Client { auth, device_auth: DeviceAuth::Optional, ..client(&id, "Excused") };
        let caller = Caller::register_as(&app, optional).await;
        // Excused at the start, and nowhere else.
        let nameless = Caller { auth: AuthMethod::None, ..caller.clone() };
        let started = nameless.start(&app, "openid").await;
        let bare = nameless.poll(&started.device_code).send(&app).await;
        assert_eq!((bare.status, bare.body()), (400, INVALID), "and not that it is pending");
        app.decide(&started.user_code, "approve").await;
        assert_eq!(nameless.poll(&started.device_code).send(&app).await.body(), INVALID);
        assert_eq!(caller.poll(&started.device_code).send(&app).await.status, 200);
    }
}

#[tokio::test]
async fn df_3_1_13_the_grant_is_off_unless_the_client_has_it() {
    let app = TestApp::new().await;
    for grants in [vec![], vec![GrantType::RefreshToken]] {
        let id = format!("without{}", grants.len());
        let without = Caller::register_as(&app, Client { grants, ..client(&id, "Without") }).await;
        let answer = without.call(AUTHORIZATION, "").send(&app).await.show();
        insta::allow_duplicates! {
            insta::assert_snapshot!(answer, @r#"
            400
            cache-control: no-store
            content-type: application/json
            pragma: no-cache
            {"error":"unauthorized_client","error_description":"the device authorization grant is not enabled for this client"}
            "#);
        }
    }
}

#[tokio::test]
async fn both_secrets_are_good_while_one_is_rotated() {
    let app = TestApp::new().await;
    let first = Caller::register(&app, "server", AuthMethod::ClientSecretPost).await;
    let id = proto::model::ClientId::parse("server").unwrap();
    let second =
        Caller { secret: app.flow.admin().rotate_secret(&id).await.unwrap().reveal().to_owned(), ..first.clone() };
    let third =
        Caller { secret: app.flow.admin().rotate_secret(&id).await.unwrap().reveal().to_owned(), ..first.clone() };
    for (caller, good) in [(first, false), (second, true), (third, true)] {
        assert_eq!(caller.call(AUTHORIZATION, "").send(&app).await.status == 200, good);
    }
}

#[tokio::test]
async fn oa_2_3_1_4_oa_10_10_1_cf_15_df_5_2_2_secrets_that_devices_send_are_beyond_guessing() {
    let app = TestApp::new().await;
    let mut seen = std::collections::HashSet::new();
    for i in 0..200 {
        let server = Caller::register(&app, &format!("server{i}"), AuthMethod::ClientSecretPost).await;
        let device_code = server.start(&app, "").await.device_code;
        // 256 random bits: 43 characters of base64url, and whatever marks and checks them.
        for secret in [server.secret, device_code] {
            let (_, random) = secret.split_once('_').unwrap();
            assert!(random.len() >= 43, "{secret}");
            assert!(random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{secret}");
            // No two share more than a beginning that says the time or the key.
            assert!(seen.insert(random[2..24].to_owned()), "{secret}");
        }
    }
}
