//! The OAuth 2.0 Device Authorization Grant (RFC 8628), both sides, as pure functions.
//!
//! Owns every rule of the protocol. Leaves the clock, sockets, files, threads, the runtime and the
//! database to its callers: time ([`Timestamp`]) and randomness ([`Entropy`]) are arguments.

#[cfg(test)]
extern crate self as proto;

pub mod change;
pub mod device;
pub mod entropy;
pub mod gate;
pub mod grant;
pub mod model;
pub mod registration;
pub mod secret;
pub mod time;
pub mod wire;

pub use entropy::Entropy;
pub use time::Timestamp;
