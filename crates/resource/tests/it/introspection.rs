//! Tokens that are asked about (RFC 7662): what is sent, which answers are good enough, what a fault of the server means.

use http::StatusCode;
use jose::{Algorithm, ClaimsError, SigningKey, TokenError};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use resource::{Cause, Scheme, ServerError, VerifyError};
use serde_json::{Value, json};

use crate::asked::{Asked, ENDPOINT, SECRET, api};
use crate::world::{API, DEVICE, KEY, bearer, bound, challenges, get, headers, refused, token, token_by, with_proof};

const OPAQUE: &str = "cat_3q2-7w";

#[tokio::test]
async fn an_opaque_token_is_asked_about_in_the_name_of_the_api() {
    let asked = Asked::about(&json!({}));
    let access = get(&asked.api(), "/things", &bearer("a+b/c~==")).await.unwrap();
    assert_eq!((access.token.sub.as_str(), access.token.client_id.as_str()), ("user-1", "tv"));
    assert_eq!((access.scheme, &access.jkt, &access.token.jti), (Scheme::Bearer, &None, &None));
    assert_eq!(access.token.claims.other["username"], "ada");
    assert!(access.require(&["things:read"]).is_ok());
    assert!(access.require(&["things:write"]).is_err());

    let requests = asked.requests.lock().unwrap();
    let [document, question] = &requests[..] else { panic!("metadata, then the question") };
    assert_eq!(document.uri(), "https://as.example/.well-known/oauth-authorization-server");
    assert_eq!((question.method().as_str(), question.uri().to_string()), ("POST", ENDPOINT.to_owned()));
    assert_eq!(question.body(), "token=a%2Bb%2Fc%7E%3D%3D&token_type_hint=access_token");
    assert_eq!(question.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(question.headers()["accept"], "application/json");
    // a+b%3Ac:s%26c+r%3At%25%2B%C3%A9, each part form-encoded before they are joined
    let authorization = &question.headers()["authorization"];
    assert_eq!(authorization, "Basic YStiJTNBYzpzJTI2YytyJTNBdCUyNSUyQiVDMyVBOQ==");
    assert!(authorization.is_sensitive());
}

#[tokio::test]
async fn at_4_2_sb_2_3_1_an_answer_that_is_not_good_enough_is_an_invalid_token() {
    for (changes, cause) in [
        (json!({"iss": "https://evil.example"}), TokenError::Issuer),
        (json!({"aud": "https://other.example"}), TokenError::Audience),
        (json!({"aud": null}), TokenError::Audience),
        (json!({"aud": ["https://api.example/", "api"]}), TokenError::Audience),
        (json!({"exp": 1_799_999_970}), TokenError::Expired),
        (json!({"exp": null}), TokenError::MissingClaim("exp")),
        (json!({"nbf": 1_800_000_031}), TokenError::NotYetValid),
        (json!({"iat": 1_800_000_031}), TokenError::IssuedInFuture),
        (json!({"sub": null}), TokenError::MissingClaim("sub")),
        (json!({"sub": ""}), TokenError::Subject),
        (json!({"client_id": null}), TokenError::MissingClaim("client_id")),
    ] {
        let (found, answer) = refused(&Asked::about(&changes).api(), &bearer(OPAQUE)).await;
        let Cause::Token(found) = found else { panic!("{changes}: {found:?}") };
        assert_eq!(found, cause, "{changes}");
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(challenges(&answer), [format!(r#"Bearer realm="{API}", error="invalid_token""#)]);
    }
    for changes in [
        json!({"iss": null}),
        json!({"aud": ["https://other.example", API]}),
        json!({"exp": 1_799_999_971}),
        json!({"nbf": 1_800_000_030, "iat": null}),
        json!({"token_type": null}),
        json!({"token_type": "bearer"}),
    ] {
        assert!(get(&Asked::about(&changes).api(), "/", &bearer(OPAQUE)).await.is_ok(), "{changes}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_active_is_an_invalid_token_whatever_else_is_said() {
    for changes in [json!({"active": false}), json!({"active": false, "exp": "tomorrow", "sub": 7})] {
        let (cause, answer) = refused(&Asked::about(&changes).api(), &bearer(OPAQUE)).await;
        assert!(matches!(cause, Cause::Inactive));
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(challenges(&answer), [format!(r#"Bearer realm="{API}", error="invalid_token""#)]);
    }
}

#[tokio::test]
async fn a_token_of_another_type_is_no_access_token() {
    for token_type in [json!("refresh_token"), json!("N_A"), json!("mac"), json!(""), json!(7)] {
        let asked = Asked::about(&json!({"token_type": token_type}));
        let (cause, answer) = refused(&asked.api(), &bearer(OPAQUE)).await;
        assert!(matches!(cause, Cause::TokenType), "{token_type}");
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_fault_of_the_server_is_503_and_never_an_invalid_token() {
    let text = |text: &str| text.as_bytes().to_vec();
    let answers = [
        (StatusCode::OK, text("")),
        (StatusCode::OK, text("{}")),
        (StatusCode::OK, text("[true]")),
        (StatusCode::OK, text(r#"{"active":"true"}"#)),
        (StatusCode::OK, text(r#"{"active":true,"active":false}"#)),
        (StatusCode::OK, text(r#"{"active":true,"exp":"1900000000"}"#)),
        (StatusCode::OK, text(r#"{"active":true,"aud":{"a":1}}"#)),
        (StatusCode::OK, text(&format!(r#"{{"active":false,"x":"{}"}}"#, "x".repeat(16 * 1024)))),
        (StatusCode::FOUND, text(r#"{"active":true}"#)),
        (StatusCode::BAD_REQUEST, text(r#"{"error":"invalid_request"}"#)),
        (StatusCode::UNAUTHORIZED, text(r#"{"error":"invalid_client"}"#)),
        (StatusCode::FORBIDDEN, text("")),
        (StatusCode::NOT_FOUND, text("")),
        (StatusCode::TOO_MANY_REQUESTS, text("")),
        (StatusCode::INTERNAL_SERVER_ERROR, text(r#"{"active":false}"#)),
    ];
    for (status, body) in answers {
        let asked = Asked::about(&json!({}));
        *asked.answer.lock().unwrap() = (status, body.clone());
        unavailable(&asked, &format!("{status} {}", String::from_utf8_lossy(&body))).await;
    }
    let asked = Asked::about(&json!({}));
    *asked.unreachable.lock().unwrap() = true;
    unavailable(&asked, "no connection").await;
    *asked.unreachable.lock().unwrap() = false;
    assert!(get(&asked.api(), "/", &bearer(OPAQUE)).await.is_ok(), "and it heals at once");
}

async fn unavailable(asked: &std::sync::Arc<Asked>, what: &str) {
    let (cause, answer) = refused(&asked.api(), &bearer(OPAQUE)).await;
    assert!(matches!(cause, Cause::Introspection(_)), "{what}: {cause:?}");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{what}");
    assert!(answer.headers.contains_key("retry-after") && challenges(&answer).is_empty(), "{what}");
}

#[tokio::test]
async fn the_log_is_told_what_is_wrong_with_the_server() {
    let asked = Asked::about(&json!({"exp": "soon"}));
    let (cause, _) = refused(&asked.api(), &bearer(OPAQUE)).await;
    assert!(matches!(cause, Cause::Introspection(ServerError::Claims(ClaimsError::InvalidDate("exp")))));
    *asked.answer.lock().unwrap() = (StatusCode::UNAUTHORIZED, Vec::new());
    let refusal = get(&asked.api(), "/", &bearer(OPAQUE)).await.unwrap_err();
    assert_eq!(refusal.to_string(), "introspection failed: it answered 401 Unauthorized");
}

#[tokio::test]
async fn dp_7_1_1_dp_7_2_1_a_bound_opaque_token_needs_its_key() {
    let asked = Asked::about(&json!({"token_type": "DPoP", "cnf": {"jkt": DEVICE.jkt()}}));
    let api = asked.api();
    let access = get(&api, "/things", &with_proof(OPAQUE, 1)).await.unwrap();
    assert_eq!((access.scheme, access.jkt.as_deref()), (Scheme::DPoP, Some(DEVICE.jkt())));
    assert!(matches!(refused(&api, &with_proof(OPAQUE, 1)).await.0, Cause::Replayed));
    assert!(matches!(refused(&api, &bearer(OPAQUE)).await.0, Cause::SentAsBearer));
    let without = headers(&[("authorization", &format!("DPoP {OPAQUE}"))]);
    assert!(matches!(refused(&api, &without).await.0, Cause::MissingProof));
    let for_another = with_proof("another", 2);
    let dpop = for_another["dpop"].to_str().unwrap();
    let swapped = headers(&[("authorization", &format!("DPoP {OPAQUE}")), ("dpop", dpop)]);
    assert!(matches!(refused(&api, &swapped).await.0, Cause::Proof(_)));

    asked.say(&json!({"token_type": "Bearer", "cnf": {"jkt": "another"}}));
    assert!(matches!(refused(&asked.api(), &with_proof(OPAQUE, 3)).await.0, Cause::OtherKey));
    assert!(matches!(refused(&asked.api(), &bearer(OPAQUE)).await.0, Cause::SentAsBearer), "whatever its type says");
    asked.say(&json!({"token_type": "DPoP"}));
    for sent in [bearer(OPAQUE), with_proof(OPAQUE, 4)] {
        assert!(matches!(refused(&asked.api(), &sent).await.0, Cause::UnknownBinding));
    }
    asked.say(&json!({}));
    assert!(matches!(refused(&asked.api(), &with_proof(OPAQUE, 5)).await.0, Cause::NotBound));
    assert!(matches!(refused(&asked.api().require_bound_tokens(), &bearer(OPAQUE)).await.0, Cause::NotBound));
}

#[tokio::test]
async fn at_4_1_a_jwt_is_judged_offline_and_costs_no_question() {
    let asked = Asked::about(&json!({"active": false}));
    let api = asked.api();
    assert!(get(&api, "/", &bearer(&token(&json!({})))).await.is_ok());
    assert!(get(&api, "/things", &with_proof(&bound(), 1)).await.is_ok());
    let forged = token_by(&SigningKey::generate(Algorithm::Es256).unwrap(), "at+jwt", &json!({}));
    for no_jwt_of_ours in [forged, token_by(&KEY, "JWT", &json!({})), "eyJ.e30.x".to_owned(), "ey..".to_owned()] {
        let (cause, answer) = refused(&api, &bearer(&no_jwt_of_ours)).await;
        assert!(matches!(cause, Cause::Token(TokenError::Verify(_))), "{no_jwt_of_ours}");
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(asked.questions(), 0);
    for opaque in ["eyJ", "a.b.c", "eyJ.b", "ey.J.h.b.c"] {
        assert!(matches!(refused(&api, &bearer(opaque)).await.0, Cause::Inactive), "{opaque}");
    }
    assert_eq!(asked.questions(), 4);
}

#[tokio::test]
async fn a_jwt_is_asked_about_too_where_revocation_counts_at_once() {
    let asked = Asked::about(&json!({}));
    let jwt = token(&json!({}));
    let strict = |asked: &std::sync::Arc<Asked>| api(asked.introspection().every_token());
    assert!(get(&strict(&asked), "/", &bearer(&jwt)).await.is_ok());
    assert_eq!(asked.questions(), 1);
    let forged = token_by(&SigningKey::generate(Algorithm::Es256).unwrap(), "at+jwt", &json!({}));
    let Cause::Token(cause) = refused(&strict(&asked), &bearer(&forged)).await.0 else { panic!() };
    assert_eq!(cause, VerifyError::KeyNotFound.into());
    assert_eq!(asked.questions(), 1, "what is forged is not worth a question");

    *asked.answer.lock().unwrap() = (StatusCode::OK, br#"{"active":true}"#.to_vec());
    let access = get(&strict(&asked), "/", &bearer(&jwt)).await.unwrap();
    assert_eq!(access.scopes().collect::<Vec<_>>(), ["things:read", "things:write"], "the rest is in the token");
    assert_eq!(access.token.jti.as_deref(), Some("j-1"));
    asked.say(&json!({"scope": "things:read"}));
    let access = get(&strict(&asked), "/", &bearer(&jwt)).await.unwrap();
    assert_eq!(access.scopes().collect::<Vec<_>>(), ["things:read"], "the server knows better");
    assert!(get(&strict(&asked), "/things", &with_proof(&bound(), 1)).await.unwrap().jkt.is_some());

    for (changes, is_expected) in [
        (json!({"active": false}), (|cause| matches!(cause, Cause::Inactive)) as fn(&Cause) -> bool),
        (json!({"aud": "https://other.example"}), |cause| matches!(cause, Cause::Token(TokenError::Audience))),
        (json!({"cnf": {"jkt": "k"}}), |cause| matches!(cause, Cause::SentAsBearer)),
    ] {
        asked.say(&changes);
        let (cause, _) = refused(&strict(&asked), &bearer(&jwt)).await;
        assert!(is_expected(&cause), "{changes}: {cause:?}");
    }
    *asked.unreachable.lock().unwrap() = true;
    let (cause, answer) = refused(&strict(&asked), &bearer(&jwt)).await;
    assert!(matches!(cause, Cause::Introspection(_)));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_is_secret_is_not_in_what_is_printed() {
    let api = Asked::about(&json!({})).api();
    assert!(get(&api, "/", &bearer(OPAQUE)).await.is_ok());
    let printed = format!("{api:?}");
    assert!(!printed.contains(OPAQUE) && !printed.contains(SECRET) && printed.contains("Introspection"), "{printed}");
}

fn json_of(depth: u32) -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::{Just, Strategy, prop_oneof};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(depth, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,9}", inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_answer_makes_a_token_good_that_is_not_whole(
        member in prop::sample::select(vec!["active", "iss", "aud", "exp", "sub", "client_id", "token_type", "cnf"]),
        value in json_of(3),
        noise in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let is_harmless = match member {
            "active" => value == true,
            "iss" | "cnf" => value.is_null(),
            "token_type" => value.is_null() || value.as_str().is_some_and(|name| name.eq_ignore_ascii_case("bearer")),
            "exp" => value.as_f64().is_some_and(|exp| exp > 1_799_999_970.0),
            "sub" => value.is_string() && value != "",
            "client_id" => value.is_string(),
            _ => false,
        };
        let asked = Asked::about(&json!({member: value}));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(get(&asked.api(), "/", &bearer(OPAQUE)));
        assert!(found.is_err() || is_harmless, "{member}: {value}");
        *asked.answer.lock().unwrap() = (StatusCode::OK, noise);
        let (cause, _) = runtime.block_on(refused(&asked.api(), &bearer(OPAQUE)));
        assert!(matches!(cause, Cause::Introspection(_)));
    }
}
