//! What goes together, and what is allowed.

use serde_json::json;

use super::*;
use crate::model::{AuthMethod, ClientKeys, Demand, SigningAlg, SubjectType};

fn said(value: &Value) -> Result<Registrable, Refusal> {
    judge(&metadata(value), None, &ceiling(), Occasion::Registration)
}

/// What is said of a device that otherwise says all it needs to.
fn device(more: &Value) -> Result<Registrable, Refusal> {
    with_keys(more, None)
}

fn with_keys(more: &Value, keys: Option<OfferedKeys>) -> Result<Registrable, Refusal> {
    let mut all = json!({ "grant_types": both() });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    judge(&metadata(&all), keys, &ceiling(), Occasion::Registration)
}

fn offered(algs: Option<Vec<SigningAlg>>) -> Option<OfferedKeys> {
    let keys = match algs {
        Some(_) => ClientKeys::Set(r#"{"keys":[]}"#.into()),
        None => ClientKeys::At("https://tv.example.com/keys".into()),
    };
    Some(OfferedKeys { keys, algs })
}

#[test]
fn dr_2_3_cf_3_a_device_registers_without_redirect_uris_and_response_types() {
    for value in [
        json!({ "grant_types": [GRANT_TYPE_DEVICE_CODE] }),
        json!({ "grant_types": [GRANT_TYPE_DEVICE_CODE], "response_types": [], "redirect_uris": [] }),
    ] {
        assert_eq!(said(&value).unwrap().grants, [GrantType::DeviceCode]);
    }
    let both = said(&json!({ "grant_types": [both()[1], both()[0], both()[1]] })).unwrap().grants;
    assert_eq!(both, [GrantType::RefreshToken, GrantType::DeviceCode]);
}

#[test]
fn dr_2_1_1_cf_3_what_does_not_go_together_is_refused() {
    for (value, refusal) in [
        (json!({"response_types": ["code"]}), Refusal::ResponseTypes),
        (json!({"response_types": ["none"]}), Refusal::ResponseTypes),
        (json!({"redirect_uris": ["https://tv.example.com/cb"]}), Refusal::RedirectUris),
        (json!({"grant_types": ["refresh_token"]}), Refusal::GrantTypesUnknown),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), Refusal::JwksMissing),
        (json!({"token_endpoint_auth_signing_alg": "ES256"}), Refusal::AssertionAlg),
        (json!({"sector_identifier_uri": "https://tv.example.com/sector"}), Refusal::Sector),
    ] {
        assert_eq!(device(&value), Err(refusal), "{value}");
    }
    for auth in ["none", "client_secret_basic", "client_secret_post"] {
        let value = json!({ "token_endpoint_auth_method": auth });
        assert_eq!(with_keys(&value, offered(None)), Err(Refusal::JwksUnused), "{auth}");
    }
    assert_eq!(said(&json!({})), Err(Refusal::GrantTypesMissing), "authorization_code is no default here");
}

#[test]
fn dr_2_1_what_is_not_offered_is_refused() {
    for (value, refusal) in [
        (json!({"grant_types": ["authorization_code"]}), Refusal::GrantTypesUnknown),
        (json!({"grant_types": [both()[0], "client_credentials"]}), Refusal::GrantTypesUnknown),
        (json!({"token_endpoint_auth_method": "client_secret_jwt"}), Refusal::AuthMethod),
        (json!({"token_endpoint_auth_method": "tls_client_auth"}), Refusal::AuthMethod),
        (json!({"id_token_signed_response_alg": "none"}), Refusal::IdTokenAlg),
        (json!({"id_token_signed_response_alg": "HS256"}), Refusal::IdTokenAlg),
        (json!({"subject_type": "private"}), Refusal::SubjectType),
        (json!({"scope": "open\"id"}), Refusal::ScopeMalformed),
        (json!({"client_name": "x".repeat(65)}), Refusal::Name),
        (json!({"client_name": "Bank\u{202e}kraM"}), Refusal::Name),
        (json!({"client_name": " \u{200b} "}), Refusal::Name),
        (json!({"client_name": "a\nb"}), Refusal::Name),
        (json!({"software_id": "x".repeat(256)}), Refusal::Software),
        (json!({"software_version": "1\u{7}"}), Refusal::Software),
    ] {
        assert_eq!(device(&value), Err(refusal), "{value}");
    }
}

