//! Proofs as a server sees them (RFC 9449 §4.3): the examples of the RFC, and everything a proof may be refused for.

use std::time::Duration;

use jose::dpop::{Expected, NoncePolicy, Proof, ProofError, Window, ath, only_one, validate};
use jose::{Algorithm, ClaimsError, JsonError, JwkError, SigningKey, VerifyError};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use proto::Timestamp;
use serde_json::{Value, json};

use crate::support::{NOW, TOKEN_URL, b64, but, key, signed, token_endpoint};

fn claims() -> Value {
    json!({"jti": "j-1", "htm": "POST", "htu": TOKEN_URL, "iat": NOW.as_seconds()})
}

fn header(key: &SigningKey) -> String {
    format!(r#"{{"typ":"dpop+jwt","alg":"{}","jwk":{}}}"#, key.algorithm(), key.public_jwk().canonical_json())
}

/// A genuine proof, with some claims replaced or, where null, left out.
fn proof(changes: &Value) -> String {
    let key = key(Algorithm::Es256);
    signed(key, &header(key), &but(claims(), changes))
}

fn judge(changes: &Value) -> Result<Proof, ProofError> {
    validate(&proof(changes), &token_endpoint())
}

fn judge_header(header: &str) -> Result<Proof, ProofError> {
    validate(&signed(key(Algorithm::Es256), header, &but(claims(), &json!({}))), &token_endpoint())
}

/// RFC 9449 §4.1 and §7.1 have the key in common.
const EXAMPLE_HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo\
                              UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW\
                              clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19";

#[test]
fn dp_4_3_1_jw_16_rfc_9449_4_1_token_request() {
    let proof = format!(
        "{EXAMPLE_HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3\
         Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
    );
    let iat = Timestamp::from_seconds(1_562_262_616);
    let expected = Expected { url: "https://server.example.com/token", now: iat, ..token_endpoint() };
    let read = validate(&proof, &expected).unwrap();
    assert_eq!(read.jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "RFC 9449 §6.1");
    assert_eq!((read.jti.as_str(), read.iat, read.nonce), ("-BwC3ESc6acc2lTc", iat, None));
}

#[test]
fn dp_4_3_1_rfc_9449_7_1_resource_request_with_ath() {
    let access_token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    assert_eq!(ath(access_token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    let proof = format!(
        "{EXAMPLE_HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy\
         9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFby\
         J9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
    );
    let expected = Expected {
        method: "GET",
        url: "https://resource.example.org/protectedresource",
        now: Timestamp::from_seconds(1_562_262_620),
        access_token: Some(access_token),
        ..token_endpoint()
    };
    assert_eq!(validate(&proof, &expected).unwrap().jti, "e1j3V_bKic8-LAEB");
    let other = Expected { access_token: Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxV"), ..expected };
    assert_eq!(validate(&proof, &other), Err(ProofError::AccessToken));
}

#[test]
fn dp_4_3_1_exactly_one_header() {
    assert_eq!(only_one([]), Ok(None));
    assert_eq!(only_one([&b"a.b.c"[..]]), Ok(Some("a.b.c")));
    assert_eq!(only_one([&b"a.b.c"[..], b"a.b.c"]), Err(ProofError::Several));
    assert_eq!(only_one([&b"\xff"[..]]), Err(ProofError::NotText));
    let joined = format!("{}, {}", proof(&json!({})), proof(&json!({})));
    assert_eq!(validate(&joined, &token_endpoint()), Err(VerifyError::Malformed.into()), "joined by a proxy");
}

#[test]
fn dp_4_3_1_every_claim_is_required_and_of_its_type() {
    assert!(judge(&json!({})).is_ok());
    assert!(judge(&json!({"unknown": [1], "ath": "of no token here", "aud": "any"})).is_ok());
    for name in ["jti", "htm", "htu", "iat"] {
        assert_eq!(judge(&json!({name: null})), Err(ProofError::MissingClaim(name)));
    }
    for name in ["jti", "htm", "htu", "nonce"] {
        assert_eq!(judge(&json!({name: 1})), Err(ClaimsError::WrongType(name).into()));
    }
    for date in [json!("1800000000"), json!(-1), json!(1e300)] {
        assert_eq!(judge(&json!({"iat": date})), Err(ClaimsError::InvalidDate("iat").into()));
    }
    assert_eq!(judge(&json!({"jti": ""})), Err(ProofError::Jti));
    assert_eq!(judge(&json!({"jti": "x".repeat(257)})), Err(ProofError::Jti));
    assert_eq!(judge(&json!({"jti": "x".repeat(256)})).unwrap().jti.len(), 256);
}

#[test]
fn dp_4_3_1_jw_9_jw_10_jw_17_the_form_of_the_token() {
    let key = key(Algorithm::Es256);
    let jwk = key.public_jwk().canonical_json();
    let form = |header: &str, payload: &[u8]| validate(&signed(key, header, payload), &token_endpoint()).unwrap_err();
    let crit = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk},"crit":["exp"]}}"#);
    assert_eq!(form(&crit, b"{}"), VerifyError::CriticalHeader.into());
    let twice = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk},"jwk":{jwk}}}"#);
    assert_eq!(form(&twice, b"{}"), VerifyError::Json(JsonError::DuplicateMember).into());
    let htu_twice = format!(r#"{{"jti":"j","htm":"POST","htu":"https://evil.example/","htu":"{TOKEN_URL}","iat":1}}"#);
    assert_eq!(form(&header(key), htu_twice.as_bytes()), VerifyError::Json(JsonError::DuplicateMember).into());
    assert_eq!(form(&header(key), b"[]"), VerifyError::Json(JsonError::NotAnObject).into());
    assert_eq!(judge(&json!({"x": "x".repeat(8 * 1024)})), Err(VerifyError::TooLong.into()));
    for bad in ["", "a.b.c", "..", "a.b.c.d.e"] {
        assert!(validate(bad, &token_endpoint()).is_err(), "{bad}");
    }
}

