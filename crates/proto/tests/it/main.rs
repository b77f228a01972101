//! The protocol as a whole: server and device against each other in virtual time, and random histories against a plain
//! reference model. No socket, no sleep.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

extern crate countersign_proto as proto;

mod model;
mod pair;
mod refresh;
mod rows;
mod world;
