//! Where Countersign keeps its state. SQL stands here and nowhere else; no rule of the protocol does.
//!
//! One write for protocol state, [`Store::commit`], all or nothing; budgets of attempts with
//! [`Store::take`]; typed loads, one round trip each; and [`Store::feed`], which tells what changed.

pub mod load;
pub mod types;

pub use types::{Bucket, Budget, FeedEvent, Outcome, StoreError, Taking};
