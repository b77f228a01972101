//! Every kind of token shown to every validator. All are made of the same key, header parameters and claims, the union of
//! what the kinds have, so that only `typ` differs; and as much as a kind allows, also of claims made for another.

use jose::{Algorithm, access_token, client_assertion, dpop, id_token};
use serde_json::{Value, json};

use crate::support::{CLIENT, NOW, TOKEN_URL, client, key, resource, server, signed, token_endpoint};

const KINDS: [&str; 4] = ["at+jwt", "JWT", "dpop+jwt", "client-authentication+jwt"];

/// The validator of the kind of the same index. All expect the audience [`CLIENT`].
fn accepts(validator: usize, token: &str) -> bool {
    match validator {
        0 => access_token::validate(token, &access_token::Expected { issuer: CLIENT, ..resource() }).is_ok(),
        1 => id_token::validate(token, &id_token::Expected { issuer: CLIENT, ..client() }).is_ok(),
        2 => dpop::validate(token, &token_endpoint()).is_ok(),
        3 => client_assertion::validate(token, &client_assertion::Expected { issuer: CLIENT, ..server() }).is_ok(),
        _ => unreachable!("four validators"),
    }
}

/// Claims that all four validators are content with.
fn claims() -> Vec<u8> {
    let now = NOW.as_seconds();
    let claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": CLIENT, "client_id": CLIENT, "jti": "j-1",
        "iat": now - 5, "nbf": now - 5, "exp": now + 200, "htm": "POST", "htu": TOKEN_URL,
    });
    claims.to_string().into_bytes()
}

/// A token with the key in its header, as a proof has it and the others may.
fn token(algorithm: Algorithm, typ: Option<&Value>) -> String {
    let key = key(algorithm);
    let typ = typ.map(|typ| format!(r#","typ":{typ}"#)).unwrap_or_default();
    let jwk = key.public_jwk().canonical_json();
    signed(key, &format!(r#"{{"alg":"{algorithm}","kid":"{}","jwk":{jwk}{typ}}}"#, key.kid()), &claims())
}

#[test]
fn jw_8_at_4_1_each_kind_of_token_is_accepted_by_its_own_validator_only() {
    for &algorithm in Algorithm::ALL {
        for (kind, typ) in KINDS.iter().enumerate() {
            let token = token(algorithm, Some(&json!(typ)));
            for (validator, its_own) in KINDS.iter().enumerate() {
                assert_eq!(accepts(validator, &token), kind == validator, "{typ} shown to {its_own}");
            }
        }
    }
}

#[test]
fn jw_8_at_2_1_1_pk_8_typ_is_a_media_type_of_any_case_and_may_be_absent_where_it_is_younger_than_the_token() {
    // Access token, ID token, proof, assertion.
    for (typ, accepted) in [
        (json!("application/at+jwt"), [true, false, false, false]),
        (json!("Application/AT+JWT"), [true, false, false, false]),
        (json!("at+JWT"), [true, false, false, false]),
        (json!("x/at+jwt"), [false; 4]),
        (json!("application/application/at+jwt"), [false; 4]),
        (json!("at+jwt "), [false; 4]),
        (json!(""), [false; 4]),
        (json!(null), [false; 4]),
        (json!(["at+jwt"]), [false; 4]),
        (json!("jwt"), [false, true, false, false]),
        (json!("DPoP+JWT"), [false; 4]),
        (json!("application/dpop+jwt"), [false; 4]),
        (json!("application/client-authentication+jwt"), [false, false, false, true]),
    ] {
        let token = token(Algorithm::Es256, Some(&typ));
        assert_eq!([0, 1, 2, 3].map(|validator| accepts(validator, &token)), accepted, "{typ}");
    }
    let untyped = token(Algorithm::Es256, None);
    assert_eq!([0, 1, 2, 3].map(|validator| accepts(validator, &untyped)), [false, true, false, true]);
}

#[test]
fn jw_8_an_untyped_token_is_told_apart_by_its_claims() {
    let key = key(Algorithm::Es256);
    let header = r#"{"alg":"ES256"}"#;
    let id_token = signed(key, header, &crate::support::claims_but(&json!({})));
    assert!(id_token::validate(&id_token, &client()).is_ok());
    assert!(client_assertion::validate(&id_token, &server()).is_err(), "an ID token is not by the client");
    let now = NOW.as_seconds();
    let assertion = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": crate::support::ISSUER, "jti": "j", "iat": now, "exp": now + 60,
    });
    let assertion = signed(key, header, assertion.to_string().as_bytes());
    assert!(client_assertion::validate(&assertion, &server()).is_ok());
    assert!(id_token::validate(&assertion, &client()).is_err(), "an assertion is not by the server");
}
