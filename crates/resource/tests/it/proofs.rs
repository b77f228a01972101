//! Tokens that are bound to a key (RFC 9449 §7), each with something wrong.

use std::time::Duration;

use http::{Method, StatusCode};
use jose::dpop::{Nonces, ProofError, Prover, Request};
use jose::{Algorithm, VerifyError};
use proto::entropy::Seeded;
use proto::model::KeyId;
use proto::secret::{MacKey, MacKeys};
use resource::{Cause, Scheme, Validator};
use serde_json::json;
use zeroize::Zeroizing;

use crate::world::{
    DEVICE, GET_THINGS, ISSUER, KEY, NOW, api, bearer, bound, challenges, get, headers, proof, refused, set, token,
    with_proof,
};

const ALGS: &str = "Ed25519 EdDSA ES256 RS256";

#[tokio::test]
async fn dp_7_1_1_a_bound_token_with_a_proof_under_its_key() {
    let token = bound();
    let access = get(&api(), "/things?page=2", &with_proof(&token, 1)).await.unwrap();
    assert_eq!((access.scheme, access.jkt.as_deref()), (Scheme::DPoP, Some(DEVICE.jkt())));
    let mut lower = with_proof(&token, 1);
    lower.insert("authorization", format!("dpop {token}").parse().unwrap());
    assert!(get(&api(), "/things", &lower).await.is_ok());
}

