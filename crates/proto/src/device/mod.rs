//! The device's side of RFC 8628 §3.4–3.5: when to poll, how long to wait, when to stop.
//!
//! Owns every rule of polling, as a state machine without clock, socket or task: whoever drives it sends the
//! requests, sleeps, and reports what came back. What the person sees and where tokens go is the driver's.

mod backoff;
mod machine;
mod verdict;

pub use machine::{Answer, Event, FirstPoll, MOST_NONCES, Machine, Now, Outcome, Paused, Poll, Settings, Step};
pub use verdict::{Failure, Retry};
