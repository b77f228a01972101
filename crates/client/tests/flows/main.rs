//! Whole sign-ins over a scripted server and virtual time: no socket, no sleep. One module for each concern.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

extern crate countersign_client as client;

mod apis;
mod applications;
mod bound;
mod calls;
mod discovery;
mod fresh;
mod hostile;
mod identity;
mod keyring;
mod pending;
mod polling;
mod providers;
mod script;
mod socket;
mod upkeep;
#[path = "../zoo/mod.rs"]
mod zoo;
