//! One claim wrong at a time, for a resource server (RFC 9068 §4) and a client (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use jose::TokenError::{
    AtHash, Audience, AuthorizedParty, Claims, Expired, IssuedInFuture, IssuedTooLongAgo, Issuer, MissingClaim, Nonce,
    NotYetValid, Subject,
};
use jose::id_token::{Expected, at_hash};
use jose::{Algorithm, ClaimsError, TokenError, access_token, id_token};
use serde_json::{Value, json};

use crate::support::{CLIENT, NOW, claims_but, client, key, resource};

fn shown_to_resource(changes: &Value) -> Result<access_token::AccessToken, TokenError> {
    access_token::validate(&key(Algorithm::Es256).sign("at+jwt", &claims_but(changes)).unwrap(), &resource())
}

fn shown_to(client: &Expected<'_>, changes: &Value) -> Result<id_token::IdToken, TokenError> {
    id_token::validate(&key(Algorithm::Rs256).sign("JWT", &claims_but(changes)).unwrap(), client)
}

fn now(seconds: i64) -> i64 {
    NOW.as_seconds() + seconds
}

#[test]
fn at_4_1_at_2_2_1_jw_6_access_token_claims() {
    let token = shown_to_resource(&json!({"scope": "a b"})).unwrap();
    assert_eq!((token.sub.as_str(), token.client_id.as_str(), token.jti.as_str()), ("user-1", CLIENT, "j-1"));
    assert_eq!((token.iat.as_seconds(), token.exp.as_seconds()), (now(-5), now(600)));
    assert_eq!(token.claims.scope.as_deref(), Some("a b"));
    assert!(shown_to_resource(&json!({"aud": ["other", CLIENT]})).is_ok(), "aud contains the resource");
    for (changes, cause) in [
        (json!({"iss": "https://as.example/"}), Issuer),
        (json!({"iss": null}), MissingClaim("iss")),
        (json!({"aud": "other"}), Audience),
        (json!({"aud": []}), Audience),
        (json!({"aud": null}), Audience),
        (json!({"exp": now(0)}), Expired),
        (json!({"exp": null}), MissingClaim("exp")),
        (json!({"exp": now(600).to_string()}), Claims(ClaimsError::InvalidDate("exp"))),
        (json!({"iat": now(1)}), IssuedInFuture),
        (json!({"iat": null}), MissingClaim("iat")),
        (json!({"nbf": now(1)}), NotYetValid),
        (json!({"sub": null}), MissingClaim("sub")),
        (json!({"sub": ""}), Subject),
        (json!({"client_id": null}), MissingClaim("client_id")),
        (json!({"jti": null}), MissingClaim("jti")),
    ] {
        assert_eq!(shown_to_resource(&changes).unwrap_err(), cause, "{changes}");
    }
}

#[test]
fn at_4_1_the_leeway_is_never_more_than_a_minute() {
    let resource = access_token::Expected { leeway: Duration::from_secs(3600), ..resource() };
    let judge = |changes: &Value| {
        access_token::validate(&key(Algorithm::EdDsa).sign("at+jwt", &claims_but(changes)).unwrap(), &resource)
            .map(|_| ())
    };
    assert_eq!(judge(&json!({"exp": now(-59)})), Ok(()));
    assert_eq!(judge(&json!({"exp": now(-60)})), Err(Expired));
    assert_eq!(judge(&json!({"iat": now(60), "nbf": now(60)})), Ok(()));
    assert_eq!(judge(&json!({"iat": now(61)})), Err(IssuedInFuture));
    assert_eq!(judge(&json!({"nbf": now(61)})), Err(NotYetValid));
}

#[test]
fn oi_2_oi_3_oi_6_id_token_claims() {
    let token = shown_to(&client(), &json!({"acr": "a", "amr": ["pwd"], "auth_time": now(-9)})).unwrap();
    assert_eq!(token.sub, "user-1");
    assert_eq!(token.claims.auth_time.map(|time| time.as_seconds()), Some(now(-9)));
    assert!(shown_to(&client(), &json!({"aud": [CLIENT], "azp": CLIENT, "sub": "x".repeat(255)})).is_ok());
    for (changes, cause) in [
        (json!({"iss": "https://as.example.evil"}), Issuer),
        (json!({"aud": "other"}), Audience),
        (json!({"aud": [CLIENT, "other"], "azp": CLIENT}), Audience),
        (json!({"azp": "other"}), AuthorizedParty),
        (json!({"exp": now(-1)}), Expired),
        (json!({"iat": now(30)}), IssuedInFuture),
        (json!({"iat": now(-601)}), IssuedTooLongAgo),
        (json!({"iat": null}), MissingClaim("iat")),
        (json!({"nonce": "n"}), Nonce),
        (json!({"sub": null}), MissingClaim("sub")),
        (json!({"sub": "x".repeat(256)}), Subject),
        (json!({"sub": "zoë"}), Subject),
    ] {
        assert_eq!(shown_to(&client(), &changes).unwrap_err(), cause, "{changes}");
    }
}

#[test]
fn oi_6_a_second_audience_must_be_trusted_and_azp_then_present() {
    let client = Expected { trusted_audiences: &["api"], ..client() };
    assert!(shown_to(&client, &json!({"aud": [CLIENT, "api"], "azp": CLIENT})).is_ok());
    assert_eq!(shown_to(&client, &json!({"aud": [CLIENT, "api"]})).unwrap_err(), AuthorizedParty);
    assert_eq!(shown_to(&client, &json!({"aud": ["api"], "azp": CLIENT})).unwrap_err(), Audience);
}

#[test]
fn oi_5_at_hash_is_checked_when_present() {
    let hash = at_hash(Algorithm::Rs256, "token");
    let client = Expected { access_token: Some("token"), ..client() };
    assert!(shown_to(&client, &json!({"at_hash": hash})).is_ok());
    assert!(shown_to(&client, &json!({})).is_ok());
    let other = Expected { access_token: Some("other"), ..client };
    assert_eq!(shown_to(&other, &json!({"at_hash": hash})).unwrap_err(), AtHash);
    assert_eq!(shown_to(&client, &json!({"at_hash": at_hash(Algorithm::EdDsa, "token")})).unwrap_err(), AtHash);
}

#[test]
fn oi_6_a_nonce_that_was_sent_must_come_back() {
    let client = Expected { nonce: Some("n"), ..client() };
    assert!(shown_to(&client, &json!({"nonce": "n"})).is_ok());
    assert_eq!(shown_to(&client, &json!({"nonce": "m"})).unwrap_err(), Nonce);
    assert_eq!(shown_to(&client, &json!({})).unwrap_err(), Nonce);
}
