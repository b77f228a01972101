use serde_json::json;

use super::*;

fn members(value: Value) -> Members {
    let Value::Object(members) = value else { panic!("not an object") };
    members
}

fn parse(value: Value) -> Result<ClientMetadata, InvalidMember> {
    ClientMetadata::parse(&members(value))
}

fn name(value: Value) -> Option<String> {
    parse(value).unwrap().client_name
}

#[test]
fn dr_2_1_unknown_metadata_is_ignored_and_null_and_empty_texts_count_as_not_sent() {
    let read = parse(json!({
        "x_vendor": {"deep": [1, 2]}, "application_type": "native", "software_id": "4NRB1", "scope": "",
        "subject_type": null, "grant_types": null, "redirect_uris": [], "jwks": null, "client_name": "",
    }));
    let expected = ClientMetadata { software_id: Some("4NRB1".to_owned()), ..ClientMetadata::default() };
    assert_eq!(read, Ok(expected));
}

#[test]
fn dr_2_1_known_metadata_of_another_type_or_length_is_refused() {
    for name in [
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "client_name",
        "scope",
        "jwks_uri",
        "software_id",
        "software_version",
        "subject_type",
        "sector_identifier_uri",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "id_token_signed_response_alg",
    ] {
        for wrong in [json!(7), json!(["x"]), json!({}), json!(true)] {
            assert_eq!(parse(json!({ name: wrong })), Err(InvalidMember::WrongType(name)), "{name}");
        }
        assert_eq!(parse(json!({ name: "x".repeat(2049) })), Err(InvalidMember::TooLong(name)));
    }
    for name in ["grant_types", "response_types", "redirect_uris", "contacts"] {
        for wrong in [json!("x"), json!([1]), json!([null]), json!({})] {
            assert_eq!(parse(json!({ name: wrong })), Err(InvalidMember::WrongType(name)), "{name}");
        }
        assert_eq!(parse(json!({ name: vec!["x"; 65] })), Err(InvalidMember::TooLong(name)));
    }
    assert_eq!(parse(json!({"jwks": []})), Err(InvalidMember::WrongType("jwks")));
    let wrong = parse(json!({"dpop_bound_access_tokens": "true"}));
    assert_eq!(wrong, Err(InvalidMember::WrongType("dpop_bound_access_tokens")));
}

#[test]
fn dr_2_2_1_names_come_in_languages_and_the_one_without_is_shown_as_it_is() {
    assert_eq!(name(json!({"client_name#de": "Fernseher", "client_name": "TV"})).as_deref(), Some("TV"));
    assert_eq!(name(json!({"client_name#de": "Fernseher", "client_name#EN-gb": "Telly"})).as_deref(), Some("Telly"));
    assert_eq!(name(json!({"client_name#ja-Hant-JP": "テレビ", "client_name": null})).as_deref(), Some("テレビ"));
    assert_eq!(name(json!({"client_name#de": null, "client_name#en": ""})), None);
    assert_eq!(name(json!({"client_names": "x", "Client_name": "x"})), None);
    let tag = |value| assert_eq!(parse(value), Err(InvalidMember::LanguageTag("client_name")));
    tag(json!({"client_name#de": "Fernseher", "client_name#DE": "Glotze"}));
    for wrong in ["", "-", "de-", "de_AT", "abcdefghi", "de\u{202e}", &"a-".repeat(40)] {
        tag(json!({ format!("client_name#{wrong}"): "x" }));
    }
    assert_eq!(parse(json!({"logo_uri#de": 7})), Err(InvalidMember::WrongType("logo_uri")));
}

#[test]
fn dr_2_3_1_what_a_statement_says_stands_above_what_the_client_says() {
    let said = members(json!({
        "client_name": "TV", "client_name#de": "Bank", "scope": "admin", "token_endpoint_auth_method": "none",
    }));
    let statement = members(json!({
        "iss": "https://software.example.com", "sub": "x", "aud": "y", "exp": 1, "iat": 1, "nbf": 1, "jti": "z",
        "client_id": "tv", "client_secret": "s", "registration_access_token": "t", "software_statement": "u",
        "client_name": "Example TV", "scope": "openid", "software_id": "4NRB1",
    }));
    let expected = json!({
        "client_name": "Example TV", "scope": "openid", "software_id": "4NRB1", "token_endpoint_auth_method": "none",
    });
    assert_eq!(Value::Object(overridden(said, statement)), expected);
}

#[test]
fn dm_2_2_2_what_only_the_server_sets_is_noticed_and_what_is_repeated_is_read() {
    for name in SERVER_SET {
        let repeated = Repeated::parse(&members(json!({ name: 0, "client_id": "dyn_1" }))).unwrap();
        assert_eq!((repeated.forbidden, repeated.client_id.as_deref()), (Some(name), Some("dyn_1")));
    }
    let repeated = Repeated::parse(&members(json!({"client_secret": "cs_x", "client_id_issued_at": null}))).unwrap();
    assert_eq!(repeated.forbidden, None);
    assert_eq!(repeated.client_secret.map(|secret| secret.hash()), Some(ClientSecret::presented("cs_x").hash()));
    assert!(Repeated::parse(&members(json!({"client_secret": 7}))).is_err());
}

#[test]
fn a_software_statement_is_a_text() {
    assert_eq!(software_statement(&members(json!({"software_statement": "a.b.c"}))), Ok(Some("a.b.c")));
    for nothing in [json!({}), json!({"software_statement": null}), json!({"software_statement": ""})] {
        assert_eq!(software_statement(&members(nothing)), Ok(None));
    }
    assert!(software_statement(&members(json!({"software_statement": ["a"]}))).is_err());
}
