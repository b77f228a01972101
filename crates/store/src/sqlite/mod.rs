//! SQLite: needs nothing installed. One file, one thread that writes, a few that read.
//!
//! Owns threads, connections and queues. The writer groups commits (`writer.rs`), rows are read strictly (`rows/`), and
//! what another process writes is heard through a table of changes (`changes.rs`).

mod backup;
mod changes;
mod column;
mod connection;
mod error;
mod file;
mod migrate;
mod reader;
mod rows;
mod settings;
mod snapshot;
#[cfg(test)]
mod tests;
mod work;
mod writer;

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use proto::Timestamp;
use proto::change::Commit;
use rusqlite::Connection;
use tokio::sync::{broadcast, oneshot};

pub use settings::SqliteSettings;

use self::reader::Question;
use self::work::{GiveBack, Sweep, Take, Work};
use self::writer::{Figures, Job, Task, Writer};
use crate::types::WriteFigures;
use crate::view::{Load, View};
use crate::{Budget, Feed, FeedEvent, Migration, Outcome, StoreError, Swept, Taking, feed};

/// A store in an SQLite database. Its threads end with it.
#[derive(Debug)]
pub(crate) struct Sqlite {
    settings: SqliteSettings,
    /// `None` once it is closed.
    queues: Mutex<Option<Queues>>,
    events: broadcast::Sender<FeedEvent>,
    figures: Arc<Figures>,
    /// Ends when the writer has let go of the file.
    finished: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

#[derive(Debug)]
struct Queues {
    writes: SyncSender<Box<dyn Job>>,
    questions: SyncSender<Question>,
}

/// What the writer's thread starts with.
struct Start {
    settings: SqliteSettings,
    events: broadcast::Sender<FeedEvent>,
    figures: Arc<Figures>,
    writes: Receiver<Box<dyn Job>>,
    questions: Receiver<Question>,
}

impl Sqlite {
    /// Opens the database, made and migrated as needed.
    pub(crate) async fn open(settings: SqliteSettings) -> Load<Self> {
        let queue = settings.queue.max(1);
        let (writes, to_write) = mpsc::sync_channel(queue);
        let (questions, to_answer) = mpsc::sync_channel(queue);
        let (ready, opened) = oneshot::channel();
        let (finish, finished) = oneshot::channel();
        let (events, figures) = (broadcast::Sender::new(feed::CAPACITY), Arc::<Figures>::default());
        let start = Start {
            settings: settings.clone(),
            events: events.clone(),
            figures: Arc::clone(&figures),
            writes: to_write,
            questions: to_answer,
        };
        spawn("store-writer", move || {
            run(start, ready);
            // Nobody may be waiting for the end.
            finish.send(()).ok();
        })?;
        opened.await.map_err(|_| stopped())?.map_err(|error| error::while_opening(&settings.path, error))?;
        let queues = Mutex::new(Some(Queues { writes, questions }));
        Ok(Self { settings, queues, events, figures, finished: tokio::sync::Mutex::new(Some(finished)) })
    }

    /// Steps that opening it would carry out; nothing is written.
    pub(crate) async fn pending_migrations(settings: SqliteSettings) -> Load<Vec<Migration>> {
        let (reply, answer) = oneshot::channel();
        spawn("store-migrations", move || {
            // Nobody may be waiting any more.
            drop(reply.send(pending(&settings).map_err(|error| error::while_opening(&settings.path, error))));
        })?;
        answer.await.map_err(|_| stopped())?
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Load<Outcome> {
        self.write(commit).await
    }

    pub(crate) async fn take(&self, budgets: Vec<Budget>, now: Timestamp) -> Load<Taking> {
        self.write(Take(budgets, now)).await
    }

    pub(crate) async fn give_back(&self, budgets: Vec<Budget>, taken: Timestamp) -> Load<()> {
        self.write(GiveBack(budgets, taken)).await
    }

    pub(crate) async fn sweep(&self, now: Timestamp, limit: usize) -> Load<Swept> {
        self.write(Sweep(now, limit)).await
    }

    /// Queues a write and waits until it is durable.
    async fn write<W: Work>(&self, work: W) -> Load<W::Output> {
        let (reply, answer) = oneshot::channel();
        self.send(|queues| queues.writes.try_send(Box::new(Task { work, answer: None, reply })).map_err(refused))?;
        answer.await.unwrap_or_else(|_| W::in_doubt(stopped()))
    }

    /// Queues a load and waits for it.
    pub(crate) async fn read<T, F>(&self, load: F) -> Load<T>
    where
        T: Send + 'static,
        F: FnOnce(&dyn View) -> Load<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |view| {
            // Who asked may have gone.
            drop(reply.send(view.and_then(load)));
        });
        self.send(|queues| queues.questions.try_send(question).map_err(refused))?;
        answer.await.map_err(|_| stopped())?
    }

