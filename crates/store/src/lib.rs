//! Where Countersign keeps its state. SQL stands here and nowhere else; no rule of the protocol does.
//!
//! One write for protocol state, [`Store::commit`], all or nothing; budgets of attempts with
//! [`Store::take`]; typed loads, one round trip each; and [`Store::feed`], which tells what changed.

mod access;
#[cfg(any(test, feature = "conformance"))]
#[expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test suite that is a library too")]
pub mod conformance;
mod counter;
mod faulty;
mod feed;
pub mod load;
mod memory;
mod migration;
mod name;
mod postgres;
mod sqlite;
mod store;
pub mod types;
mod view;
mod word;

pub use access::{Accesses, Operation};
pub use faulty::FaultSettings;
pub use feed::Feed;
pub use migration::Migration;
pub use postgres::{Clock, PostgresAddressError, PostgresSettings};
pub use sqlite::SqliteSettings;
pub use store::Store;
pub use types::{Bucket, Budget, FeedEvent, Outcome, StoreError, Swept, Taking, WriteFigures};
