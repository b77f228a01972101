//! Proofs as a client makes them (RFC 9449 §4.2), read by the validator and by jsonwebtoken.

use jose::dpop::{Expected, NoncePolicy, Prover, Replays, Request, Seen, ath, validate};
use jose::{Algorithm, SigningKey, SigningKeyError};
use jsonwebtoken::{DecodingKey, Header, Validation, decode, decode_header, encode};
use proto::entropy::Seeded;
use serde_json::{Value, json};

use crate::interop::{private_pem, theirs};
use crate::support::{NOW, TOKEN_URL, key, token_endpoint};

const POLL: Request<'static> = Request { method: "POST", url: TOKEN_URL, nonce: None, access_token: None };

fn members(proof: &str) -> (Value, Value) {
    use base64::Engine as _;
    let mut parts = proof.split('.').map(|part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}

#[test]
fn dp_4_2_1_the_header_has_typ_alg_and_the_public_key_alone() {
    for &algorithm in Algorithm::ALL {
        let prover = Prover::generate(algorithm).unwrap();
        let (header, claims) = members(&prover.proof(&POLL, NOW, &mut Seeded::new(1)).unwrap());
        assert_eq!(header.as_object().unwrap().keys().collect::<Vec<_>>(), ["alg", "jwk", "typ"]);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!(algorithm.name())));
        assert!(
            header["jwk"]
                .as_object()
                .unwrap()
                .keys()
                .all(|name| ["kty", "crv", "x", "y", "e", "n"].contains(&name.as_str()))
        );
        assert_eq!(claims.as_object().unwrap().keys().collect::<Vec<_>>(), ["htm", "htu", "iat", "jti"]);
        assert_eq!(
            (&claims["htm"], &claims["htu"], &claims["iat"]),
            (&json!("POST"), &json!(TOKEN_URL), &json!(NOW.as_seconds()))
        );
    }
}

#[test]
fn dp_4_2_1_ath_and_nonce_are_added_and_the_query_left_out() {
    let prover = Prover::generate(Algorithm::Es256).unwrap();
    let url = "https://api.example/things?page=2#top";
    let request = Request { method: "GET", url, nonce: Some("n-1"), access_token: Some("token") };
    let proof = prover.proof(&request, NOW, &mut Seeded::new(1)).unwrap();
    let (_, claims) = members(&proof);
    assert_eq!(claims["ath"], ath("token"));
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["htu"], "https://api.example/things");
    let is_fresh = |nonce: &str| nonce == "n-1";
    let nonce = NoncePolicy::Required(&is_fresh);
    let expected = Expected { method: "GET", url, nonce, access_token: Some("token"), ..token_endpoint() };
    assert_eq!(validate(&proof, &expected).unwrap().jkt, prover.jkt());
}

#[test]
fn dp_4_3_5_every_proof_is_new_and_none_is_accepted_twice() {
    let prover = Prover::generate(Algorithm::EdDsa).unwrap();
    let expected = token_endpoint();
    let mut replays = Replays::new(expected.window.span(), 100, 100);
    let mut entropy = Seeded::new(7);
    let proofs: Vec<_> = (0..20).map(|_| prover.proof(&POLL, NOW, &mut entropy).unwrap()).collect();
    for expected_verdict in [Seen::Never, Seen::Before] {
        for proof in &proofs {
            assert_eq!(replays.remember(&validate(proof, &expected).unwrap(), NOW), expected_verdict);
        }
    }
}

#[test]
fn a_key_is_kept_and_found_again_under_its_thumbprint() {
    for &algorithm in Algorithm::ALL {
        let prover = Prover::generate(algorithm).unwrap();
        let again = Prover::import(algorithm, prover.jkt(), &prover.export().unwrap()).unwrap();
        assert_eq!((again.jkt(), again.algorithm()), (prover.jkt(), algorithm));
        let proof = again.proof(&POLL, NOW, &mut Seeded::new(1)).unwrap();
        assert_eq!(validate(&proof, &token_endpoint()).unwrap().jkt, prover.jkt());
        let wrong_name = Prover::import(algorithm, "another", &prover.export().unwrap());
        assert_eq!(wrong_name.unwrap_err(), SigningKeyError::KidMismatch);
        assert!(!format!("{prover:?}").contains("BEGIN") && format!("{prover:?}").contains(prover.jkt()));
    }
}

#[test]
fn dp_4_2_1_jw_3_proofs_are_read_there_and_theirs_here() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let prover = Prover::from(SigningKey::from_pkcs8(algorithm, key.kid(), &key.to_pkcs8().unwrap()).unwrap());
        let proof = prover.proof(&POLL, NOW, &mut Seeded::new(1)).unwrap();
        let header = decode_header(&proof).unwrap();
        let jwk = header.jwk.unwrap();
        assert_eq!(jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), prover.jkt());
        let mut validation = Validation::new(theirs(algorithm));
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let read = decode::<Value>(&proof, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
        assert_eq!(read.claims["htu"], TOKEN_URL);

        let mut header = Header::new(theirs(algorithm));
        header.typ = Some("dpop+jwt".to_owned());
        header.jwk = Some(jwk);
        let claims = json!({"jti": "theirs", "htm": "POST", "htu": TOKEN_URL, "iat": NOW.as_seconds()});
        let proof = encode(&header, &claims, &private_pem(key)).unwrap();
        let read = validate(&proof, &token_endpoint()).unwrap();
        assert_eq!((read.jkt.as_str(), read.jti.as_str()), (prover.jkt(), "theirs"));
    }
}
