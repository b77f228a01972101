//! Where a token may stand in a request, and which tokens are accepted.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use jose::{Algorithm, SigningKey, TokenError, VerifyError};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use resource::{Cause, Scheme};
use serde_json::json;

use crate::world::{API, KEY, NOW, api, bearer, get, headers, refused, token, token_by};

#[tokio::test]
async fn bt_2_1_1_a_bearer_token_in_the_header_under_any_case_of_the_scheme() {
    let token = token(&json!({}));
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        let access =
            get(&api(), "/things", &headers(&[("authorization", &format!("{scheme} {token}"))])).await.unwrap();
        assert_eq!((access.token.sub.as_str(), access.token.client_id.as_str()), ("user-1", "tv"));
        assert_eq!((access.scheme, access.jkt), (Scheme::Bearer, None));
    }
}

#[tokio::test]
async fn bt_2_1_more_than_one_token_or_way_is_an_invalid_request() {
    let token = token(&json!({}));
    let two = headers(&[("authorization", &format!("Bearer {token}")), ("authorization", &format!("Bearer {token}"))]);
    let (cause, answer) = refused(&api(), &two).await;
    assert!(matches!(cause, Cause::SeveralTokens));
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    for path in ["/things?access_token=x", "/things?a=b&access_token", "/things?access_token=&b"] {
        let refusal = get(&api(), path, &bearer(&token)).await.unwrap_err();
        assert!(matches!(refusal.cause, Cause::SeveralTokens), "{path}");
    }
    assert!(get(&api(), "/things?my_access_token=x&x=access_token", &bearer(&token)).await.is_ok());
}

#[tokio::test]
async fn bt_2_2_1_bt_5_2_a_token_in_the_query_or_a_cookie_is_no_token() {
    let token = token(&json!({}));
    let cookie = headers(&[("cookie", &format!("access_token={token}; token={token}"))]);
    for (path, sent) in [(format!("/things?access_token={token}"), headers(&[])), ("/things".to_owned(), cookie)] {
        let refusal = get(&api(), &path, &sent).await.unwrap_err();
        assert!(matches!(refusal.cause, Cause::NoToken));
    }
}

#[tokio::test]
async fn bt_3_1_1_a_header_that_is_no_scheme_and_token_is_an_invalid_request() {
    for value in ["Bearer", "Bearer ", "Bearer a b", "Bearer =", "Bearer a=b", "Bearer \u{e9}", "Bearer a,b", "DPoP \t"]
    {
        let (cause, answer) = refused(&api(), &headers(&[("authorization", value)])).await;
        assert!(matches!(cause, Cause::MalformedHeader), "{value}");
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{value}");
    }
    for value in ["", "Basic dHY6", "Bearerx a", "Negotiate"] {
        assert!(matches!(refused(&api(), &headers(&[("authorization", value)])).await.0, Cause::NoToken), "{value}");
    }
}

#[tokio::test]
async fn at_4_1_at_4_2_sb_2_3_1_bt_3_1_1_every_unacceptable_token_is_an_invalid_token() {
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let genuine = token(&json!({}));
    let mut tampered = genuine.clone();
    tampered.pop();
    for (token, cause) in [
        (token(&json!({"iss": "https://evil.example"})), TokenError::Issuer),
        (token(&json!({"aud": "https://other.example"})), TokenError::Audience),
        (token(&json!({"aud": ISSUER_AS_AUDIENCE})), TokenError::Audience),
        (token(&json!({"exp": 1_799_999_970})), TokenError::Expired),
        (token(&json!({"iat": 1_800_000_031})), TokenError::IssuedInFuture),
        (token(&json!({"sub": null})), TokenError::MissingClaim("sub")),
        (token_by(&KEY, "JWT", &json!({})), VerifyError::Typ.into()),
        (token_by(&KEY, "dpop+jwt", &json!({})), VerifyError::Typ.into()),
        (token_by(&other, "at+jwt", &json!({})), VerifyError::KeyNotFound.into()),
        (tampered, TokenError::Verify(VerifyError::Malformed)),
        ("opaque".to_owned(), VerifyError::Malformed.into()),
        (format!("{genuine}{}", "A".repeat(8192)), VerifyError::TooLong.into()),
    ] {
        let (found, answer) = refused(&api(), &bearer(&token)).await;
        let Cause::Token(found) = found else { panic!("{found:?}") };
        assert_eq!(found, cause);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert_eq!(challenge, format!(r#"Bearer realm="{API}", error="invalid_token""#));
    }
    let rs256_only = api().algorithms([Algorithm::Rs256]);
    let Cause::Token(cause) = refused(&rs256_only, &bearer(&genuine)).await.0 else { panic!() };
    assert_eq!(cause, VerifyError::AlgorithmNotAllowed.into());
}

const ISSUER_AS_AUDIENCE: &str = "https://as.example";

#[tokio::test]
async fn at_4_1_the_leeway_is_half_a_minute_unless_said_otherwise() {
    let expired = token(&json!({"exp": 1_799_999_971}));
    assert!(get(&api(), "/", &bearer(&expired)).await.is_ok());
    let strict = api().leeway(std::time::Duration::ZERO);
    assert!(matches!(refused(&strict, &bearer(&expired)).await.0, Cause::Token(TokenError::Expired)));
}

#[tokio::test]
async fn bt_3_1_1_a_missing_scope_is_insufficient_scope_and_is_named() {
    let access = get(&api(), "/things", &bearer(&token(&json!({})))).await.unwrap();
    assert_eq!(access.scopes().collect::<Vec<_>>(), ["things:read", "things:write"]);
    assert!(access.require(&[]).is_ok());
    assert!(access.require(&["things:write", "things:read"]).is_ok());
    let refusal = access.require(&["things:read", "things:delete"]).unwrap_err();
    let answer = api().answer(&refusal, NOW);
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(
        answer.headers["www-authenticate"],
        format!(r#"Bearer realm="{API}", error="insufficient_scope", scope="things:read things:delete""#)
    );
    for scope in ["", "things", "things:rea", "things:read things:write"] {
        assert!(access.require(&[scope]).is_err(), "{scope:?}");
    }
    let without = get(&api(), "/things", &bearer(&token(&json!({"scope": null})))).await.unwrap();
    assert!(without.require(&["things:read"]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn bt_3_1_noise_is_refused_and_always_answered_with_a_challenge(
        scheme in prop::sample::select(vec!["", "Bearer ", "DPoP ", "bearer  "]),
        fields in prop::collection::vec((prop::sample::select(vec!["authorization", "dpop"]), any::<Vec<u8>>()), 0..4),
        path in "/[ -~]{0,20}",
    ) {
        let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_bytes(&[scheme.as_bytes(), &value].concat()) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let api = api();
        let refusal = runtime.block_on(api.authorize(&Method::GET, &uri, &headers, NOW)).unwrap_err();
        let answer = api.answer(&refusal, NOW);
        assert!(matches!(answer.status.as_u16(), 400 | 401));
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer realm=\"") || challenge.starts_with("DPoP realm=\""));
    }
}
