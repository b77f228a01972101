//! The endpoints of the protocol, one file each: extract, call `flow`, encode.

pub(crate) mod cors;
pub(crate) mod device_authorization;
pub(crate) mod discovery;
mod error;
pub(crate) mod health;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;

pub(crate) use error::{incomplete, method_not_allowed, refusal};

/// Paths under the issuer, as proofs and documents name them.
pub(crate) mod path {
    pub(crate) const DEVICE_AUTHORIZATION: &str = "/oauth2/device_authorization";
    pub(crate) const INTROSPECT: &str = "/oauth2/introspect";
    pub(crate) const JWKS: &str = "/oauth2/jwks";
    pub(crate) const REGISTER: &str = flow::registration::PATH;
    pub(crate) const REVOKE: &str = "/oauth2/revoke";
    pub(crate) const TOKEN: &str = "/oauth2/token";
    pub(crate) const USERINFO: &str = "/oauth2/userinfo";
}
