//! The writes that the writer carries out, each inside its own savepoint of a shared transaction.

use proto::Timestamp;
use proto::change::{Change, Commit, Key, Row};
use proto::model::{ClientId, CommitId};
use rusqlite::{Connection, OptionalExtension as _, Params, params};

use super::changes::Log;
use super::column::As;
use super::error::store_error;
use super::rows;
use crate::counter::{self, Counter};
use crate::load::SESSION_RETENTION;
use crate::view::Load;
use crate::{Bucket, Budget, Outcome, StoreError, Swept, Taking};

/// One write that somebody waits for.
pub(super) trait Work: Send + 'static {
    /// What they wait for.
    type Output: Send + 'static;

    /// Carries it out.
    fn run(&self, connection: &Connection, log: &mut Log) -> Load<Attempt<Self::Output>>;

    /// The answer when the transaction broke off while it was made durable: it may be there or not.
    fn in_doubt(error: StoreError) -> Load<Self::Output> {
        Err(error)
    }
}

/// What came of a write.
pub(super) enum Attempt<T> {
    /// It stands.
    Kept(T),
    /// It must leave no trace.
    Undone(T),
}

/// An attempt to be taken from its budgets.
pub(super) struct Take(pub(super) Vec<Budget>, pub(super) Timestamp);
/// An attempt to be given back, and when it was taken.
pub(super) struct GiveBack(pub(super) Vec<Budget>, pub(super) Timestamp);
/// So many rows to be forgotten at most.
pub(super) struct Sweep(pub(super) Timestamp, pub(super) usize);

impl Work for Commit {
    type Output = Outcome;

    fn run(&self, connection: &Connection, log: &mut Log) -> Load<Attempt<Outcome>> {
        for require in &self.requires {
            if rows::version(connection, &require.key)? != require.version {
                return Ok(Attempt::Undone(Outcome::Conflict));
            }
        }
        for change in &self.changes {
            let (stopped, key, version) = match change {
                Change::Delete(key, version) => (rows::delete(connection, key, *version)?, key.clone(), 0),
                Change::Put(row) => (put(connection, row, self.id)?, row.key(), row.version().saturating_add(1)),
            };
            if let Some(outcome) = stopped {
                return Ok(Attempt::Undone(outcome));
            }
            log.add(connection, key, version)?;
        }
        Ok(Attempt::Kept(Outcome::Done))
    }

    fn in_doubt(_: StoreError) -> Load<Outcome> {
        Ok(Outcome::Unknown)
    }
}

fn put(connection: &Connection, row: &Row, commit: CommitId) -> Load<Option<Outcome>> {
    match row {
        Row::Client(row) => rows::put(connection, &**row, commit),
        Row::Deployment(row) => rows::put(connection, row, commit),
        Row::Family(row) => rows::put(connection, &**row, commit),
        Row::Grant(row) => rows::put(connection, &**row, commit),
        Row::InitialToken(row) => rows::put(connection, &**row, commit),
        Row::SealedKey(row) => rows::put(connection, &**row, commit),
        Row::Session(row) => rows::put(connection, &**row, commit),
        Row::Spent(row) => rows::spend(connection, row, commit),
        Row::User(row) => rows::put(connection, &**row, commit),
    }
}

impl Work for Take {
    type Output = Taking;

    fn run(&self, connection: &Connection, _: &mut Log) -> Load<Attempt<Taking>> {
        let Self(budgets, now) = self;
        let mut stands = Vec::with_capacity(budgets.len());
        for budget in budgets {
            stands.push((&budget.bucket, counter(connection, &budget.bucket)?));
        }
        let stands = |bucket: &Bucket| stands.iter().find(|(own, _)| *own == bucket).and_then(|(_, counter)| *counter);
        match counter::take(budgets, *now, stands) {
            Err(refusal) => Ok(Attempt::Undone(refusal)),
            Ok(counters) => {
                for (bucket, counter) in counters {
                    write_counter(connection, &bucket, counter)?;
                }
                Ok(Attempt::Kept(Taking::Taken))
            }
        }
    }
}

impl Work for GiveBack {
    type Output = ();

    fn run(&self, connection: &Connection, _: &mut Log) -> Load<Attempt<()>> {
        let Self(budgets, taken) = self;
        for Budget { bucket, window, .. } in budgets {
            let counter = counter(connection, bucket)?;
            if let Some(lower) = counter.and_then(|counter| counter.given_back(*taken, *window)) {
                write_counter(connection, bucket, lower)?;
            }
        }
        Ok(Attempt::Kept(()))
    }
}

