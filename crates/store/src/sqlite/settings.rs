//! How an SQLite store is opened.

use std::path::PathBuf;
use std::time::Duration;

/// How an SQLite store is opened. Everything but the path has a default that fits one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteSettings {
    /// The database file. It is made, readable by its owner alone, when there is none; its folder must exist.
    pub path: PathBuf,
    /// Threads that read beside the writer, each with a connection.
    pub readers: usize,
    /// Writes, and as many loads, that may wait; one more is [`crate::StoreError::Busy`].
    pub queue: usize,
    /// Writes that share one transaction, at most.
    pub group: usize,
    /// Pages of the write-ahead log after which it is copied into the database.
    pub checkpoint_pages: u32,
    /// How long to wait while another process writes.
    pub busy: Duration,
    /// How often to look for what other processes wrote.
    pub tick: Duration,
    /// Pages (of 4 KiB) the database may grow to; `None` for as many as the disk holds.
    pub max_pages: Option<u32>,
}

impl SqliteSettings {
    /// The defaults, for the database at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 2,
            queue: 4096,
            group: 256,
            checkpoint_pages: 8000,
            busy: Duration::from_secs(5),
            tick: Duration::from_millis(200),
            max_pages: None,
        }
    }
}
