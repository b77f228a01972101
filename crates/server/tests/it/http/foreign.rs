//! Tokens and keys as another library reads them: jsonwebtoken, which shares nothing with ours but the primitives.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header, errors};
use proto::model::{AuthMethod, Client, SigningAlg};
use serde_json::Value;

use super::support::{Call, Caller, JWKS};
use crate::support::{ISSUER, TestApp, client};

const ALGORITHMS: [(SigningAlg, Algorithm); 3] = [
    (SigningAlg::EdDsa, Algorithm::EdDSA),
    (SigningAlg::Es256, Algorithm::ES256),
    (SigningAlg::Rs256, Algorithm::RS256),
];

fn read(
    token: &str,
    keys: &JwkSet,
    (algorithm, audience): (Algorithm, &str),
) -> Result<TokenData<Value>, errors::Error> {
    let key = keys.find(&decode_header(token)?.kid.unwrap()).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // It reads the clock of the system, and the server lives by another here.
    validation.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(key)?, &validation)
}

#[tokio::test]
async fn at_2_1_1_at_2_2_1_jw_1_jw_11_cf_7_jsonwebtoken_accepts_tokens_of_every_algorithm_with_the_published_keys() {
    let app = TestApp::new().await;
    let published = Call::get(JWKS).send(&app).await;
    let keys: JwkSet = serde_json::from_str(published.body()).unwrap();
    let now = app.env.now().as_seconds();
    for (access_alg, access_theirs) in ALGORITHMS {
        for (identity_alg, identity_theirs) in ALGORITHMS {
            let name = format!("{access_alg:?}-{identity_alg:?}");
            let mut client = client(&name, &name);
            client.tokens.alg = Some(access_alg);
            let client = Client { auth: AuthMethod::None, id_token_alg: identity_alg, ..client };
            let tokens = Caller::register_as(&app, client).await.signed_in(&app, "openid+profile").await;
            let (access, identity) = (tokens.text("access_token"), tokens.text("id_token"));

            let TokenData { header, claims, .. } = read(&access, &keys, (access_theirs, ISSUER)).unwrap();
            assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), access_theirs));
            assert_eq!((claims["client_id"].as_str(), claims["iat"].as_i64()), (Some(&*name), Some(now)));
            assert_eq!(claims["exp"].as_i64(), Some(now + 600));
            let TokenData { header, claims: about, .. } = read(&identity, &keys, (identity_theirs, &name)).unwrap();
            assert_eq!(header.alg, identity_theirs);
            assert_eq!(about["sub"], claims["sub"]);

            // And neither in the place of the other, nor for somebody else, nor by another algorithm.
            assert!(read(&access, &keys, (access_theirs, &name)).is_err());
            assert!(read(&identity, &keys, (identity_theirs, ISSUER)).is_err());
            for (_, other) in ALGORITHMS.into_iter().filter(|(_, other)| *other != access_theirs) {
                assert!(read(&access, &keys, (other, ISSUER)).is_err());
            }
        }
    }
}
