//! From SQLite's errors to the store's.

use std::path::Path;

use rusqlite::ffi::{self, ErrorCode};

use crate::StoreError;

/// The store's word for an error of SQLite.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
pub(super) fn store_error(error: rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(cause, _) = &error else {
        return StoreError::Unavailable(error.to_string());
    };
    match (cause.code, cause.extended_code) {
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::Busy,
        (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full,
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => StoreError::Damaged(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// The same, naming the file, for an operator who is starting the server.
pub(super) fn while_opening(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged(what) => StoreError::Damaged(format!("{}: {what}", path.display())),
        StoreError::Unavailable(what) => StoreError::Unavailable(format!("{}: {what}", path.display())),
        error @ (StoreError::Busy | StoreError::Corrupt { .. } | StoreError::Full | StoreError::TooNew { .. }) => error,
    }
}

/// Whether a row was refused because another has one of its unique values.
pub(super) fn is_unique_clash(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(cause, _) = error else {
        return false;
    };
    matches!(cause.extended_code, ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE)
}
