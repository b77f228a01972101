//! Hearing what other nodes write. A look at the table of changes, each second, is the truth: it reaches back by an overlap
//! of database time, since rows become visible out of order, and now and then further. Notifications only come sooner; a
//! database may have none, and may lose any.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proto::model::CommitId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Statement};

use super::error::{Failure, store_error};
use super::pool::{self, Wire, parameters};
use super::rows::Columns;
use super::settings::PostgresSettings;
use super::sweep::CHANGES_KEPT;
use super::value::Value;
use super::{Shared, told};
use crate::view::Load;
use crate::{FeedEvent, StoreError, feed};

/// Looks between two that reach back by [`WIDE`].
const WIDE_EVERY: u32 = 30;
/// How far those reach back: a commit may have waited so long for a standby.
const WIDE: Duration = Duration::from_secs(60);
/// Rows of one look; with more of them nobody is told one by one.
const MOST: i64 = 200_000;
/// Pauses between two attempts to connect.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// Notifications that wait to be read.
const QUEUE: usize = 1024;

const NOW: &str = "SELECT clock_timestamp()";
const LOOK: &str = "SELECT commit_id, told FROM changes WHERE at > $1::timestamptz ORDER BY at LIMIT $2::bigint";

/// Who is told when the first look is done.
pub(super) type Ready = oneshot::Sender<Load<()>>;

/// Listens for as long as the store lives, over one connection after the other.
pub(super) async fn live(shared: Arc<Shared>, ready: Ready) {
    let mut listener = Listener { shared, horizon: None, looks: 0, ready: Some(ready) };
    let mut pause = PAUSES[0];
    loop {
        let began = Instant::now();
        let Err(error) = listener.session().await;
        if let Some(ready) = listener.ready.take() {
            // Whoever opens the store is told why it cannot be.
            drop(ready.send(Err(error)));
            return;
        }
        pause = if began.elapsed() > PAUSES[1] { PAUSES[0] } else { (pause * 2).min(PAUSES[1]) };
        tokio::time::sleep(pause).await;
    }
}

/// Where notifications of the schema that a connection works in are sent and heard.
pub(super) async fn channel(client: &Client, settings: &PostgresSettings) -> Result<String, Failure> {
    within(settings, client.batch_execute(&pool::session(settings))).await?;
    let row = within(settings, client.query_one("SELECT current_schema()::text", &[])).await?;
    let schema: Option<String> = row.try_get(0)?;
    Ok(format!("countersign.{}", schema.unwrap_or_default()))
}

/// An answer on a connection of the feed, in time.
pub(super) async fn within<T>(
    settings: &PostgresSettings,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    tokio::time::timeout(settings.reply, work).await.map_err(|_| Failure::Late)?.map_err(Failure::Sql)
}

struct Listener {
    shared: Arc<Shared>,
    /// Until when everything was looked at, but for the overlap.
    horizon: Option<SystemTime>,
    looks: u32,
    ready: Option<Ready>,
}

/// A connection of the feed, with its statements.
struct Ear {
    client: Client,
    now: Statement,
    look: Statement,
}

impl Listener {
    /// One connection, until it fails.
    async fn session(&mut self) -> Result<std::convert::Infallible, StoreError> {
        let shared = Arc::clone(&self.shared);
        let settings = &shared.settings;
        let (client, wire) = pool::connect(settings).await?;
        let mut notifications = turn(wire);
        let channel = channel(&client, settings).await?;
        if settings.notify {
            listen(&client, settings, &channel).await?;
        }
        let now = within(settings, client.prepare(NOW)).await?;
        let look = within(settings, client.prepare(LOOK)).await?;
        let ear = Ear { client, now, look };
        // Whatever was written while nobody listened is in the table.
        self.looks = 0;
        self.look(&ear).await?;
        if let Some(ready) = self.ready.take() {
            // If nobody waits, the store is closed already.
            drop(ready.send(Ok(())));
        }
        let mut ticks = interval(settings.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = ticks.tick() => self.look(&ear).await?,
                heard = notifications.recv() => match heard {
                    Some(payload) => if shared.told.notified(&payload) {
                        self.look(&ear).await?;
                    },
                    None => return Err(StoreError::Unavailable("the connection of the feed ended".to_owned())),
                },
            }
        }
    }

    /// Tells what was written since the last look, and takes the time of the database.
    async fn look(&mut self, ear: &Ear) -> Load<()> {
        let is_wide = self.looks.is_multiple_of(WIDE_EVERY);
        self.looks = self.looks.wrapping_add(1);
        let settings = &self.shared.settings;
        let asked = Instant::now();
        let row = within(settings, ear.client.query_one(&ear.now, &[])).await?;
        let answered = Instant::now();
        let now: SystemTime = row.try_get(0).map_err(|error| store_error(&error))?;
        self.shared.clock.set(now, asked, answered);
        let horizon = self.horizon.unwrap_or(now);
        let overlap = if is_wide { WIDE.max(settings.overlap) } else { settings.overlap };
        let since = horizon.checked_sub(overlap).unwrap_or(SystemTime::UNIX_EPOCH);
        let values = [Value::Moment(since), Value::Integer(MOST)];
        let rows = within(settings, ear.client.query(&ear.look, &parameters(&values))).await?;
        let gap = now.duration_since(horizon).unwrap_or_default();
        let is_complete = i64::try_from(rows.len()).is_ok_and(|rows| rows < MOST) && gap + WIDE < CHANGES_KEPT;
        let mut events = Vec::new();
        for row in &rows {
            let mut columns = Columns::all(row, "changes");
            let (commit, words): (CommitId, String) = (columns.next()?, columns.next()?);
            if self.shared.told.is_news(commit) {
                events.extend(told::read(&words));
            }
        }
        if !is_complete || events.len() > feed::CAPACITY / 2 {
            events = vec![FeedEvent::Doubt];
        }
        self.shared.told.tell_here(&events);
        self.shared.told.forget(WIDE * 2 + settings.overlap);
        self.horizon = Some(now);
        Ok(())
    }
}

/// Turns a connection and gives the payloads of its notifications; their end is its end.
fn turn(mut wire: Wire) -> mpsc::Receiver<String> {
    let (heard, payloads) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        while let Some(Ok(message)) = wire.message().await {
            if let AsyncMessage::Notification(notification) = message {
                // What finds no room is in the table.
                drop(heard.try_send(notification.payload().to_owned()));
            }
        }
    });
    payloads
}

/// A database that has no notifications is listened to by looking.
async fn listen(client: &Client, settings: &PostgresSettings, channel: &str) -> Load<()> {
    let quoted = channel.replace('"', "\"\"");
    match within(settings, client.batch_execute(&format!("LISTEN \"{quoted}\""))).await {
        Err(failure) if !lacks_notifications(&failure) => Err(failure.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether the database does not know what notifications are.
pub(super) fn lacks_notifications(failure: &Failure) -> bool {
    let unknown = [&SqlState::FEATURE_NOT_SUPPORTED, &SqlState::SYNTAX_ERROR, &SqlState::UNDEFINED_FUNCTION];
    matches!(failure, Failure::Sql(error) if error.code().is_some_and(|code| unknown.contains(&code)))
}
