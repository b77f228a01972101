//! Every kind of token shown to every validator, all with the same key and claims: only `typ` differs.

use jose::{Algorithm, Expectation, TypPolicy, access_token, id_token, verify};
use serde_json::json;

use crate::support::{SET, claims_but, client, key, resource, signed};

const KINDS: [&str; 4] = ["at+jwt", "JWT", "dpop+jwt", "client-authentication+jwt"];

/// The validator of the kind of the same index.
fn accepts(validator: usize, token: &str) -> bool {
    let by_typ = |typ| verify(token, &Expectation::new(TypPolicy::Required(typ), Algorithm::ALL, &*SET)).is_ok();
    match validator {
        0 => access_token::validate(token, &resource()).is_ok(),
        1 => id_token::validate(token, &client()).is_ok(),
        other => by_typ(KINDS[other]),
    }
}

#[test]
fn jw_8_at_4_1_each_kind_of_token_is_accepted_by_its_own_validator_only() {
    for &algorithm in Algorithm::ALL {
        for (kind, typ) in KINDS.iter().enumerate() {
            let token = key(algorithm).sign(typ, &claims_but(&json!({}))).unwrap();
            for (validator, its_own) in KINDS.iter().enumerate() {
                assert_eq!(accepts(validator, &token), kind == validator, "{typ} shown to {its_own}");
            }
        }
    }
}

#[test]
fn jw_8_at_2_1_1_typ_is_a_media_type_of_any_case_and_may_be_absent_for_id_tokens_only() {
    let key = key(Algorithm::Es256);
    for (typ, access, id) in [
        (r#","typ":"application/at+jwt""#, true, false),
        (r#","typ":"Application/AT+JWT""#, true, false),
        (r#","typ":"at+JWT""#, true, false),
        (r#","typ":"x/at+jwt""#, false, false),
        (r#","typ":"application/application/at+jwt""#, false, false),
        (r#","typ":"at+jwt ""#, false, false),
        (r#","typ":"""#, false, false),
        (r#","typ":null"#, false, false),
        (r#","typ":["at+jwt"]"#, false, false),
        (r#","typ":"jwt""#, false, true),
        ("", false, true),
    ] {
        let token = signed(key, &format!(r#"{{"alg":"ES256"{typ}}}"#), &claims_but(&json!({})));
        assert_eq!((accepts(0, &token), accepts(1, &token)), (access, id), "{typ}");
    }
}
