//! The one thread that writes. It takes whatever is queued into one transaction, each write in a savepoint of its own,
//! and answers after COMMIT: durability costs one fsync for a group, not for a write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use rusqlite::Connection;
use tokio::sync::{broadcast, oneshot};

use super::changes::{Log, Place};
use super::error::store_error;
use super::settings::SqliteSettings;
use super::work::{Attempt, Work};
use crate::view::Load;
use crate::{FeedEvent, StoreError};

/// Looks without a write after which the log is copied into the database: about a second of quiet.
const QUIET: u32 = 5;
/// Looks between two refreshes of the planner's statistics: about an hour.
const OPTIMIZE: u32 = 18_000;

/// How much the writer did.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) transactions: AtomicU64,
    pub(super) writes: AtomicU64,
}

/// A write that waits, whatever it is.
pub(super) trait Job: Send {
    /// Carries it out and keeps the answer. An error is one of the whole transaction.
    fn run(&mut self, connection: &Connection, log: &mut Log) -> Load<()>;
    /// Gives the answer.
    fn answer(self: Box<Self>, end: End);
}

/// How the transaction ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// It is durable.
    Committed,
    /// It broke off while it was made durable.
    InDoubt(StoreError),
    /// Nothing of it is there.
    RolledBack(StoreError),
}

/// A write, its answer, and who waits for it.
pub(super) struct Task<W: Work> {
    pub(super) work: W,
    pub(super) answer: Option<Load<W::Output>>,
    pub(super) reply: oneshot::Sender<Load<W::Output>>,
}

impl<W: Work> Job for Task<W> {
    fn run(&mut self, connection: &Connection, log: &mut Log) -> Load<()> {
        let mark = log.mark();
        statement(connection, "SAVEPOINT job")?;
        let (kept, answer) = match self.work.run(connection, log) {
            Ok(Attempt::Kept(output)) => (true, Ok(output)),
            Ok(Attempt::Undone(output)) => (false, Ok(output)),
            // These are not the write's fault: the others would meet them too.
            Err(error @ (StoreError::Busy | StoreError::Full)) => return Err(error),
            Err(error) if connection.is_autocommit() => return Err(error),
            Err(error) => (false, Err(error)),
        };
        if !kept {
            log.undo_to(mark);
            statement(connection, "ROLLBACK TO job")?;
        }
        statement(connection, "RELEASE job")?;
        self.answer = Some(answer);
        Ok(())
    }

    fn answer(self: Box<Self>, end: End) {
        let answer = match (end, self.answer) {
            (End::Committed, Some(answer)) => answer,
            (End::Committed, None) => Err(StoreError::Unavailable("the write was passed over".to_owned())),
            (End::InDoubt(error), _) => W::in_doubt(error),
            (End::RolledBack(error), _) => Err(error),
        };
        // Who asked may have gone.
        drop(self.reply.send(answer));
    }
}

/// The writer's own state.
pub(super) struct Writer {
    connection: Connection,
    group: usize,
    place: Place,
    events: broadcast::Sender<FeedEvent>,
    figures: Arc<Figures>,
    looks: u32,
    unsettled: bool,
    deaf: bool,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        settings: &SqliteSettings,
        events: broadcast::Sender<FeedEvent>,
        figures: Arc<Figures>,
    ) -> Load<Self> {
        let place = Place::end(&connection)?;
        let group = settings.group.max(1);
        Ok(Self { connection, group, place, events, figures, looks: 0, unsettled: true, deaf: false })
    }

    /// Writes until nobody can ask any more and the queue is empty.
    pub(super) fn serve(&mut self, queue: &Receiver<Box<dyn Job>>, settings: &SqliteSettings) {
        loop {
            match queue.recv_timeout(settings.tick) {
                Ok(first) => {
                    let mut jobs = vec![first];
                    jobs.extend(queue.try_iter().take(self.group - 1));
                    self.write(jobs);
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Leaves the whole database in its one file.
    pub(super) fn finish(self) {
        // Another process may hold it back; the next start makes up for it.
        drop(self.connection.execute_batch("PRAGMA optimize"));
        drop(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    }

    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        (self.looks, self.unsettled) = (0, true);
        self.figures.transactions.fetch_add(1, Ordering::Relaxed);
        self.figures.writes.fetch_add(jobs.len() as u64, Ordering::Relaxed);
        let end = match self.transaction(&mut jobs) {
            Ok(log) => match statement(&self.connection, "COMMIT") {
                Ok(()) => {
                    let events = self.place.committed(log);
                    self.tell(events);
                    End::Committed
                }
                Err(error @ (StoreError::Busy | StoreError::Full)) => End::RolledBack(error),
                Err(error) => End::InDoubt(error),
            },
            Err(error) => End::RolledBack(error),
        };
        if !self.connection.is_autocommit() {
            // A connection that cannot roll back says so again at the next BEGIN.
            drop(statement(&self.connection, "ROLLBACK"));
        }
        for job in jobs {
            job.answer(end.clone());
        }
    }

    fn transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> Load<Log> {
        statement(&self.connection, "BEGIN IMMEDIATE")?;
        let heard = self.place.hear(&self.connection)?;
        self.tell(heard);
        let mut log = self.place.log();
        for job in jobs {
            job.run(&self.connection, &mut log)?;
        }
        log.prune(&self.connection)?;
        Ok(log)
    }

    /// A quiet moment: hears what others wrote, and settles what was written.
    fn look(&mut self) {
        self.looks = self.looks.saturating_add(1);
        match self.place.hear(&self.connection) {
            Ok(heard) => {
                self.deaf = false;
                self.tell(heard);
            }
            // Whoever listens is told once that something may be missed; the next look tries again.
            Err(_) if self.deaf => {}
            Err(_) => {
                self.deaf = true;
                self.tell(vec![FeedEvent::Doubt]);
            }
        }
        if self.unsettled && self.looks >= QUIET {
            self.unsettled = false;
            drop(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        }
        if self.looks.is_multiple_of(OPTIMIZE) {
            drop(self.connection.execute_batch("PRAGMA optimize"));
        }
    }

    fn tell(&self, events: Vec<FeedEvent>) {
        for event in events {
            // Nobody may be listening.
            drop(self.events.send(event));
        }
    }
}

fn statement(connection: &Connection, sql: &str) -> Load<()> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.execute([]).map(|_| ()).map_err(store_error)
}