#[test]
fn dp_4_3_1_jw_8_typ_is_dpop_jwt_and_nothing_like_it() {
    let jwk = key(Algorithm::Es256).public_jwk().canonical_json();
    for typ in ["", r#""typ":"JWT","#, r#""typ":"DPOP+JWT","#, r#""typ":"application/dpop+jwt","#, r#""typ":"at+jwt","#]
    {
        let refused = judge_header(&format!(r#"{{{typ}"alg":"ES256","jwk":{jwk}}}"#));
        assert_eq!(refused, Err(VerifyError::Typ.into()), "{typ}");
    }
}

#[test]
fn dp_4_3_2_jw_1_jw_2_only_allowed_and_asymmetric_algorithms() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let proof = signed(key, &header(key), &but(claims(), &json!({})));
        assert_eq!(validate(&proof, &token_endpoint()).unwrap().jkt, key.kid());
        let others: Vec<_> = Algorithm::ALL.iter().copied().filter(|other| *other != algorithm).collect();
        let refused = validate(&proof, &Expected { algorithms: &others, ..token_endpoint() });
        assert_eq!(refused, Err(VerifyError::AlgorithmNotAllowed.into()));
    }
    let jwk = key(Algorithm::Es256).public_jwk().canonical_json();
    for alg in ["none", "HS256", "ES384"] {
        let refused = judge_header(&format!(r#"{{"typ":"dpop+jwt","alg":"{alg}","jwk":{jwk}}}"#));
        assert_eq!(refused, Err(VerifyError::UnsupportedAlgorithm.into()));
    }
    let unsigned = format!("{}.{}.", b64(r#"{"typ":"dpop+jwt","alg":"none"}"#), b64(claims().to_string()));
    assert_eq!(validate(&unsigned, &token_endpoint()), Err(VerifyError::UnsupportedAlgorithm.into()));
    let crossed = format!(r#"{{"typ":"dpop+jwt","alg":"RS256","jwk":{jwk}}}"#);
    assert_eq!(judge_header(&crossed), Err(VerifyError::KeyMismatch.into()));
}

#[test]
fn dp_4_3_2_jw_3_the_signature_is_by_the_key_in_the_header() {
    let (key, other) = (key(Algorithm::Es256), SigningKey::generate(Algorithm::Es256).unwrap());
    let forged = signed(&other, &header(key), &but(claims(), &json!({})));
    assert_eq!(validate(&forged, &token_endpoint()), Err(VerifyError::Signature.into()));
    let with_kid =
        format!(r#"{{"typ":"dpop+jwt","alg":"ES256","kid":"another","jwk":{}}}"#, key.public_jwk().canonical_json());
    assert!(judge_header(&with_kid).is_ok(), "a kid names nothing here");
}

#[test]
fn dp_4_3_2_jw_4_the_key_is_a_usable_public_one() {
    let with_jwk = |jwk: &Value| judge_header(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}).to_string());
    let jwk: Value = serde_json::from_str(&key(Algorithm::Es256).public_jwk().canonical_json()).unwrap();
    let plus = |name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    assert!(with_jwk(&plus("kid", json!("k"))).is_ok());
    for private in ["d", "k", "p", "q", "dp", "dq", "qi", "oth"] {
        let refused = with_jwk(&plus(private, json!("AA")));
        assert_eq!(refused, Err(JwkError::PrivateMember.into()), "{private}");
    }
    assert_eq!(with_jwk(&plus("x", json!(b64([1; 32])))), Err(JwkError::InvalidKey.into()));
    assert_eq!(with_jwk(&plus("alg", json!("RS256"))), Err(JwkError::AlgorithmMismatch.into()));
    assert_eq!(with_jwk(&json!({"kty": "oct", "k": "AA"})), Err(JwkError::PrivateMember.into()));
    assert_eq!(with_jwk(&json!({})), Err(JwkError::MissingMember("kty").into()));
    assert_eq!(with_jwk(&json!("k")), Err(VerifyError::Header.into()));
    assert_eq!(judge_header(r#"{"typ":"dpop+jwt","alg":"ES256"}"#), Err(ProofError::MissingKey));
}

#[test]
fn dp_4_3_3_htm_and_htu_are_those_of_the_request() {
    for method in ["GET", "post", "POST ", ""] {
        assert_eq!(judge(&json!({"htm": method})), Err(ProofError::Method), "{method}");
    }
    for same in ["https://AS.example:443/token", "https://as.example/./%74oken?x=1#y", TOKEN_URL] {
        assert!(judge(&json!({"htu": same})).is_ok(), "{same}");
    }
    for other in ["http://as.example/token", "https://as.example/", "https://evil.example/token", "/token", ""] {
        assert_eq!(judge(&json!({"htu": other})), Err(ProofError::Url), "{other}");
    }
    let with_query = Expected { url: "https://as.example/token?hint=1", ..token_endpoint() };
    assert!(validate(&proof(&json!({})), &with_query).is_ok());
}

#[test]
fn dp_4_3_4_iat_lies_in_the_window() {
    let now = NOW.as_seconds();
    let iat = |offset: f64| judge(&json!({"iat": now as f64 + offset})).map(|_| ());
    for inside in [-60.0, -59.5, 0.0, 14.5, 15.0] {
        assert_eq!(iat(inside), Ok(()), "{inside}");
    }
    assert_eq!(iat(-60.5), Err(ProofError::IssuedTooLongAgo));
    assert_eq!(iat(15.5), Err(ProofError::IssuedInFuture));
    assert_eq!(judge(&json!({"iat": 0})), Err(ProofError::IssuedTooLongAgo));
    assert_eq!(judge(&json!({"iat": 253_402_300_799_i64})), Err(ProofError::IssuedInFuture));
    let narrow = Window { past: Duration::from_secs(5), future: Duration::ZERO };
    let expected = Expected { window: narrow, ..token_endpoint() };
    assert!(validate(&proof(&json!({"iat": now - 5})), &expected).is_ok());
    assert_eq!(validate(&proof(&json!({"iat": now - 6})), &expected), Err(ProofError::IssuedTooLongAgo));
    assert_eq!(validate(&proof(&json!({"iat": now + 1})), &expected), Err(ProofError::IssuedInFuture));
    assert_eq!(judge(&json!({"exp": now - 15})), Err(ProofError::Expired));
    assert_eq!(judge(&json!({"nbf": now + 16})), Err(ProofError::NotYetValid));
    assert!(judge(&json!({"nbf": now, "exp": now + 1})).is_ok());
}

#[test]
fn dp_4_3_4_dp_8_2_a_nonce_is_fresh_and_dates_the_proof() {
    let is_fresh = |nonce: &str| nonce == "fresh";
    let under = |nonce, changes: &Value| validate(&proof(changes), &Expected { nonce, ..token_endpoint() });
    let (optional, required) = (NoncePolicy::Optional(&is_fresh), NoncePolicy::Required(&is_fresh));
    let long_ago = json!({"nonce": "fresh", "iat": 86_400, "exp": 86_401});

    assert_eq!(under(required, &json!({})), Err(ProofError::MissingNonce));
    assert!(under(optional, &json!({})).is_ok());
    for policy in [optional, required] {
        assert_eq!(under(policy, &json!({"nonce": "stale"})), Err(ProofError::StaleNonce));
        assert_eq!(under(policy, &json!({"nonce": ""})), Err(ProofError::StaleNonce));
        assert_eq!(under(policy, &json!({"nonce": "fresh"})).unwrap().nonce.as_deref(), Some("fresh"));
        assert!(under(policy, &long_ago).is_ok(), "a device without a clock");
    }
    assert_eq!(under(optional, &json!({"iat": 86_400})), Err(ProofError::IssuedTooLongAgo));
    assert_eq!(under(NoncePolicy::Unused, &long_ago), Err(ProofError::IssuedTooLongAgo));

    for cause in [ProofError::MissingNonce, ProofError::StaleNonce] {
        assert!(cause.is_about_nonce());
    }
    for cause in [ProofError::Url, ProofError::IssuedTooLongAgo, VerifyError::Signature.into()] {
        assert!(!cause.is_about_nonce());
    }
}

#[test]
fn dp_7_1_1_ath_names_the_access_token() {
    let expected = Expected { access_token: Some("token"), ..token_endpoint() };
    let with = |ath: Value| validate(&proof(&json!({"ath": ath})), &expected).map(|_| ());
    assert_eq!(with(json!(ath("token"))), Ok(()));
    assert_eq!(with(json!(ath("other"))), Err(ProofError::AccessToken));
    assert_eq!(with(json!(format!("{}=", ath("token")))), Err(ProofError::AccessToken));
    assert_eq!(with(json!(null)), Err(ProofError::MissingClaim("ath")));
    assert_eq!(with(json!(1)), Err(ClaimsError::WrongType("ath").into()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn dp_4_3_2_jw_3_a_mutation_anywhere_is_refused(at in any::<prop::sample::Index>(), with in any::<char>()) {
        let original = proof(&json!({}));
        let mut mutant: Vec<char> = original.chars().collect();
        *at.get_mut(&mut mutant) = with;
        let mutant: String = mutant.into_iter().collect();
        assert!(mutant == original || validate(&mutant, &token_endpoint()).is_err());
    }

    #[test]
    fn dp_4_3_1_noise_is_refused_without_a_panic(noise in any::<String>(), htu in any::<String>(), jwk in any::<Vec<u8>>()) {
        assert!(validate(&noise, &token_endpoint()).is_err());
        assert!(judge_header(&noise).is_err());
        assert_eq!(judge(&json!({"htu": htu})), Err(ProofError::Url));
        assert!(judge_header(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "x": jwk}}).to_string()).is_err());
    }

    #[test]
    fn dp_4_3_3_a_url_matches_itself_in_every_spelling(path in "(/[a-zA-Z0-9._~%-]{0,8}){0,5}", port in 1_u16..) {
        let escaped: String = path.bytes().map(|b| if b == b'/' { "/".to_owned() } else { format!("%{b:02x}") }).collect();
        let plain = path.replace('%', "%25");
        let expected = Expected { url: &format!("https://as.example:{port}{plain}"), ..token_endpoint() };
        let spelt = proof(&json!({"htu": format!("HTTPS://As.Example:{port:05}{escaped}?q")}));
        assert!(validate(&spelt, &expected).is_ok());
    }
}
