//! The use cases on the memory store, in simulated time: whole journeys, races, lost replies.

#![expect(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test says what failed by failing")]

extern crate countersign_flow as flow;

mod accounts;
mod admin;
mod faults;
mod held;
mod journey;
mod keys;
mod lasting;
mod races;
mod support;
