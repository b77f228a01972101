//! The program as people and scripts run it, against a scripted server on loopback.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod bound;
mod doctor;
mod endings;
mod requests;
mod server;
mod sessions;
mod terminal;
