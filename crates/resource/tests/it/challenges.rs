//! Challenges (RFC 6750 §3): one for each scheme that would help, well-formed whatever the API is called.

use http::StatusCode;
use resource::{Cause, Metadata, Validator};
use serde_json::json;

use crate::world::{API, ISSUER, KEY, NOW, api, bearer, challenges, get, headers, refused, set, token};

#[tokio::test]
async fn bt_3_1_bt_3_1_2_no_credentials_no_error_code() {
    for sent in [headers(&[]), headers(&[("authorization", "Basic dHY6")]), headers(&[("dpop", "a.b.c")])] {
        let (cause, answer) = refused(&api(), &sent).await;
        assert!(matches!(cause, Cause::NoToken));
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let wanted = r#"DPoP realm="https://api.example", algs="Ed25519 EdDSA ES256 RS256""#;
        assert_eq!(challenges(&answer), [r#"Bearer realm="https://api.example""#, wanted]);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let (_, answer) = refused(&api().require_bound_tokens(), &headers(&[])).await;
    assert_eq!(challenges(&answer), [r#"DPoP realm="https://api.example", algs="Ed25519 EdDSA ES256 RS256""#]);
}

#[tokio::test]
async fn pr_3_challenges_point_to_the_metadata() {
    let metadata = Metadata::new("https://api.example/v1", ISSUER).unwrap();
    let (_, answer) = refused(&api().metadata(&metadata), &headers(&[])).await;
    for challenge in challenges(&answer) {
        let pointer = r#", resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1""#;
        assert!(challenge.ends_with(pointer), "{challenge}");
    }
}

#[tokio::test]
async fn bt_3_2_attributes_appear_once_and_in_their_characters() {
    let hostile = "a\"b\\c\r\nX: y\u{fc}\u{7f}, error=\"z";
    let api = Validator::new(ISSUER, hostile, set(&[&KEY]));
    let access = get(&api, "/", &bearer(&token(&json!({"aud": hostile})))).await.unwrap();
    let refusal = access.require(&["s\"p\\a\r\n\u{e9}"]).unwrap_err();
    let answer = api.answer(&refusal, NOW);
    assert_eq!(challenges(&answer), [r#"Bearer realm="abcX: y, error=z", error="insufficient_scope", scope="spa""#]);

    let every_refusal = [headers(&[]), bearer("x"), bearer("x y"), bearer(&token(&json!({"cnf": {"jkt": "k"}})))];
    for sent in every_refusal {
        let (_, answer) = refused(&Validator::new(ISSUER, API, set(&[&KEY])), &sent).await;
        assert!(!challenges(&answer).is_empty());
        for challenge in challenges(&answer) {
            for attribute in ["realm=", "scope=", "error=", "error_description=", "error_uri=", "algs="] {
                assert!(challenge.matches(attribute).count() <= 1, "{challenge}");
            }
            assert!(challenge.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'\\'), "{challenge}");
        }
    }
}

#[tokio::test]
async fn an_answer_becomes_a_response() {
    let (_, answer) = refused(&api(), &headers(&[])).await;
    let response = answer.clone().into_response::<Vec<u8>>();
    assert_eq!((response.status(), response.headers(), response.body().len()), (answer.status, &answer.headers, 0));
}
