//! Clients that register themselves (RFC 7591) and look after their registration (RFC 7592): pure decisions.
//!
//! What somebody says about themselves is never trusted: it cannot go beyond the operator's word, the [`Ceiling`], and no
//! name is ever verified by it (RFC 7591 §5, CF-12).

mod admit;
mod judge;
mod manage;
mod refusal;
mod register;
#[cfg(test)]
mod tests;

pub use admit::{Admission, Shown, admit};
pub use judge::{Occasion, OfferedKeys, Registrable, judge};
pub use manage::{Updated, authorize, ended, remove, repeats, update};
pub use refusal::Refusal;
pub use register::{Registered, register};

#[cfg(doc)]
use crate::model::Ceiling;
