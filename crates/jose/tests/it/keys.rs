//! Which keys are accepted, how they are published, and that private ones stay private.

use jose::{Algorithm, Expectation, JsonError, Jwk, JwkError, JwkSet, SigningKey, SigningKeyError, TypPolicy, verify};
use serde_json::{Value, json};

use crate::support::{SET, b64, jwk, key};

fn public(algorithm: Algorithm) -> Value {
    serde_json::to_value(key(algorithm).public_jwk()).unwrap()
}

fn public_but(algorithm: Algorithm, name: &str, value: Value) -> Result<Jwk, JwkError> {
    let mut members = public(algorithm);
    members[name] = value;
    jwk(&members)
}

#[test]
fn jw_4_jw_16_a_public_key_survives_publication_and_every_private_member_is_refused() {
    for &algorithm in Algorithm::ALL {
        let (published, own) = (jwk(&public(algorithm)).unwrap(), key(algorithm));
        assert_eq!(published.algorithm(), algorithm);
        assert_eq!(published.kid(), Some(own.kid()));
        assert_eq!(published.thumbprint(), own.kid());
        assert_eq!(jwk(&serde_json::from_str(&published.canonical_json()).unwrap()).unwrap().thumbprint(), own.kid());
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert_eq!(public_but(algorithm, name, json!("AQAB")).unwrap_err(), JwkError::PrivateMember, "{name}");
        }
    }
    assert_eq!(jwk(&json!({"kty": "oct", "k": "AQAB"})).unwrap_err(), JwkError::PrivateMember);
}

#[test]
fn jw_4_points_are_validated_on_import() {
    let zeros = b64([0; 32]);
    let x = public(Algorithm::Es256)["x"].clone();
    for (algorithm, name, value, cause) in [
        (Algorithm::Es256, "y", x, JwkError::InvalidKey),
        (Algorithm::Es256, "x", json!(zeros), JwkError::InvalidKey),
        (Algorithm::Es256, "x", json!(b64([0xff; 32])), JwkError::InvalidKey),
        (Algorithm::Es256, "x", json!(b64([1; 31])), JwkError::InvalidEncoding),
        (Algorithm::Es256, "x", json!(b64([1; 33])), JwkError::InvalidEncoding),
        (Algorithm::Es256, "x", json!(format!("{zeros}=")), JwkError::InvalidEncoding),
        (Algorithm::Es256, "x", json!(7), JwkError::MissingMember("x")),
        (Algorithm::Es256, "crv", json!("P-384"), JwkError::UnsupportedKey),
        (Algorithm::EdDsa, "x", json!(zeros), JwkError::InvalidKey),
        (Algorithm::EdDsa, "x", json!(b64([0xff; 32])), JwkError::InvalidKey),
        (Algorithm::EdDsa, "crv", json!("X25519"), JwkError::UnsupportedKey),
        (Algorithm::Rs256, "e", json!(b64([2])), JwkError::InvalidKey),
        (Algorithm::Rs256, "e", json!(b64([1])), JwkError::InvalidKey),
        (Algorithm::Rs256, "e", json!(""), JwkError::InvalidEncoding),
        (Algorithm::Rs256, "n", json!(b64([&[0_u8][..], &[0xff; 256]].concat())), JwkError::InvalidEncoding),
    ] {
        assert_eq!(public_but(algorithm, name, value.clone()).unwrap_err(), cause, "{algorithm} {name} {value}");
    }
}

#[test]
fn jw_2_rsa_moduli_below_2048_bits_are_refused() {
    for (modulus, cause) in [
        ([&[0x7f_u8][..], &[0xff; 255]].concat(), JwkError::RsaModulusSize),
        (vec![0xff; 128], JwkError::RsaModulusSize),
        (vec![0xff; 1025], JwkError::RsaModulusSize),
    ] {
        assert_eq!(public_but(Algorithm::Rs256, "n", json!(b64(&modulus))).unwrap_err(), cause, "{}", modulus.len());
    }
}

