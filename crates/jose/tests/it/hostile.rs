//! Tokens made to deceive, damaged tokens and noise.

use jose::json;
use jose::{Algorithm, Expectation, JsonError, Jwk, JwkSet, SigningKey, TypPolicy, VerifyError, verify};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use serde_json::json;

use crate::support::{SET, b64, claims_but, key, signed};

fn expected() -> Expectation<'static> {
    Expectation::new(TypPolicy::Required("JWT"), Algorithm::ALL, &*SET)
}

fn refusal(token: &str) -> VerifyError {
    verify(token, &expected()).unwrap_err()
}

/// What a genuine signature over this header comes to.
fn with_header(header: &str) -> Result<(), VerifyError> {
    verify(&signed(key(Algorithm::Es256), header, b"{}"), &expected()).map(|_| ())
}

#[test]
fn jw_2_none_and_hmac_with_the_public_key_are_refused() {
    for alg in ["none", "NONE", "nOnE", "HS256", "HS512", "ES512", "RS1", ""] {
        let header = b64(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
        assert_eq!(refusal(&format!("{header}.{}.", b64("{}"))), VerifyError::UnsupportedAlgorithm, "{alg}");
    }
    assert_eq!(with_header(r#"{"typ":"JWT"}"#), Err(VerifyError::Header));
    assert_eq!(with_header(r#"{"typ":"JWT","alg":5}"#), Err(VerifyError::Header));
}

#[test]
fn jw_1_the_caller_fixes_the_algorithms_and_the_key_its_own() {
    let (es256, rs256) = (key(Algorithm::Es256), key(Algorithm::Rs256));
    let token = es256.sign("JWT", b"{}").unwrap();
    let only = |algorithms| verify(&token, &Expectation { algorithms, ..expected() }).map(|_| ());
    assert_eq!(only(&[Algorithm::Rs256, Algorithm::EdDsa]), Err(VerifyError::AlgorithmNotAllowed));
    assert_eq!(only(&[]), Err(VerifyError::AlgorithmNotAllowed));
    assert_eq!(only(&[Algorithm::Es256]), Ok(()));
    let crossed = format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{}"}}"#, rs256.kid());
    assert_eq!(with_header(&crossed), Err(VerifyError::KeyMismatch));
    let with_key = |key: &SigningKey| {
        verify(&token, &Expectation::new(TypPolicy::Required("JWT"), Algorithm::ALL, key.public_jwk())).map(|_| ())
    };
    assert_eq!(with_key(es256), Ok(()));
    assert_eq!(with_key(rs256), Err(VerifyError::KeyNotFound), "the token names another key");
}

#[test]
fn jw_7_a_key_or_its_address_in_the_header_is_ignored_and_kid_is_only_compared() {
    let attacker = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = attacker.public_jwk().canonical_json();
    let header = format!(
        r#"{{"alg":"ES256","typ":"JWT","jwk":{jwk},"jku":"https://evil.example/keys","x5u":"https://evil.example/c","x5c":["MA=="]}}"#
    );
    assert_eq!(refusal(&signed(&attacker, &header, b"{}")), VerifyError::Signature);
    assert_eq!(with_header(&header), Ok(()));
    for kid in ["../../etc/passwd", "' OR 1=1 --", "https://evil.example/", "", "\\u0000"] {
        let header = format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}"}}"#);
        assert_eq!(with_header(&header), Err(VerifyError::KeyNotFound), "{kid}");
    }
    assert_eq!(with_header(r#"{"alg":"ES256","typ":"JWT","kid":7}"#), Err(VerifyError::Header));
}

#[test]
fn jw_7_a_token_without_kid_is_tried_with_a_bounded_number_of_keys() {
    let keys: Vec<_> = (0..9).map(|_| SigningKey::generate(Algorithm::EdDsa).unwrap()).collect();
    let token = signed(&keys[7], r#"{"alg":"EdDSA","typ":"JWT"}"#, b"{}");
    let among = |count| {
        let set = JwkSet::new(keys.iter().take(count).map(|key| key.public_jwk().clone()).collect()).unwrap();
        verify(&token, &Expectation::new(TypPolicy::Required("JWT"), Algorithm::ALL, &set)).map(|_| ())
    };
    assert_eq!(among(8), Ok(()));
    assert_eq!(among(7), Err(VerifyError::Signature));
    assert_eq!(among(9), Err(VerifyError::AmbiguousKey));
    assert_eq!(among(0), Err(VerifyError::KeyNotFound));
}

#[test]
fn jw_9_critical_extensions_and_json_serialisation_are_refused() {
    for crit in [r#"["b64"]"#, r#"["exp"]"#, "[]", "null"] {
        let header = format!(r#"{{"alg":"ES256","typ":"JWT","b64":true,"crit":{crit}}}"#);
        assert_eq!(with_header(&header), Err(VerifyError::CriticalHeader), "{crit}");
    }
    let token = key(Algorithm::Es256).sign("JWT", b"{}").unwrap();
    let [header, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let flattened = json!({"protected": header, "payload": payload, "signature": signature}).to_string();
    assert_eq!(refusal(&flattened), VerifyError::Malformed);
}

#[test]
fn jw_10_duplicate_members_are_refused_in_header_and_claims() {
    let duplicate = VerifyError::Json(JsonError::DuplicateMember);
    assert_eq!(with_header(r#"{"alg":"none","alg":"ES256","typ":"JWT"}"#), Err(duplicate));
    assert_eq!(with_header(r#"{"alg":"ES256","typ":"JWT","x":{"a":1,"a":1}}"#), Err(duplicate));
    for (payload, cause) in [
        (&br#"{"sub":"a","sub":"b"}"#[..], JsonError::DuplicateMember),
        (br#"{"cnf":{"jkt":"a","jkt":"b"}}"#, JsonError::DuplicateMember),
        (b"[]", JsonError::NotAnObject),
        (b"\"\xff\"", JsonError::Syntax),
    ] {
        let token = signed(key(Algorithm::Es256), r#"{"alg":"ES256","typ":"JWT"}"#, payload);
        assert_eq!(refusal(&token), VerifyError::Json(cause));
    }
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(json::MAX_DEPTH), "]".repeat(json::MAX_DEPTH));
    let token = signed(key(Algorithm::Es256), r#"{"alg":"ES256","typ":"JWT"}"#, deep.as_bytes());
    assert_eq!(refusal(&token), VerifyError::Json(JsonError::TooDeep));
}

#[test]
fn jw_14_jw_17_five_parts_padding_and_excess_length_are_refused() {
    let token = key(Algorithm::Es256).sign("JWT", b"{ }").unwrap();
    let padded = token.replacen('.', "=.", 1);
    let jwe = format!("{}.AA.AA.AA.AA", b64(r#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#));
    for bad in ["", ".", "a.b", "....", &padded, &jwe, &format!("{token}="), &format!("{token}."), &format!(" {token}")]
    {
        assert_eq!(refusal(bad), VerifyError::Malformed, "{bad}");
    }
    let padding = " ".repeat(Expectation::MAX_LEN);
    let long = key(Algorithm::Es256).sign("JWT", format!("{{{padding}}}").as_bytes()).unwrap();
    assert_eq!(refusal(&long), VerifyError::TooLong);
    assert!(verify(&long, &Expectation { max_len: 16 * 1024, ..expected() }).is_ok());
}

#[test]
fn jw_3_every_single_byte_mutation_is_refused() {
    for &algorithm in Algorithm::ALL {
        let token = key(algorithm).sign("JWT", &claims_but(&json!({}))).unwrap();
        verify(&token, &expected()).unwrap();
        for at in 0..token.len() {
            for byte in [token.as_bytes()[at] ^ 1, b'A', b'_', b'.', b'='] {
                let mut mutant = token.clone().into_bytes();
                mutant[at] = byte;
                let mutant = String::from_utf8(mutant).unwrap();
                assert!(mutant == token || verify(&mutant, &expected()).is_err(), "{algorithm} byte {at}: {mutant}");
            }
            let mut shorter = token.clone();
            shorter.remove(at);
            assert!(verify(&shorter, &expected()).is_err(), "{algorithm} without byte {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn jw_3_what_is_signed_is_what_is_read(text in any::<String>(), number in any::<i64>(), typ in "[a-z]{1,20}[+]jwt") {
        let claims = json!({"text": text, "number": number}).to_string();
        for &algorithm in Algorithm::ALL {
            let expected = Expectation { typ: TypPolicy::Required(&typ), ..expected() };
            let verified = verify(&key(algorithm).sign(&typ, claims.as_bytes()).unwrap(), &expected).unwrap();
            assert_eq!(verified.payload, claims.as_bytes());
            assert_eq!(verified.members["text"], text.as_str());
            assert_eq!(verified.header.kid.as_deref(), Some(key(algorithm).kid()));
        }
    }

    #[test]
    fn jw_3_a_mutation_anywhere_is_refused(at in any::<prop::sample::Index>(), with in any::<char>()) {
        let token = key(Algorithm::EdDsa).sign("JWT", b"{\"sub\":\"a\"}").unwrap();
        let mut mutant: Vec<char> = token.chars().collect();
        *at.get_mut(&mut mutant) = with;
        let mutant: String = mutant.into_iter().collect();
        assert!(mutant == token || verify(&mutant, &expected()).is_err());
    }

    #[test]
    fn jw_17_noise_is_refused_without_a_panic(noise in any::<String>(), bytes in any::<Vec<u8>>()) {
        assert!(verify(&noise, &expected()).is_err());
        let es256 = key(Algorithm::Es256);
        assert!(verify(&signed(es256, &noise, &bytes), &expected()).is_err());
        let accepted = verify(&signed(es256, r#"{"alg":"ES256","typ":"JWT"}"#, &bytes), &expected()).is_ok();
        assert_eq!(accepted, json::parse_object(&bytes, json::MAX_DEPTH).is_ok());
        assert!(Jwk::parse(&bytes).is_err() && JwkSet::parse(&bytes).is_err());
    }
}
