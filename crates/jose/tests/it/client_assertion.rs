//! Client assertions (RFC 7523 §3, RFC 10070): one thing wrong at a time.

use std::time::Duration;

use jose::client_assertion::{Assertion, AssertionError, Expected, TYP, claimed_client, issue, issue_as, validate};
use jose::{Algorithm, ClaimsError, JsonError, JwkSet, SigningKey, VerifyError};
use jsonwebtoken::{Header, encode};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use proto::entropy::Seeded;
use serde_json::{Value, json};

use crate::interop::{private_pem, theirs};
use crate::support::{CLIENT, ISSUER, NOW, b64, but, key, server, signed};

const TOKEN_URL: &str = "https://as.example/token";

fn now(seconds: i64) -> i64 {
    NOW.as_seconds() + seconds
}

fn claims() -> Value {
    json!({"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "j-1", "exp": now(60)})
}

fn assertion(changes: &Value) -> String {
    key(Algorithm::Es256).sign(TYP, &but(claims(), changes)).unwrap()
}

fn judge(changes: &Value) -> Result<Assertion, AssertionError> {
    validate(&assertion(changes), &server())
}

fn judge_header(header: &str) -> Result<Assertion, AssertionError> {
    validate(&signed(key(Algorithm::Es256), header, &but(claims(), &json!({}))), &server())
}

#[test]
fn pk_2_issuer_and_subject_are_the_client() {
    let read = judge(&json!({})).unwrap();
    assert_eq!((read.jti.as_str(), read.exp.as_seconds(), read.is_legacy), ("j-1", now(60), false));
    assert_eq!(judge(&json!({"iss": "other"})), Err(AssertionError::Issuer));
    assert_eq!(judge(&json!({"sub": "other"})), Err(AssertionError::Subject));
    assert_eq!(judge(&json!({"iss": "other", "sub": "other"})), Err(AssertionError::Issuer));
    assert_eq!(judge(&json!({"iss": null})), Err(AssertionError::MissingClaim("iss")));
    assert_eq!(judge(&json!({"sub": null})), Err(AssertionError::MissingClaim("sub")));
    assert_eq!(judge(&json!({"sub": [CLIENT]})), Err(ClaimsError::WrongType("sub").into()));
}

#[test]
fn pk_2_the_claimed_client_is_read_without_a_key_and_within_bounds() {
    let claimed = |changes: &Value| claimed_client(&assertion(changes)).map(|id| id.as_str().to_owned());
    assert_eq!(claimed(&json!({})).as_deref(), Ok(CLIENT));
    assert_eq!(claimed(&json!({"aud": "anything", "exp": 0})).as_deref(), Ok(CLIENT), "judged later");
    assert_eq!(claimed(&json!({"sub": "other"})), Err(AssertionError::Subject));
    assert_eq!(claimed(&json!({"iss": null})), Err(AssertionError::MissingClaim("iss")));
    assert_eq!(claimed(&json!({"sub": null})), Err(AssertionError::MissingClaim("sub")));
    for bad in [String::new(), "x".repeat(129), "tv\n".to_owned(), "zoë".to_owned()] {
        assert_eq!(claimed(&json!({"iss": bad, "sub": bad})), Err(AssertionError::Issuer), "{bad}");
    }
    assert_eq!(claimed(&json!({"x": "x".repeat(16 * 1024)})), Err(VerifyError::TooLong.into()));
    assert_eq!(claimed_client("a.b"), Err(VerifyError::Malformed.into()));
    let unsigned = format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64(claims().to_string()));
    assert_eq!(claimed_client(&unsigned), Err(VerifyError::UnsupportedAlgorithm.into()));
}

#[test]
fn pk_3_the_sole_audience_is_the_issuer() {
    assert!(judge(&json!({"aud": [ISSUER]})).is_ok());
    for aud in [
        json!(TOKEN_URL),
        json!([ISSUER, TOKEN_URL]),
        json!([ISSUER, ISSUER]),
        json!([]),
        json!(null),
        json!(format!("{ISSUER}/")),
        json!("https://evil.example"),
    ] {
        assert_eq!(judge(&json!({"aud": aud})), Err(AssertionError::Audience), "{aud}");
    }
    assert_eq!(judge(&json!({"aud": {ISSUER: 1}})), Err(ClaimsError::WrongType("aud").into()));
}

#[test]
fn pk_3_another_audience_is_taken_only_with_the_legacy_switch_and_is_reported() {
    let legacy = Expected { legacy_audience: Some(TOKEN_URL), ..server() };
    let shown = |aud: Value| validate(&assertion(&json!({"aud": aud})), &legacy).map(|read| read.is_legacy);
    assert_eq!(shown(json!(TOKEN_URL)), Ok(true));
    assert_eq!(shown(json!([TOKEN_URL])), Ok(true));
    assert_eq!(shown(json!(ISSUER)), Ok(false));
    assert_eq!(shown(json!([ISSUER, TOKEN_URL])), Err(AssertionError::Audience));
    assert_eq!(shown(json!("https://evil.example/token")), Err(AssertionError::Audience));
}

#[test]
fn pk_4_exp_is_near_and_the_other_dates_are_honoured() {
    assert!(judge(&json!({"exp": now(300), "iat": now(0), "nbf": now(0)})).is_ok());
    for (changes, cause) in [
        (json!({"exp": now(0)}), AssertionError::Expired),
        (json!({"exp": 0}), AssertionError::Expired),
        (json!({"exp": null}), AssertionError::MissingClaim("exp")),
        (json!({"exp": now(301)}), AssertionError::TooLongLived),
        (json!({"exp": 253_402_300_799_i64}), AssertionError::TooLongLived),
        (json!({"exp": 1e300}), ClaimsError::InvalidDate("exp").into()),
        (json!({"nbf": now(1)}), AssertionError::NotYetValid),
        (json!({"iat": now(1)}), AssertionError::IssuedInFuture),
        (json!({"iat": "now"}), ClaimsError::InvalidDate("iat").into()),
    ] {
        assert_eq!(judge(&changes), Err(cause), "{changes}");
    }
}

#[test]
fn pk_4_the_leeway_is_never_more_than_a_minute() {
    let lenient = Expected { leeway: Duration::from_secs(3600), ..server() };
    let judge = |changes: &Value| validate(&assertion(changes), &lenient);
    let read = judge(&json!({"exp": now(-59)})).unwrap();
    assert_eq!(read.remember_until.as_seconds(), now(1), "as long as it could be shown again");
    assert_eq!(judge(&json!({"exp": now(-60)})), Err(AssertionError::Expired));
    assert!(judge(&json!({"exp": now(360), "iat": now(60), "nbf": now(60)})).is_ok());
    assert_eq!(judge(&json!({"exp": now(361)})), Err(AssertionError::TooLongLived));
    assert_eq!(judge(&json!({"iat": now(61)})), Err(AssertionError::IssuedInFuture));
    assert_eq!(judge(&json!({"nbf": now(61)})), Err(AssertionError::NotYetValid));
}

#[test]
fn the_jti_is_required_and_bounded() {
    assert_eq!(judge(&json!({"jti": null})), Err(AssertionError::MissingClaim("jti")));
    assert_eq!(judge(&json!({"jti": ""})), Err(AssertionError::Jti));
    assert_eq!(judge(&json!({"jti": "x".repeat(257)})), Err(AssertionError::Jti));
    assert_eq!(judge(&json!({"jti": 7})), Err(ClaimsError::WrongType("jti").into()));
}

#[test]
fn pk_6_jw_1_only_the_registered_keys_and_algorithm() {
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let by_other = other.sign(TYP, claims().to_string().as_bytes()).unwrap();
    assert_eq!(validate(&by_other, &server()), Err(VerifyError::KeyNotFound.into()));
    let disguised = format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"{}"}}"#, key(Algorithm::Es256).kid());
    let disguised = signed(&other, &disguised, claims().to_string().as_bytes());
    assert_eq!(validate(&disguised, &server()), Err(VerifyError::Signature.into()));
    let embedded = format!(r#"{{"alg":"ES256","typ":"{TYP}","jwk":{}}}"#, other.public_jwk().canonical_json());
    let embedded = signed(&other, &embedded, claims().to_string().as_bytes());
    assert_eq!(validate(&embedded, &server()), Err(VerifyError::Signature.into()), "a key in the header is no key");
    let rs256_only = Expected { algorithms: &[Algorithm::Rs256], ..server() };
    assert_eq!(validate(&assertion(&json!({})), &rs256_only), Err(VerifyError::AlgorithmNotAllowed.into()));
    let none = JwkSet::default();
    let no_keys = Expected { keys: (&none).into(), ..server() };
    assert_eq!(validate(&assertion(&json!({})), &no_keys), Err(VerifyError::KeyNotFound.into()));
    for alg in ["none", "HS256"] {
        assert_eq!(judge_header(&format!(r#"{{"alg":"{alg}"}}"#)), Err(VerifyError::UnsupportedAlgorithm.into()));
    }
}

#[test]
fn pk_7_jw_3_an_assertion_made_here_says_its_kind_and_the_issuer_alone() {
    for &algorithm in Algorithm::ALL {
        let made = issue(key(algorithm), CLIENT, ISSUER, NOW, &mut Seeded::new(3)).unwrap();
        assert_eq!(jsonwebtoken::decode_header(&made).unwrap().typ.as_deref(), Some("client-authentication+jwt"));
        let read = validate(&made, &server()).unwrap();
        assert_eq!((read.exp.as_seconds(), read.jti.len(), read.is_legacy), (now(60), 22, false));
        let again = issue(key(algorithm), CLIENT, ISSUER, NOW, &mut Seeded::new(4)).unwrap();
        assert_ne!(validate(&again, &server()).unwrap().jti, read.jti);
    }
}

#[test]
fn pk_7_a_key_made_elsewhere_goes_by_the_name_it_was_registered_under() {
    for &algorithm in Algorithm::ALL {
        let foreign = SigningKey::from_foreign_pkcs8(&key(algorithm).to_pkcs8().unwrap()).unwrap();
        assert_eq!((foreign.algorithm(), foreign.kid()), (algorithm, key(algorithm).kid()));
        let made = issue_as((&foreign, "my \"key\""), CLIENT, ISSUER, NOW, &mut Seeded::new(3)).unwrap();
        let header = jsonwebtoken::decode_header(&made).unwrap();
        assert_eq!(
            (header.typ.as_deref(), header.kid.as_deref()),
            (Some("client-authentication+jwt"), Some("my \"key\""))
        );
        let mut registered = serde_json::to_value(foreign.public_jwk()).unwrap();
        registered["kid"] = json!("my \"key\"");
        let registered = jose::Jwk::parse(registered.to_string().as_bytes()).unwrap();
        let expected = Expected { keys: (&registered).into(), ..server() };
        assert_eq!(validate(&made, &expected).unwrap().jti.len(), 22);
    }
    assert_eq!(SigningKey::from_foreign_pkcs8(b"no key").unwrap_err(), jose::SigningKeyError::InvalidKey);
}

#[test]
fn pk_6_jw_3_assertions_of_jsonwebtoken_are_accepted() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        for (typ, kid) in [(Some(TYP), Some(key.kid())), (None, None)] {
            let mut header = Header::new(theirs(algorithm));
            header.typ = typ.map(str::to_owned);
            header.kid = kid.map(str::to_owned);
            let made = encode(&header, &claims(), &private_pem(key)).unwrap();
            assert_eq!(claimed_client(&made).unwrap().as_str(), CLIENT);
            assert!(validate(&made, &server()).is_ok(), "{algorithm} {typ:?}");
        }
    }
}

#[test]
fn pk_8_a_missing_typ_is_accepted_and_another_is_not() {
    assert!(judge_header(r#"{"alg":"ES256"}"#).is_ok());
    assert!(judge_header(r#"{"alg":"ES256","typ":"application/client-authentication+jwt"}"#).is_ok());
    for typ in ["JWT", "at+jwt", "dpop+jwt", "secevent+jwt", "client-authentication", ""] {
        let refused = judge_header(&format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#));
        assert_eq!(refused, Err(VerifyError::Typ.into()), "{typ}");
    }
}

#[test]
fn pk_6_jw_9_jw_10_jw_17_the_form_of_the_assertion() {
    assert_eq!(judge_header(r#"{"alg":"ES256","crit":["exp"]}"#), Err(VerifyError::CriticalHeader.into()));
    let key = key(Algorithm::Es256);
    let twice = format!(r#"{{"iss":"evil","iss":"{CLIENT}","sub":"{CLIENT}"}}"#);
    let twice = key.sign(TYP, twice.as_bytes()).unwrap();
    let duplicate = AssertionError::Verify(VerifyError::Json(JsonError::DuplicateMember));
    assert_eq!(validate(&twice, &server()), Err(duplicate));
    assert_eq!(claimed_client(&twice), Err(duplicate));
    assert!(judge(&json!({"x": "x".repeat(10 * 1024)})).is_ok(), "longer than other kinds may be");
    assert_eq!(judge(&json!({"x": "x".repeat(13 * 1024)})), Err(VerifyError::TooLong.into()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn pk_6_jw_3_a_mutation_anywhere_is_refused(at in any::<prop::sample::Index>(), with in any::<char>()) {
        let original = key(Algorithm::EdDsa).sign(TYP, claims().to_string().as_bytes()).unwrap();
        let mut mutant: Vec<char> = original.chars().collect();
        *at.get_mut(&mut mutant) = with;
        let mutant: String = mutant.into_iter().collect();
        assert!(mutant == original || validate(&mutant, &server()).is_err());
    }

    #[test]
    fn pk_2_noise_is_refused_without_a_panic(noise in any::<String>(), payload in any::<Vec<u8>>(), id in any::<String>()) {
        assert!(claimed_client(&noise).is_err());
        assert!(claimed_client(&signed(key(Algorithm::EdDsa), r#"{"alg":"EdDSA"}"#, &payload)).is_err());
        let peeked = claimed_client(&assertion(&json!({"iss": id, "sub": id})));
        assert_eq!(peeked.is_ok(), proto::model::ClientId::parse(&id).is_some());
    }
}
