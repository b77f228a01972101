//! What goes into a store and comes out of it, whatever the backend.

use std::time::Duration;

use proto::Timestamp;
use proto::change::{Key, Unique};
use proto::model::Version;

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something that was read or is to be written has another version now: load and decide again.
    Conflict,
    /// It is durable.
    Done,
    /// A row with this unique value exists: draw another. A proof that was used is refused instead.
    Taken(Unique),
    /// The reply was lost: it is durable or it is not. The stamp of the rows tells (see [`crate::Store::stamp`]).
    Unknown,
}

/// Why a store cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too many writes are waiting. Try again in a moment.
    #[error("the store is busy")]
    Busy,
    /// A row cannot be read as what it should be: named corruption, never a guess.
    #[error("corrupt {table} row {row}: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with it.
        what: String,
    },
    /// The file of the database cannot be read as one.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The disk is full, or a quota is reached. Nothing was lost.
    #[error("the disk is full")]
    Full,
    /// The schema is newer than this program understands.
    #[error("the database needs version {needed} of this program or a later one (this is {own})")]
    TooNew {
        /// The oldest version that may run on the schema.
        needed: String,
        /// This program's version.
        own: String,
    },
    /// Anything else, with the backend's words for the operator.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// What a counter counts. Its text form is its key in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bucket(pub Box<str>);

/// A part of the price of one attempt: at most `limit` in each `window`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Which counter.
    pub bucket: Bucket,
    /// How many in one window.
    pub limit: u32,
    /// How long a window is, from the first attempt that is counted in it.
    pub window: Duration,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taking {
    /// This budget is used up, until then. Nothing was taken from any of them.
    Refused {
        /// Which one.
        bucket: Bucket,
        /// When its window ends.
        until: Timestamp,
    },
    /// One was taken from each.
    Taken,
}

/// What a feed tells, at least once and in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEvent {
    /// This row was written (or removed: version 0).
    Changed(Key, Version),
    /// Something may have been missed: check what matters.
    Doubt,
}

/// How many rows a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Grants past their tombstone.
    pub grants: usize,
    /// Families whose last token ended and whose grant is gone.
    pub families: usize,
    /// Sessions nothing refers to any more.
    pub sessions: usize,
    /// Counters past their window.
    pub counters: usize,
    /// Clients that registered themselves and were not used in time.
    pub clients: usize,
    /// Proofs and assertions that are no good any more.
    pub spent: usize,
    /// Whether the limit ended the sweep: there may be more.
    pub more: bool,
}

impl Swept {
    /// How many in all.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.grants + self.families + self.sessions + self.counters + self.clients + self.spent
    }
}

/// How well writes share transactions, where a backend groups them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteFigures {
    /// Transactions, each made durable once.
    pub transactions: u64,
    /// Writes that they carried.
    pub writes: u64,
}
