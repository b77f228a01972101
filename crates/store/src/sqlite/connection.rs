//! Connections: how the writer's and the readers' are set up, and whether a file is a database of ours.

use std::fs;

use rusqlite::{Connection, OpenFlags};

use super::error::store_error;
use super::settings::SqliteSettings;
use crate::StoreError;
use crate::view::Load;

/// `CSGN`: marks a database as this program's (`PRAGMA application_id`).
pub(super) const APPLICATION_ID: i32 = 0x4353_474e;
/// Statements a connection keeps prepared: all there are.
const STATEMENTS: usize = 128;
/// A file up to this size is looked through when it is opened; a larger one would delay the start.
const LOOKED_THROUGH: u64 = 8 << 20;

/// The one connection that writes.
pub(super) fn writer(settings: &SqliteSettings) -> Load<Connection> {
    let connection = open(settings, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    check_owner(&connection)?;
    set(&connection, "journal_mode", "WAL")?;
    // An answer is given only for what is on the disk.
    set(&connection, "synchronous", "FULL")?;
    set(&connection, "wal_autocheckpoint", settings.checkpoint_pages)?;
    set(&connection, "journal_size_limit", 64 << 20)?;
    set(&connection, "cache_size", -16_384)?;
    // What is deleted, hashes of codes among it, is overwritten where that costs no write of its own.
    set(&connection, "secure_delete", "FAST")?;
    if let Some(pages) = settings.max_pages {
        set(&connection, "max_page_count", pages)?;
    }
    Ok(connection)
}

/// A connection that reads beside it.
pub(super) fn reader(settings: &SqliteSettings) -> Load<Connection> {
    let connection = open(settings, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    set(&connection, "query_only", true)?;
    set(&connection, "cache_size", -4096)?;
    Ok(connection)
}

fn open(settings: &SqliteSettings, access: OpenFlags) -> Load<Connection> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&settings.path, flags).map_err(store_error)?;
    connection.busy_timeout(settings.busy).map_err(store_error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    set(&connection, "temp_store", "MEMORY")?;
    set(&connection, "trusted_schema", false)?;
    set(&connection, "cell_size_check", true)?;
    Ok(connection)
}

fn set(connection: &Connection, pragma: &str, value: impl rusqlite::ToSql) -> Load<()> {
    connection.pragma_update(None, pragma, value).map_err(store_error)
}

/// Refuses a file that is no database, or another program's.
pub(super) fn check_owner(connection: &Connection) -> Load<()> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0)).map_err(store_error);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(store_error)?;
    match (number("application_id")?, tables) {
        (APPLICATION_ID, _) | (0, 0) => Ok(()),
        _ => Err(StoreError::Unavailable("this is a database of another program".to_owned())),
    }
}

/// Looks through a database of moderate size for damage.
pub(super) fn check_pages(settings: &SqliteSettings, connection: &Connection) -> Load<()> {
    let size = fs::metadata(&settings.path).map_or(0, |found| found.len());
    if size > LOOKED_THROUGH {
        return Ok(());
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(store_error)?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict.replace('\n', "; "))) }
}
