//! The endpoints of the protocol, one file each: extract, call `flow`, encode.

pub(crate) mod cors;
pub(crate) mod device_authorization;
pub(crate) mod discovery;
mod error;
pub(crate) mod health;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;

pub(crate) use error::{incomplete, method_not_allowed, refusal};
