//! The examples printed in the RFCs.

use jose::id_token::at_hash;
use jose::{Algorithm, Expectation, SigningKey, TypPolicy, VerifyError, verify};
use serde_json::json;

use crate::support::{b64, jwk};

const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/// RFC 8037 A.1 and A.4.
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const ED25519_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
     hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn verifies(header: &str, signature: &str, key: &serde_json::Value, algorithm: Algorithm) {
    let (token, key) = (format!("{header}.{PAYLOAD}.{signature}"), jwk(key).unwrap());
    let verified = verify(&token, &Expectation::new(TypPolicy::Optional("JWT"), &[algorithm], &key)).unwrap();
    assert_eq!(verified.members["iss"], "joe");
    assert!(verified.payload.starts_with(b"{\"iss\":\"joe\",\r\n"));
}

#[test]
fn jw_3_rfc_7515_a_2_rs256() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ\
             S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2\
             R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD\
             TW9gb54h4FRWyuXpoQ";
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGb\
                     ds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0G\
                     arZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6Lbg\
                     GY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    verifies("eyJhbGciOiJSUzI1NiJ9", signature, &json!({"kty": "RSA", "n": n, "e": "AQAB"}), Algorithm::Rs256);
}

#[test]
fn jw_3_rfc_7515_a_3_es256() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    verifies("eyJhbGciOiJFUzI1NiJ9", signature, &key, Algorithm::Es256);
}

/// Ed25519 is deterministic, so the example pins signing too. Its payload is no JSON: the signature is good, the token
/// is not.
#[test]
fn jw_3_rfc_8037_a_4_ed25519() {
    let seed = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    let pkcs8 = [b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", &seed[..]].concat();
    let key = jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X})).unwrap();
    let private = SigningKey::from_pkcs8(Algorithm::EdDsa, &key.thumbprint(), &pkcs8).unwrap();
    let (message, signature) = ED25519_TOKEN.rsplit_once('.').unwrap();
    assert_eq!(b64(private.signature(message.as_bytes()).unwrap()), signature);
    let expected = Expectation::new(TypPolicy::Optional("JWT"), Algorithm::ALL, &key);
    assert_eq!(verify(ED25519_TOKEN, &expected).unwrap_err(), VerifyError::Json(jose::JsonError::Syntax));
}

#[test]
fn jw_16_rfc_7638_and_rfc_8037_thumbprints_whatever_else_is_in_the_key() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3\
             oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA\
             ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-\
             kEgU8awapJzKnqDKgw";
    let key = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29", "use": "sig", "x5t": "?"});
    assert_eq!(jwk(&key).unwrap().thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let key = json!({"x": ED25519_X, "kty": "OKP", "crv": "Ed25519"});
    assert_eq!(jwk(&key).unwrap().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

/// OpenID Connect Core, appendix A.3 and A.4.
#[test]
fn oi_5_at_hash_of_the_example() {
    let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(at_hash(Algorithm::Rs256, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(at_hash(Algorithm::Es256, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(at_hash(Algorithm::EdDsa, access_token).len(), 43, "half of SHA-512");
}