fn counter(connection: &Connection, bucket: &Bucket) -> Load<Option<Counter>> {
    let sql = "SELECT count, until FROM counters WHERE bucket = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let found = statement.query_row([&bucket.0], |row| Ok((row.get(0)?, row.get(1)?))).optional();
    let counter = found.map_err(|error| match error {
        rusqlite::Error::IntegralValueOutOfRange(..) => {
            StoreError::Corrupt { table: "counters", row: bucket.0.clone().into(), what: error.to_string() }
        }
        error => store_error(error),
    })?;
    Ok(counter.map(|(count, until)| Counter { count, until: Timestamp::from_millis(until) }))
}

fn write_counter(connection: &Connection, bucket: &Bucket, counter: Counter) -> Load<()> {
    let sql = "INSERT INTO counters (bucket, count, until) VALUES (?1, ?2, ?3) \
         ON CONFLICT (bucket) DO UPDATE SET count = excluded.count, until = excluded.until";
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.execute(params![bucket.0, counter.count, As(&counter.until)]).map_err(store_error)?;
    Ok(())
}

const GRANTS: &str = "DELETE FROM grants WHERE row IN \
     (SELECT row FROM grants WHERE forget_at <= ?1 ORDER BY forget_at LIMIT ?2)";
const FAMILIES: &str = "DELETE FROM families WHERE id IN (SELECT id FROM families AS family \
     WHERE expires_at <= ?1 AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.id = family.grant_id) \
     ORDER BY expires_at LIMIT ?2)";
const SESSIONS: &str = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions AS session \
     WHERE expires_at <= ?3 \
     AND NOT EXISTS (SELECT 1 FROM families WHERE families.user_id = session.user_id \
         AND families.session_id = session.id AND families.revoked_at IS NULL AND families.expires_at > ?1) \
     AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.session_id = session.id AND grants.state = 'approved') \
     ORDER BY expires_at LIMIT ?2)";
const COUNTERS: &str = "DELETE FROM counters WHERE bucket IN \
     (SELECT bucket FROM counters WHERE until <= ?1 ORDER BY until LIMIT ?2)";

const CLIENTS: &str = "DELETE FROM clients WHERE id IN \
     (SELECT id FROM clients WHERE unused_until <= ?1 ORDER BY unused_until LIMIT ?2) RETURNING id";
const SPENT: &str = "DELETE FROM spent WHERE id IN (SELECT id FROM spent WHERE until <= ?1 ORDER BY until LIMIT ?2)";

impl Work for Sweep {
    type Output = Swept;

    /// Grants first, since families and sessions stay while a grant needs them.
    fn run(&self, connection: &Connection, log: &mut Log) -> Load<Attempt<Swept>> {
        let Self(now, limit) = self;
        let forgotten = *now - SESSION_RETENTION;
        let mut swept = Swept::default();
        let left = |swept: &Swept| i64::try_from(limit.saturating_sub(swept.total())).unwrap_or(i64::MAX);
        swept.grants = remove(connection, GRANTS, params![As(now), left(&swept)])?;
        swept.families = remove(connection, FAMILIES, params![As(now), left(&swept)])?;
        swept.sessions = remove(connection, SESSIONS, params![As(now), left(&swept), As(&forgotten)])?;
        swept.counters = remove(connection, COUNTERS, params![As(now), left(&swept)])?;
        for client in unused_clients(connection, *now, left(&swept))? {
            log.add(connection, Key::Client(client), 0)?;
            swept.clients += 1;
        }
        swept.spent = remove(connection, SPENT, params![As(now), left(&swept)])?;
        swept.more = swept.total() == *limit;
        Ok(Attempt::Kept(swept))
    }
}

fn remove(connection: &Connection, sql: &str, params: impl Params) -> Load<usize> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.execute(params).map_err(store_error)
}

/// Removes clients that registered themselves and were not used in time, and names them.
fn unused_clients(connection: &Connection, now: Timestamp, most: i64) -> Load<Vec<ClientId>> {
    let mut statement = connection.prepare_cached(CLIENTS).map_err(store_error)?;
    let mut rows = statement.query(params![As(&now), most]).map_err(store_error)?;
    let mut removed = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        removed.push(rows::id(row, "clients")?);
    }
    Ok(removed)
}
