//! A commit as a transaction of one statement for each thing that it asks for, in its order, sent at once: the first that
//! fails is the answer, and makes a rollback of the COMMIT that is already on its way. One round trip like the single
//! statement, more work for the database: it is for commits of many rows, and it tells exactly what stood in the way.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use futures_util::future::join_all;
use proto::change::{Change, Commit, Key, Require};
use tokio_postgres::{Error, Statement};

use super::error::Failure;
use super::pool::{Leased, parameters};
use super::rows;
use super::single::{is_insert, is_locked, written};
use super::text::{Lock, Text};
use crate::view::Load;
use crate::{Outcome, StoreError};

/// Carries a commit out.
pub(super) async fn run(leased: &Leased<'_>, commit: &Commit, words: &str) -> Load<Outcome> {
    let steps = steps(commit, words);
    let mut prepared = Vec::with_capacity(steps.len());
    for step in &steps {
        prepared.push(leased.prepared(&step.sql).await?);
    }
    let results = leased.within(async { Ok(send(leased, &steps, &prepared).await) }).await;
    let results = match results {
        Ok(results) => results,
        Err(_) => return Ok(Outcome::Unknown),
    };
    match results.into_iter().find_map(Result::err) {
        None => Ok(Outcome::Done),
        Some(error) => outcome(&Failure::Sql(error)),
    }
}

/// What an error of the first statement that failed means for the whole.
pub(super) fn outcome(failure: &Failure) -> Load<Outcome> {
    if failure.is_collision() || failure.is_division_by_zero() {
        return Ok(Outcome::Conflict);
    }
    if failure.is_in_doubt() {
        return Ok(Outcome::Unknown);
    }
    match (failure.clash().and_then(rows::unique), failure) {
        (Some(unique), _) => Ok(Outcome::Taken(unique)),
        (None, Failure::Sql(error)) => Err(super::error::store_error(error)),
        (None, Failure::Late) => Err(StoreError::Busy),
    }
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Sends everything before it waits for the first answer.
async fn send(leased: &Leased<'_>, steps: &[Text<'_>], prepared: &[Statement]) -> Vec<Result<(), Error>> {
    let parameters: Vec<_> = steps.iter().map(|step| parameters(&step.values)).collect();
    let mut sent: Vec<Sent<'_>> = Vec::with_capacity(steps.len() + 2);
    sent.push(Box::pin(leased.batch_execute("BEGIN")));
    for (statement, parameters) in prepared.iter().zip(&parameters) {
        sent.push(Box::pin(async move { leased.execute(statement, parameters).await.map(|_| ()) }));
    }
    sent.push(Box::pin(leased.batch_execute("COMMIT")));
    join_all(sent).await
}

/// Requirements first, in the order of keys and with locks on what is written too, then the changes in theirs.
fn steps<'a>(commit: &'a Commit, words: &'a str) -> Vec<Text<'a>> {
    let mut steps = Vec::new();
    let mut rows: BTreeMap<Key, (Vec<&Require>, bool)> = BTreeMap::new();
    for require in &commit.requires {
        rows.entry(require.key.clone()).or_default().0.push(require);
    }
    for change in commit.changes.iter().filter(|change| !is_insert(change)) {
        rows.entry(written(change).0).or_default().1 = true;
    }
    for (key, (requires, is_written)) in &rows {
        let is_certain = !requires.is_empty();
        steps.extend(requires.iter().map(|require| required(require, *is_written)));
        if *is_written && !is_certain {
            steps.push(reserved(key));
        }
    }
    for change in &commit.changes {
        steps.push(carried_out(change, commit));
    }
    if !words.is_empty() {
        let mut text = Text::default();
        text.tell(commit.id, words, None);
        steps.push(text);
    }
    steps
}

/// A requirement as a division: by zero when it does not hold.
fn required<'a>(require: &Require, is_written: bool) -> Text<'a> {
    let mut text = Text::default();
    if is_locked(require) {
        text.push("SELECT 1 / count(*) FROM (");
        let lock = if is_written { Lock::Update } else { Lock::Share };
        text.locked(&require.key, require.version, lock, None);
        text.push(") AS found");
    } else {
        text.push("SELECT 1 / CASE WHEN ");
        text.holds(require);
        text.push(" THEN 1 ELSE 0 END");
    }
    text
}

/// Locks a row that is to be written, whatever it is at.
fn reserved<'a>(key: &Key) -> Text<'a> {
    let table = rows::table(key);
    let mut text = Text::default();
    text.push("SELECT 1 FROM ");
    text.push(table.name);
    text.push(" WHERE id = ");
    text.value(rows::id(key).into_owned(), table.key());
    text.push(" FOR UPDATE");
    text
}

/// A change; one that must find its row as a division.
fn carried_out<'a>(change: &'a Change, commit: &Commit) -> Text<'a> {
    let mut text = Text::default();
    match change {
        // It goes by being swept alone.
        Change::Delete(Key::Spent(_), _) => {
            text.push("SELECT 1 / ");
            text.value(super::value::Value::Integer(0), "bigint");
        }
        Change::Delete(key, version) => {
            text.push("WITH written AS (");
            text.delete(key, *version, None);
            text.push(") SELECT 1 / count(*) FROM written");
        }
        Change::Put(row) => {
            let table = rows::table(&row.key());
            if row.version() == 0 {
                text.insert(table, row, commit.id, None);
            } else {
                text.push("WITH written AS (");
                text.update(table, row, commit.id, None);
                text.push(") SELECT 1 / count(*) FROM written");
            }
        }
    }
    text
}
