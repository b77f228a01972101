//! The crate from outside: fixed vectors, agreement with jsonwebtoken, and everything a token may be refused for.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

extern crate countersign_jose as jose;

mod client_assertion;
mod dpop;
mod hostile;
mod interop;
mod keys;
mod kinds;
mod prover;
mod software_statement;
mod support;
mod validators;
mod vectors;