#[test]
fn dr_5_1_cf_12_nothing_is_registered_beyond_the_word_of_the_operator() {
    assert_eq!(device(&json!({"scope": "openid admin"})), Err(Refusal::ScopeBeyond));
    let narrow = Ceiling { grants: vec![GrantType::DeviceCode], scopes: Scope::parse("openid").unwrap() };
    let judged = |value: &Value| judge(&metadata(value), None, &narrow, Occasion::Registration);
    assert_eq!(judged(&json!({ "grant_types": both() })), Err(Refusal::GrantTypesBeyond));
    assert_eq!(judged(&json!({ "grant_types": [both()[0]], "scope": "profile" })), Err(Refusal::ScopeBeyond));
    assert_eq!(judged(&json!({ "grant_types": [both()[0]] })).unwrap().scopes, narrow.scopes);
}

#[test]
fn dr_2_1_what_is_left_out_has_its_default() {
    let wanted = device(&json!({})).unwrap();
    assert_eq!(wanted.auth, AuthMethod::ClientSecretBasic);
    assert_eq!(wanted.scopes, ceiling().scopes);
    assert_eq!(
        (wanted.id_token_alg, wanted.dpop, wanted.subject),
        (SigningAlg::Rs256, Demand::Optional, SubjectType::Public)
    );
    assert_eq!((wanted.name, wanted.keys, wanted.assertion_alg), (None, None, None));
    let once = said(&json!({ "grant_types": [both()[0]] })).unwrap();
    assert_eq!(once.scopes.to_string(), "openid profile", "lasting access is for who may refresh");
}

#[test]
fn dr_2_1_what_is_said_is_registered() {
    let wanted = with_keys(
        &json!({
            "client_name": " Living-room TV ", "token_endpoint_auth_method": "private_key_jwt", "scope": "openid",
            "token_endpoint_auth_signing_alg": "Ed25519", "id_token_signed_response_alg": "ES256",
            "subject_type": "pairwise", "dpop_bound_access_tokens": true, "software_id": "4NRB1", "software_version": "2",
        }),
        offered(Some(vec![SigningAlg::Rs256, SigningAlg::EdDsa])),
    )
    .unwrap();
    assert_eq!(wanted.name.as_deref(), Some("Living-room TV"));
    assert_eq!((wanted.auth, wanted.assertion_alg), (AuthMethod::PrivateKeyJwt, Some(SigningAlg::EdDsa)));
    assert_eq!((wanted.id_token_alg, wanted.dpop), (SigningAlg::Es256, Demand::Required));
    assert_eq!((wanted.subject, wanted.scopes.to_string()), (SubjectType::Pairwise(None), "openid".to_owned()));
    assert_eq!((wanted.software_id.as_deref(), wanted.software_version.as_deref()), (Some("4NRB1"), Some("2")));
    // Keys that are fetched are known later.
    let value = json!({"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256"});
    assert!(with_keys(&value, offered(None)).is_ok());
    assert_eq!(with_keys(&value, offered(Some(vec![SigningAlg::EdDsa]))), Err(Refusal::AssertionAlg));
}

#[test]
fn dr_3_2_2_1_causes_have_the_codes_of_the_field_and_say_nothing_of_what_was_sent() {
    use crate::wire::error::ErrorCode;
    for (refusal, code) in [
        (Refusal::RedirectUris, Some(ErrorCode::InvalidRedirectUri)),
        (Refusal::ResponseTypes, Some(ErrorCode::InvalidClientMetadata)),
        (Refusal::Jwks("a \"b\" \\c".to_owned()), Some(ErrorCode::InvalidClientMetadata)),
        (Refusal::StatementInvalid, Some(ErrorCode::InvalidSoftwareStatement)),
        (Refusal::StatementUntrusted, Some(ErrorCode::UnapprovedSoftwareStatement)),
        (Refusal::TokenInvalid, Some(ErrorCode::InvalidToken)),
        (Refusal::TokenMissing, None),
    ] {
        assert_eq!(refusal.code(), code);
        let text = refusal.description();
        assert!(text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{text}");
    }
}
