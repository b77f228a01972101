//! The table of changes: written with what it tells of, read when another process has written.
//!
//! `PRAGMA data_version` of the writer's connection moves only when somebody else wrote, so a store never hears itself.

use proto::change::Key;
use proto::model::Version;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::store_error;
use crate::view::Load;
use crate::{FeedEvent, feed, name};

/// Rows that are kept: who has not looked for so long is in doubt.
const KEPT: i64 = 100_000;
/// Rows between two removals of the oldest.
const PRUNED_EVERY: i64 = 4096;

/// How far the table was read.
#[derive(Debug)]
pub(super) struct Place {
    seq: i64,
    data_version: i64,
}

/// The rows that one transaction writes.
#[derive(Debug)]
pub(super) struct Log {
    seq: i64,
    events: Vec<FeedEvent>,
}

impl Place {
    /// The end of the table.
    pub(super) fn end(connection: &Connection) -> Load<Self> {
        let data_version = data_version(connection)?;
        let (_, last) = bounds(connection)?;
        Ok(Self { seq: last, data_version })
    }

    /// What others wrote since the last time. Nothing is read unless somebody did.
    pub(super) fn hear(&mut self, connection: &Connection) -> Load<Vec<FeedEvent>> {
        let version = data_version(connection)?;
        if version == self.data_version {
            return Ok(Vec::new());
        }
        let (first, last) = bounds(connection)?;
        let events = if last < self.seq || first > self.seq + 1 || last - self.seq > LISTENED {
            vec![FeedEvent::Doubt]
        } else {
            read(connection, self.seq, last)?
        };
        (self.seq, self.data_version) = (last, version);
        Ok(events)
    }

    /// A log for the transaction that was just begun and heard.
    pub(super) const fn log(&self) -> Log {
        Log { seq: self.seq, events: Vec::new() }
    }

    /// The transaction is durable: what it told.
    pub(super) fn committed(&mut self, log: Log) -> Vec<FeedEvent> {
        self.seq = log.seq;
        log.events
    }
}

/// Rows of one look that are told one by one.
#[expect(clippy::cast_possible_wrap, reason = "a small constant")]
const LISTENED: i64 = feed::CAPACITY as i64 / 2;

impl Log {
    /// How many rows it has, to return to.
    pub(super) fn mark(&self) -> usize {
        self.events.len()
    }

    /// Forgets the rows after `mark`, which the database has rolled back.
    pub(super) fn undo_to(&mut self, mark: usize) {
        let undone = self.events.len().saturating_sub(mark);
        self.events.truncate(mark);
        self.seq -= i64::try_from(undone).unwrap_or(0);
    }

    /// A row was written. Nobody listens for proofs that were used.
    pub(super) fn add(&mut self, connection: &Connection, key: Key, version: Version) -> Load<()> {
        let Some((kind, id)) = name::of(&key) else {
            return Ok(());
        };
        let sql = "INSERT INTO changes (seq, kind, id, version) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
        statement
            .execute(params![self.seq + 1, kind, id, i64::try_from(version).unwrap_or(i64::MAX)])
            .map_err(store_error)?;
        self.seq += 1;
        self.events.push(FeedEvent::Changed(key, version));
        Ok(())
    }

    /// Removes the oldest rows when enough new ones have come.
    pub(super) fn prune(&self, connection: &Connection) -> Load<()> {
        let before = self.seq - i64::try_from(self.events.len()).unwrap_or(0);
        if self.seq / PRUNED_EVERY > before / PRUNED_EVERY {
            let mut statement =
                connection.prepare_cached("DELETE FROM changes WHERE seq <= ?1").map_err(store_error)?;
            statement.execute([self.seq - KEPT]).map_err(store_error)?;
        }
        Ok(())
    }
}

fn data_version(connection: &Connection) -> Load<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version").map_err(store_error)?;
    statement.query_row([], |row| row.get(0)).map_err(store_error)
}

/// The first row and the last.
fn bounds(connection: &Connection) -> Load<(i64, i64)> {
    let end = |sql| {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row([], |row| row.get::<_, i64>(0)).optional()
    };
    let first = end("SELECT seq FROM changes ORDER BY seq LIMIT 1").map_err(store_error)?;
    let last = end("SELECT seq FROM changes ORDER BY seq DESC LIMIT 1").map_err(store_error)?;
    Ok((first.unwrap_or(0), last.unwrap_or(0)))
}

fn read(connection: &Connection, after: i64, last: i64) -> Load<Vec<FeedEvent>> {
    let sql = "SELECT kind, id, version FROM changes WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let mut rows = statement.query([after, last]).map_err(store_error)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        // A later program may write kinds that this one does not know.
        events.push(event(row).unwrap_or(FeedEvent::Doubt));
    }
    Ok(events)
}

fn event(row: &Row<'_>) -> Option<FeedEvent> {
    let kind = row.get_ref(0).ok()?.as_str().ok()?;
    let ValueRef::Blob(id) = row.get_ref(1).ok()? else {
        return None;
    };
    let version: i64 = row.get(2).ok()?;
    Some(FeedEvent::Changed(name::key(kind, id)?, version.try_into().ok()?))
}