#[test]
fn jw_1_a_key_is_for_one_algorithm_and_for_signatures() {
    for (algorithm, name, value, cause) in [
        (Algorithm::Rs256, "alg", json!("PS256"), JwkError::AlgorithmMismatch),
        (Algorithm::Rs256, "alg", json!("HS256"), JwkError::AlgorithmMismatch),
        (Algorithm::Es256, "alg", json!("EdDSA"), JwkError::AlgorithmMismatch),
        (Algorithm::Es256, "alg", json!(null), JwkError::AlgorithmMismatch),
        (Algorithm::Es256, "use", json!("enc"), JwkError::NotForSignatures),
        (Algorithm::Es256, "key_ops", json!(["sign"]), JwkError::NotForSignatures),
        (Algorithm::Es256, "kid", json!(1), JwkError::MissingMember("kid")),
    ] {
        assert_eq!(public_but(algorithm, name, value,).unwrap_err(), cause, "{algorithm} {name}");
    }
    assert!(public_but(Algorithm::EdDsa, "alg", json!("Ed25519")).is_ok(), "JW-15");
    assert!(public_but(Algorithm::Es256, "key_ops", json!(["verify"])).is_ok());
    assert_eq!(Jwk::parse(br#"{"kty":"EC","kty":"RSA"}"#).unwrap_err(), JwkError::Json(JsonError::DuplicateMember));
}

#[test]
fn jw_11_a_published_set_has_only_public_keys_each_with_kid_use_and_alg() {
    let published = serde_json::to_value(&*SET).unwrap();
    let keys = published["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    for (entry, &algorithm) in keys.iter().zip(Algorithm::ALL) {
        let mut names: Vec<_> = entry.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let wanted: &[&str] = match algorithm {
            Algorithm::EdDsa => &["alg", "crv", "kid", "kty", "use", "x"],
            Algorithm::Es256 => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            Algorithm::Rs256 => &["alg", "e", "kid", "kty", "n", "use"],
        };
        assert_eq!(names, wanted);
        assert_eq!((&entry["use"], &entry["alg"]), (&json!("sig"), &json!(algorithm.name())));
    }
    let twice = vec![SET.keys()[0].clone(), SET.keys()[0].clone()];
    assert_eq!(JwkSet::new(twice).unwrap_err(), JwkError::DuplicateKid);
    assert_eq!(JwkSet::new(vec![SET.keys()[0].clone(); 65]).unwrap_err(), JwkError::TooManyKeys);
}

#[test]
fn jw_12_unusable_keys_of_a_set_are_left_out_and_private_ones_spoil_it() {
    let mut members = serde_json::to_value(&*SET).unwrap();
    let keys = members["keys"].as_array_mut().unwrap();
    keys.extend([json!({}), json!(7), json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}), json!({"kty": "RSA"})]);
    keys.push(json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": key(Algorithm::Es256).kid()}));
    let parse = |members: &Value| JwkSet::parse(members.to_string().as_bytes());
    assert_eq!(parse(&members).unwrap().keys().len(), 3);
    members["keys"].as_array_mut().unwrap().push(json!({"kty": "RSA", "d": "AQAB"}));
    assert_eq!(parse(&members).unwrap_err(), JwkError::PrivateMember);
    assert_eq!(parse(&json!({"keys": {}})).unwrap_err(), JwkError::MissingMember("keys"));
}

#[test]
fn private_keys_read_back_under_their_own_name_only_and_never_print() {
    for &algorithm in Algorithm::ALL {
        let (own, other) = (key(algorithm), SigningKey::generate(Algorithm::Es256).unwrap());
        let pkcs8 = own.to_pkcs8().unwrap();
        let read = SigningKey::from_pkcs8(algorithm, own.kid(), &pkcs8).unwrap();
        let token = read.sign("JWT", b"{}").unwrap();
        verify(&token, &Expectation::new(TypPolicy::Required("JWT"), &[algorithm], own.public_jwk())).unwrap();
        let refused = |algorithm, kid| SigningKey::from_pkcs8(algorithm, kid, &pkcs8).unwrap_err();
        assert_eq!(refused(algorithm, other.kid()), SigningKeyError::KidMismatch);
        for &wrong in Algorithm::ALL.iter().filter(|wrong| **wrong != algorithm) {
            assert_eq!(refused(wrong, own.kid()), SigningKeyError::InvalidKey);
        }
        assert_eq!(format!("{own:?}"), format!("SigningKey {{ algorithm: {algorithm:?}, kid: {:?}, .. }}", own.kid()));
        for typ in ["", "at jwt", "JWT\",\"crit\":[\"x\"],\"y\":\"", "é"] {
            assert_eq!(own.sign(typ, b"{}").unwrap_err(), SigningKeyError::InvalidType, "{typ:?}");
        }
    }
}
