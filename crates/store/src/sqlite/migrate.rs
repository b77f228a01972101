//! The schema and its history: forward only, each step once, each with its checksum and the oldest program that may run
//! on what it leaves.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::connection::APPLICATION_ID;
use super::error::store_error;
use crate::Migration;
use crate::migration::{self, Seen};
use crate::view::Load;

/// All steps that this program knows.
pub(super) const ALL: &[Migration] = &[
    Migration { number: 1, name: "base", min_version: "0.1.0", sql: include_str!("migrations/0001_base.sql") },
    // It only adds columns that may be empty or have a default: the program before runs on it.
    Migration { number: 2, name: "tokens", min_version: "0.1.0", sql: include_str!("migrations/0002_tokens.sql") },
    // As the one before, and a table of its own.
    Migration { number: 3, name: "proofs", min_version: "0.1.0", sql: include_str!("migrations/0003_proofs.sql") },
    // As the one before.
    Migration {
        number: 4,
        name: "registration",
        min_version: "0.1.0",
        sql: include_str!("migrations/0004_registration.sql"),
    },
];

const HISTORY: &str = "CREATE TABLE migrations (
    number      INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    checksum    BLOB NOT NULL,
    min_version TEXT NOT NULL,
    applied_at  INTEGER NOT NULL
) STRICT";

/// Carries out what is pending, one process at a time; the others wait and find it done.
pub(super) fn run(connection: &mut Connection) -> Load<()> {
    if pending(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(store_error)?;
    if !has_history(&transaction)? {
        transaction.execute_batch(HISTORY).map_err(store_error)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(store_error)?;
    }
    for step in pending(&transaction)? {
        transaction.execute_batch(step.sql).map_err(store_error)?;
        transaction
            .execute(
                "INSERT INTO migrations (number, name, checksum, min_version, applied_at) \
                 VALUES (?1, ?2, ?3, ?4, unixepoch() * 1000)",
                params![step.number, step.name, step.checksum(), step.min_version],
            )
            .map_err(store_error)?;
    }
    transaction.commit().map_err(store_error)
}

/// The steps that the database has not seen; refuses a database whose history is not ours, or that is too new.
pub(super) fn pending(connection: &Connection) -> Load<Vec<Migration>> {
    if !has_history(connection)? {
        return Ok(ALL.to_vec());
    }
    let mut statement = connection
        .prepare("SELECT number, checksum, min_version FROM migrations ORDER BY number")
        .map_err(store_error)?;
    let mut rows = statement.query([]).map_err(store_error)?;
    let mut seen = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        let read = || Ok(Seen { number: row.get(0)?, checksum: row.get(1)?, min_version: row.get(2)? });
        seen.push(read().map_err(store_error)?);
    }
    migration::pending(ALL, &seen)
}

fn has_history(connection: &Connection) -> Load<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
    let found = connection.query_row(sql, [], |_| Ok(())).optional().map_err(store_error)?;
    Ok(found.is_some())
}
