//! The schema and its history: forward only, each step once, each with its checksum and the oldest program that may run
//! on what it leaves.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

use super::connection::APPLICATION_ID;
use super::error::store_error;
use crate::StoreError;
use crate::view::Load;

/// One step of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its place in the order, from 1.
    pub number: u32,
    /// What it is about.
    pub name: &'static str,
    /// The oldest version of this program that may run on the schema after it.
    pub min_version: &'static str,
    sql: &'static str,
}

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

/// This program's version.
const OWN: &str = env!("CARGO_PKG_VERSION");

const HISTORY: &str = "CREATE TABLE migrations (
    number      INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    checksum    BLOB NOT NULL,
    min_version TEXT NOT NULL,
    applied_at  INTEGER NOT NULL
) STRICT";

impl Migration {
    fn checksum(&self) -> [u8; 32] {
        Sha256::digest(self.sql.replace("\r\n", "\n")).into()
    }
}

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
        let number: u32 = row.get(0).map_err(store_error)?;
        let checksum: Vec<u8> = row.get(1).map_err(store_error)?;
        let min_version: String = row.get(2).map_err(store_error)?;
        match ALL.iter().find(|step| step.number == number) {
            Some(step) if step.checksum().as_slice() != checksum => {
                return Err(corrupt(number, "it is not the migration of this number that this program knows"));
            }
            Some(_) => {}
            None => match (parse(&min_version), parse(OWN)) {
                (Some(needed), Some(own)) if needed <= own => {}
                (Some(_), _) => return Err(StoreError::TooNew { needed: min_version, own: OWN.to_owned() }),
                (None, _) => return Err(corrupt(number, "column min_version holds no version")),
            },
        }
        seen.push(number);
    }
    Ok(ALL.iter().filter(|step| !seen.contains(&step.number)).copied().collect())
}

fn has_history(connection: &Connection) -> Load<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
    let found = connection.query_row(sql, [], |_| Ok(())).optional().map_err(store_error)?;
    Ok(found.is_some())
}

/// Major, minor and patch version (Semantic Versioning 2.0.0); what follows them does not count.
fn parse(version: &str) -> Option<[u64; 3]> {
    let core = version.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse().ok());
    let parsed = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(parsed)
}

fn corrupt(number: u32, what: &str) -> StoreError {
    StoreError::Corrupt { table: "migrations", row: number.to_string(), what: what.to_owned() }
}
