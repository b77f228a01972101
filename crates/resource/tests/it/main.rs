//! An API that embeds the crate, from outside: every token, proof and header it may be shown, and what it answers.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

extern crate countersign_resource as resource;

mod asked;
mod challenges;
mod introspection;
mod kept;
mod keys;
#[cfg(feature = "tower")]
mod layer;
mod metadata;
mod proofs;
mod server;
mod tokens;
mod world;
