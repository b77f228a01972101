//! JWS, JWK and the validation of tokens, on aws-lc-rs.
//!
//! Owns signatures, the keys they are made with, the checks of RFC 8725 and the kinds of token: access and ID tokens, DPoP
//! proofs, client assertions, software statements. Leaves time, and the fetching and storing of keys, to its callers. Only compact JWS and asymmetric algorithms: there is no way to ask for
//! JWE, `none` or HMAC.

pub mod access_token;
mod algorithm;
mod base64url;
mod claims;
pub mod client_assertion;
mod compact;
pub mod dpop;
mod edwards;
pub mod id_token;
pub mod json;
mod jwk;
mod jwk_set;
mod signing_key;
pub mod software_statement;
mod validation;
mod verify;

pub use algorithm::{Algorithm, UnsupportedAlgorithm};
pub use claims::{Claims, ClaimsError};
pub use json::JsonError;
pub use jwk::{Jwk, JwkError};
pub use jwk_set::JwkSet;
pub use signing_key::{SigningKey, SigningKeyError};
pub use validation::{MAX_LEEWAY, TokenError};
pub use verify::{Expectation, Header, Keys, TypPolicy, Verified, VerifyError, verify};
