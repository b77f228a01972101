//! Agreement with jsonwebtoken, both ways, for every algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jose::{Algorithm, SigningKey, access_token};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::Value;

use crate::support::{CLIENT, ISSUER, claims, key, resource};

pub(crate) fn theirs(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
    }
}

pub(crate) fn private_pem(key: &SigningKey) -> EncodingKey {
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(key.to_pkcs8().unwrap())
    );
    match key.algorithm() {
        Algorithm::EdDsa => EncodingKey::from_ed_pem(pem.as_bytes()),
        Algorithm::Es256 => EncodingKey::from_ec_pem(pem.as_bytes()),
        Algorithm::Rs256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .unwrap()
}

#[test]
fn jw_3_what_is_signed_here_verifies_there_with_the_published_key() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let token = key.sign("at+jwt", claims().to_string().as_bytes()).unwrap();
        let jwk: jsonwebtoken::jwk::Jwk =
            serde_json::from_value(serde_json::to_value(key.public_jwk()).unwrap()).unwrap();
        assert_eq!(jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), key.kid(), "JW-16");
        let mut validation = Validation::new(theirs(algorithm));
        validation.set_audience(&[CLIENT]);
        validation.set_issuer(&[ISSUER]);
        let read = decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
        assert_eq!(read.claims, claims());
        assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(read.header.kid.as_deref(), Some(key.kid()));
    }
}

#[test]
fn jw_3_what_is_signed_there_verifies_here() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let mut header = Header::new(theirs(algorithm));
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key.kid().to_owned());
        let token = encode(&header, &claims(), &private_pem(key)).unwrap();
        assert_eq!(access_token::validate(&token, &resource()).unwrap().sub, "user-1", "{algorithm}");
    }
}