#[tokio::test]
async fn dp_7_1_1_dp_4_3_1_without_exactly_one_proof() {
    let token = bound();
    let authorization = format!("DPoP {token}");
    let (cause, answer) = refused(&api(), &headers(&[("authorization", &authorization)])).await;
    assert!(matches!(cause, Cause::MissingProof));
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let wanted = format!(r#"DPoP realm="https://api.example", error="invalid_dpop_proof", algs="{ALGS}""#);
    assert_eq!(challenges(&answer), [wanted.as_str()]);

    let mut two = with_proof(&token, 1);
    two.append("dpop", proof(&Request { access_token: Some(&token), ..GET_THINGS }, 2).parse().unwrap());
    assert!(matches!(refused(&api(), &two).await.0, Cause::Proof(ProofError::Several)));
}

#[tokio::test]
async fn dp_7_1_1_a_proof_for_another_request_token_or_time() {
    let token = bound();
    for (request, cause) in [
        (Request { method: "POST", ..GET_THINGS }, ProofError::Method),
        (Request { url: "https://api.example/other", ..GET_THINGS }, ProofError::Url),
        (Request { url: "https://evil.example/things", ..GET_THINGS }, ProofError::Url),
        (Request { url: "http://api.example/things", ..GET_THINGS }, ProofError::Url),
        (Request { access_token: Some("another"), ..GET_THINGS }, ProofError::AccessToken),
        (GET_THINGS, ProofError::MissingClaim("ath")),
    ] {
        let access_token =
            if cause == ProofError::MissingClaim("ath") { None } else { request.access_token.or(Some(&token)) };
        let proof = proof(&Request { access_token, ..request }, 1);
        let sent = headers(&[("authorization", &format!("DPoP {token}")), ("dpop", &proof)]);
        let Cause::Proof(found) = refused(&api(), &sent).await.0 else { panic!("{cause}") };
        assert_eq!(found, cause);
    }
    let later = NOW + Duration::from_secs(61);
    let refusal = api().authorize(&Method::GET, &"/things".parse().unwrap(), &with_proof(&token, 1), later).await;
    assert!(matches!(refusal.unwrap_err().cause, Cause::Proof(ProofError::IssuedTooLongAgo)));
    let access_token_as_proof = headers(&[("authorization", &format!("DPoP {token}")), ("dpop", &token)]);
    let (cause, _) = refused(&api(), &access_token_as_proof).await;
    assert!(matches!(cause, Cause::Proof(ProofError::Verify(VerifyError::Typ))));
}

#[tokio::test]
async fn dp_7_1_1_a_proof_under_another_key() {
    let (token, thief) = (bound(), Prover::generate(Algorithm::Es256).unwrap());
    let request = Request { access_token: Some(&token), ..GET_THINGS };
    let proof = thief.proof(&request, NOW, &mut Seeded::new(1)).unwrap();
    let sent = headers(&[("authorization", &format!("DPoP {token}")), ("dpop", &proof)]);
    let (cause, answer) = refused(&api(), &sent).await;
    assert!(matches!(cause, Cause::OtherKey));
    let wanted = format!(r#"DPoP realm="https://api.example", error="invalid_token", algs="{ALGS}""#);
    assert_eq!(challenges(&answer), [wanted.as_str()]);
}

#[tokio::test]
async fn dp_7_2_1_a_bound_token_as_a_bearer_token_with_or_without_a_proof() {
    let token = bound();
    let mut disguised = with_proof(&token, 1);
    disguised.insert("authorization", format!("Bearer {token}").parse().unwrap());
    for sent in [bearer(&token), disguised] {
        let (cause, answer) = refused(&api(), &sent).await;
        assert!(matches!(cause, Cause::SentAsBearer));
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let [bearer, dpop] = challenges(&answer)[..] else { panic!() };
        assert_eq!(bearer, r#"Bearer realm="https://api.example", error="invalid_token""#);
        assert_eq!(dpop, format!(r#"DPoP realm="https://api.example", algs="{ALGS}""#));
    }
}

#[tokio::test]
async fn dp_7_1_1_an_unbound_token_gains_nothing_by_a_proof_and_is_refused_where_binding_is_a_rule() {
    let unbound = token(&json!({}));
    assert!(matches!(refused(&api(), &with_proof(&unbound, 1)).await.0, Cause::NotBound));
    let strict = api().require_bound_tokens();
    let (cause, answer) = refused(&strict, &bearer(&unbound)).await;
    assert!(matches!(cause, Cause::NotBound));
    assert_eq!(challenges(&answer).len(), 2);
    assert!(get(&strict, "/things", &with_proof(&bound(), 1)).await.is_ok());
}

#[tokio::test]
async fn dp_7_1_1_a_binding_that_is_not_understood_is_refused() {
    let jkt = DEVICE.jkt();
    for cnf in
        [json!({}), json!({"x5t#S256": "x"}), json!({"jkt": jkt, "x5t#S256": "x"}), json!({"jkt": 7}), json!(jkt)]
    {
        let token = token(&json!({"cnf": cnf}));
        for sent in [bearer(&token), with_proof(&token, 1)] {
            assert!(matches!(refused(&api(), &sent).await.0, Cause::UnknownBinding), "{cnf}");
        }
    }
}

#[tokio::test]
async fn dp_4_3_5_a_proof_is_good_once() {
    let (api, token) = (api(), bound());
    assert!(get(&api, "/things", &with_proof(&token, 1)).await.is_ok());
    let (cause, answer) = refused(&api, &with_proof(&token, 1)).await;
    assert!(matches!(cause, Cause::Replayed));
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(get(&api, "/things", &with_proof(&token, 2)).await.is_ok());
}

#[tokio::test]
async fn dp_4_3_5_more_proofs_than_can_be_remembered_are_put_off() {
    let (api, token) = (api().remember(10, 2), bound());
    for seed in [1, 2] {
        assert!(get(&api, "/things", &with_proof(&token, seed)).await.is_ok());
    }
    let (cause, answer) = refused(&api, &with_proof(&token, 3)).await;
    assert!(matches!(cause, Cause::TooManyProofs));
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn dp_9_1_dp_7_1_1_a_nonce_is_demanded_with_401_and_then_accepted() {
    let key = MacKey::new(KeyId::from_bytes([1; 16]), &Zeroizing::new([1; 32]));
    let api = api().nonces(Nonces::new(MacKeys::new(key, Vec::new()), Duration::from_secs(300)));
    let token = bound();
    let (cause, answer) = refused(&api, &with_proof(&token, 1)).await;
    assert!(matches!(cause, Cause::Proof(ProofError::MissingNonce)));
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let wanted = format!(r#"DPoP realm="https://api.example", error="use_dpop_nonce", algs="{ALGS}""#);
    assert_eq!(challenges(&answer), [wanted.as_str()]);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let nonces: Vec<_> = answer.headers.get_all("dpop-nonce").iter().collect();
    let [nonce] = nonces[..] else { panic!("exactly one") };

    let with_nonce = |nonce: &str, seed| {
        let proof = proof(&Request { access_token: Some(&token), nonce: Some(nonce), ..GET_THINGS }, seed);
        headers(&[("authorization", &format!("DPoP {token}")), ("dpop", &proof)])
    };
    assert!(get(&api, "/things", &with_nonce(nonce.to_str().unwrap(), 2)).await.is_ok());
    let (cause, answer) = refused(&api, &with_nonce("of-the-authorization-server-----", 3)).await;
    assert!(matches!(cause, Cause::Proof(ProofError::StaleNonce)));
    assert!(answer.headers.contains_key("dpop-nonce"));
}

#[tokio::test]
async fn dp_4_3_3_the_url_is_the_external_one() {
    let token = token(&json!({"cnf": {"jkt": DEVICE.jkt()}, "aud": "things"}));
    let sent = |url: &str| {
        let proof = proof(&Request { url, access_token: Some(&token), ..GET_THINGS }, 1);
        headers(&[("authorization", &format!("DPoP {token}")), ("dpop", &proof)])
    };
    let unnamed = || Validator::new(ISSUER, "things", set(&[&KEY]));
    assert!(matches!(refused(&unnamed(), &sent("/things")).await.0, Cause::Proof(ProofError::Url)));
    let behind_a_proxy = unnamed().external_url("https://example.com/api/v1/");
    assert!(get(&behind_a_proxy, "/things", &sent("https://example.com/api/v1/things")).await.is_ok());
    assert!(get(&behind_a_proxy, "http://10.0.0.1:8080/things", &sent("https://example.com/things")).await.is_err());
}
