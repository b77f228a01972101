//! Software statements (RFC 7591 §2.3): one thing wrong at a time.

use std::time::Duration;

use jose::software_statement::{Expected, StatementError, TYP, claimed_issuer, validate};
use jose::{Algorithm, ClaimsError, JsonError, JwkSet, SigningKey, VerifyError};
use serde_json::{Map, Value, json};

use crate::support::{ISSUER, NOW, SET, b64, but, key, signed};

const SOFTWARE: &str = "https://software.example.com";

fn now(seconds: i64) -> i64 {
    NOW.as_seconds() + seconds
}

fn claims() -> Value {
    json!({"iss": SOFTWARE, "software_id": "4NRB1", "client_name": "TV"})
}

fn statement(changes: &Value) -> String {
    key(Algorithm::Es256).sign(TYP, &but(claims(), changes)).unwrap()
}

fn expected() -> Expected<'static> {
    Expected { issuer: SOFTWARE, audiences: &[ISSUER], keys: (&*SET).into(), now: Some(NOW), leeway: Duration::ZERO }
}

fn judge(changes: &Value) -> Result<Map<String, Value>, StatementError> {
    validate(&statement(changes), &expected())
}

#[test]
fn dr_2_3_1_a_signed_statement_of_its_issuer_is_read_and_needs_no_more_than_iss() {
    assert_eq!(judge(&json!({})).map(Value::Object), Ok(claims()));
    for algorithm in Algorithm::ALL {
        for header in [json!({"alg": algorithm.name()}), json!({"alg": algorithm.name(), "typ": "application/jwt"})] {
            let text = signed(key(*algorithm), &header.to_string(), claims().to_string().as_bytes());
            assert!(validate(&text, &expected()).is_ok(), "{header}");
        }
    }
    assert_eq!(claimed_issuer(&statement(&json!({"exp": 1}))).as_deref(), Ok(SOFTWARE), "judged later");
}

#[test]
fn dr_2_3_1_a_statement_of_somebody_else_or_for_somebody_else_is_refused() {
    for iss in [json!("https://other.example.com"), json!(format!("{SOFTWARE}/")), Value::Null] {
        assert_eq!(judge(&json!({ "iss": iss })), Err(StatementError::Issuer));
    }
    assert_eq!(claimed_issuer(&statement(&json!({"iss": null}))), Err(StatementError::Issuer));
    assert_eq!(judge(&json!({"iss": [SOFTWARE]})), Err(ClaimsError::WrongType("iss").into()));
    for aud in [json!(ISSUER), json!(["https://other.example", ISSUER])] {
        assert!(judge(&json!({ "aud": aud })).is_ok());
    }
    for aud in [json!("https://other.example"), json!(["https://other.example"]), json!(format!("{ISSUER}/"))] {
        assert_eq!(judge(&json!({ "aud": aud })), Err(StatementError::Audience));
    }
}

#[test]
fn dr_2_3_1_a_statement_has_its_time() {
    for (changes, cause) in [
        (json!({"exp": now(1)}), None),
        (json!({"exp": now(0)}), Some(StatementError::Expired)),
        (json!({"nbf": now(1)}), Some(StatementError::NotYetValid)),
        (json!({"iat": now(1)}), Some(StatementError::IssuedInFuture)),
        (json!({"iat": 0, "nbf": 0}), None),
        (json!({"exp": "soon"}), Some(ClaimsError::InvalidDate("exp").into())),
    ] {
        assert_eq!(judge(&changes).err(), cause, "{changes}");
    }
    let within = Expected { leeway: Duration::from_secs(3_600), ..expected() };
    assert!(validate(&statement(&json!({"exp": now(-59)})), &within).is_ok());
    assert_eq!(validate(&statement(&json!({"exp": now(-60)})), &within), Err(StatementError::Expired));
    // One that was judged before.
    let again = Expected { now: None, ..expected() };
    assert!(validate(&statement(&json!({"exp": 1})), &again).is_ok());
    assert_eq!(validate(&statement(&json!({"exp": 1, "aud": "x"})), &again), Err(StatementError::Audience));
}

#[test]
fn dr_2_3_1_jw_1_a_statement_that_is_not_signed_by_its_issuer_is_refused() {
    let refused = |text: &str| validate(text, &expected()).err().unwrap();
    let good = statement(&json!({}));
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_eq!(refused(&format!("{message}.{}", b64([0; 64]))), VerifyError::Signature.into());
    assert_eq!(
        refused(&format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64("{}"))),
        VerifyError::UnsupportedAlgorithm.into()
    );
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(refused(&stranger.sign(TYP, claims().to_string().as_bytes()).unwrap()), VerifyError::KeyNotFound.into());
    let other = JwkSet::new(vec![stranger.public_jwk().clone()]).unwrap();
    let header = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, stranger.public_jwk().kid().unwrap());
    let forged = signed(key(Algorithm::Es256), &header, claims().to_string().as_bytes());
    let theirs = Expected { keys: (&other).into(), ..expected() };
    assert_eq!(validate(&forged, &theirs).err(), Some(VerifyError::Signature.into()));
    // Another kind of token of the same issuer says nothing about software.
    for typ in ["at+jwt", "dpop+jwt", "client-authentication+jwt"] {
        let token = key(Algorithm::Es256).sign(typ, claims().to_string().as_bytes()).unwrap();
        assert_eq!(refused(&token), VerifyError::Typ.into());
    }
    let twice = signed(key(Algorithm::Es256), r#"{"alg":"ES256"}"#, br#"{"iss":"a","iss":"b"}"#);
    assert_eq!(refused(&twice), VerifyError::Json(JsonError::DuplicateMember).into());
    assert_eq!(claimed_issuer(&twice), Err(VerifyError::Json(JsonError::DuplicateMember).into()));
    assert_eq!(refused(&statement(&json!({"x": "x".repeat(16 * 1024)}))), VerifyError::TooLong.into());
}
