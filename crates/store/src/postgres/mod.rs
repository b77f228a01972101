//! PostgreSQL, or what speaks its protocol: for several nodes, any of which may die. Owns the pool and the tasks of the feed.
//!
//! A commit is one statement (`single.rs`) or one pipelined transaction (`transaction.rs`); no rule stands in SQL. Nodes hear
//! of each other through a table of changes (`listen.rs`), sooner by notifications (`notify.rs`).

mod clock;
mod column;
mod counters;
mod error;
mod hearing;
mod lease;
mod listen;
mod loads;
mod migrate;
mod notify;
mod pool;
mod rows;
mod settings;
mod single;
mod sweep;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod transaction;
mod value;

use std::sync::Arc;

use proto::Timestamp;
use proto::change::Commit;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_postgres::Row;

pub use self::clock::Clock;
pub use self::settings::{PostgresAddressError, PostgresSettings};

use self::hearing::Hearing;
use self::pool::Pool;
use self::value::Value;
use crate::view::Load;
use crate::{Budget, Feed, Migration, Outcome, StoreError, Swept, Taking};

/// A store in a PostgreSQL database. Its tasks end with it.
#[derive(Debug)]
pub(crate) struct Postgres {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// What its tasks share.
#[derive(Debug)]
pub(super) struct Shared {
    pool: Pool,
    settings: PostgresSettings,
    told: Hearing,
    clock: Clock,
}

impl Postgres {
    /// Opens the database, migrated as needed.
    pub(crate) async fn open(settings: PostgresSettings) -> Load<Self> {
        let pool = Pool::new(&settings)?;
        migrate::run(&pool).await?;
        let (told, to_notify) = Hearing::new();
        let shared = Arc::new(Shared { pool, settings, told, clock: Clock::default() });
        let (ready, listening) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(listen::live(Arc::clone(&shared), ready));
        if shared.settings.notify {
            tasks.spawn(notify::live(Arc::clone(&shared), to_notify));
        }
        listening.await.map_err(|_| closed())??;
        Ok(Self { shared, _tasks: tasks })
    }

    /// Steps that opening it would carry out; nothing is written.
    pub(crate) async fn pending_migrations(settings: PostgresSettings) -> Load<Vec<Migration>> {
        migrate::pending(&Pool::new(&settings)?).await
    }

    /// Carries a commit out, to its end also when nobody waits for it any more.
    pub(crate) async fn commit(&self, commit: Commit) -> Load<Outcome> {
        if commit.requires.is_empty() && commit.changes.is_empty() {
            return Ok(Outcome::Done);
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move { shared.commit(&commit).await }).await.unwrap_or(Ok(Outcome::Unknown))
    }

    pub(crate) async fn take(&self, budgets: &[Budget], now: Timestamp) -> Load<Taking> {
        counters::take(&self.shared.pool, budgets, now).await
    }

    pub(crate) async fn give_back(&self, budgets: &[Budget], taken: Timestamp) -> Load<()> {
        counters::give_back(&self.shared.pool, budgets, taken).await
    }

    pub(crate) async fn sweep(&self, now: Timestamp, limit: usize) -> Load<Swept> {
        sweep::run(&self.shared, now, limit).await
    }

    pub(crate) fn feed(&self) -> Feed {
        self.shared.told.feed()
    }

    /// The time by which all nodes agree.
    pub(crate) fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Lets go of all connections. What is under way ends by itself.
    pub(crate) fn close(&self) {
        self.shared.pool.close();
    }

    async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Load<Vec<Row>> {
        self.shared.pool.rows(sql, values).await
    }
}

impl Shared {
    async fn commit(&self, commit: &Commit) -> Load<Outcome> {
        let events = told::events(commit);
        let words = told::words(&events);
        let outcome = self.carry_out(commit, &words).await?;
        if outcome == Outcome::Done {
            self.told.committed(commit.id, &events, words);
        }
        Ok(outcome)
    }

    /// In one statement where it can be one. Only when that was refused for a reason that it cannot tell, the transaction,
    /// which can, has the last word.
    async fn carry_out(&self, commit: &Commit, words: &str) -> Load<Outcome> {
        let leased = self.pool.lease().await?;
        if let Some(text) = single::statement(commit, words) {
            let statement = match leased.prepared(&text.sql).await {
                // Nothing was sent but a question.
                Err(failure) if failure.spoils() => {
                    drop(leased);
                    return transaction::run(&self.pool.lease().await?, commit, words).await;
                }
                prepared => prepared?,
            };
            let answer = leased.within(leased.query_one(&statement, &pool::parameters(&text.values))).await;
            match answer {
                Ok(row) if row.try_get::<_, i64>(0).is_ok_and(|done| done != 0) => return Ok(Outcome::Done),
                Ok(_) if single::refusal_is_conflict(commit) => return Ok(Outcome::Conflict),
                Ok(_) => {}
                Err(failure) if failure.clash().is_some() && !single::clash_is_certain(commit) => {}
                Err(failure) => return transaction::outcome(&failure),
            }
        }
        transaction::run(&leased, commit, words).await
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
