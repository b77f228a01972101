//! The server's decisions, one verb per file: each a pure function of state, input, time and randomness.
//!
//! A decision is data ([`crate::change::Decision`]): a reply, what was read and what is to be written.
//! Nothing here knows how rows are kept or replies are sent.

pub mod authenticate;
pub mod bind;
pub mod decide;
#[cfg(test)]
pub(crate) mod fixture;
pub mod introspect;
mod issue;
pub mod lookup;
pub mod mint;
pub mod pace;
pub mod redeem;
pub mod refresh;
mod refusal;
pub mod rename;
pub mod revoke;
pub mod start;

pub use issue::{Issue, Lifetimes};
pub use refusal::{Refusal, whole_seconds};
