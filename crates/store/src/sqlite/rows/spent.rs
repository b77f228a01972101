//! Rows of `spent`: inserted once, never read and never updated. Whether one is there is all that counts.

use proto::change::{Spent, Unique};
use proto::model::CommitId;
use rusqlite::{Connection, params};

use super::As;
use crate::Outcome;
use crate::sqlite::error::store_error;
use crate::view::Load;

const INSERT: &str = "INSERT INTO spent (id, until, commit_id) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";

/// Notes that a proof was used; it stops when it was used before.
pub(in crate::sqlite) fn spend(connection: &Connection, spent: &Spent, commit: CommitId) -> Load<Option<Outcome>> {
    let mut statement = connection.prepare_cached(INSERT).map_err(store_error)?;
    let inserted = statement.execute(params![As(&spent.id.0), As(&spent.until), As(&commit)]).map_err(store_error)?;
    Ok((inserted == 0).then_some(Outcome::Taken(Unique::Spent)))
}