    pub(crate) fn feed(&self) -> Feed {
        Feed::new(self.events.subscribe())
    }

    pub(crate) fn figures(&self) -> WriteFigures {
        WriteFigures {
            transactions: self.figures.transactions.load(Ordering::Relaxed),
            writes: self.figures.writes.load(Ordering::Relaxed),
        }
    }

    /// Lets no more in, and waits until the queues are empty and the file is closed.
    pub(crate) async fn close(&self) -> Load<()> {
        drop(self.queues.lock().unwrap_or_else(PoisonError::into_inner).take());
        match self.finished.lock().await.take() {
            Some(finished) => finished.await.map_err(|_| stopped()),
            None => Ok(()),
        }
    }

    fn send(&self, give: impl FnOnce(&Queues) -> Load<()>) -> Load<()> {
        match &*self.queues.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(queues) => give(queues),
            None => Err(StoreError::Unavailable("the store is closed".to_owned())),
        }
    }
}

/// The life of the writer's thread: it opens, starts the readers, writes, and closes after them.
fn run(start: Start, ready: oneshot::Sender<Load<()>>) {
    let Start { settings, events, figures, writes, questions } = start;
    let questions = Arc::new(Mutex::new(questions));
    let opened = open_all(&settings).and_then(|(connection, readers)| {
        let writer = Writer::new(connection, &settings, events, figures)?;
        let serve = |reader: Connection| {
            let questions = Arc::clone(&questions);
            spawn("store-reader", move || reader::serve(&reader, &questions))
        };
        Ok((writer, readers.into_iter().map(serve).collect::<Load<Vec<_>>>()?))
    });
    drop(questions);
    match opened {
        Ok((mut writer, readers)) => {
            // If nobody waits, the queues are closed already and serving ends at once.
            drop(ready.send(Ok(())));
            writer.serve(&writes, &settings);
            for reader in readers {
                // A reader that panicked has answered nobody, and its askers know.
                drop(reader.join());
            }
            writer.finish();
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

fn open_all(settings: &SqliteSettings) -> Load<(Connection, Vec<Connection>)> {
    file::prepare(&settings.path)?;
    let mut connection = connection::writer(settings)?;
    migrate::run(&mut connection)?;
    connection::check_pages(settings, &connection)?;
    let readers = (0..settings.readers.max(1)).map(|_| connection::reader(settings)).collect::<Load<Vec<_>>>()?;
    Ok((connection, readers))
}

fn pending(settings: &SqliteSettings) -> Load<Vec<Migration>> {
    if !settings.path.exists() {
        return Ok(migrate::ALL.to_vec());
    }
    let connection = connection::reader(settings)?;
    connection::check_owner(&connection)?;
    migrate::pending(&connection)
}

fn spawn(name: &str, life: impl FnOnce() + Send + 'static) -> Load<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(life).map_err(|error| StoreError::Unavailable(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn refused<T>(error: TrySendError<T>) -> StoreError {
    match error {
        TrySendError::Full(_) => StoreError::Busy,
        TrySendError::Disconnected(_) => stopped(),
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".to_owned())
}
