//! Telling other nodes at once: notifications after the commit, on a connection of their own, as many commits in one as
//! come within two milliseconds. Inside the transaction they would make all commits wait for each other.

use std::sync::Arc;
use std::time::Duration;

use proto::model::CommitId;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use tokio_postgres::{Client, Statement};

use super::error::Failure;
use super::listen::{channel, lacks_notifications, within};
use super::pool::{self, parameters};
use super::told;
use super::value::Value;
use super::{Shared, settings::PostgresSettings};
use crate::view::Load;

/// Time between two transactions that notify.
const APART: Duration = Duration::from_millis(2);
/// Time after an attempt to connect that failed.
const PAUSE: Duration = Duration::from_secs(1);

const NOTIFY: &str = "SELECT pg_notify($1::text, $2::text)";

/// A connection that notifies.
struct Voice {
    client: Client,
    channel: String,
    notify: Statement,
}

/// Notifies for as long as the store lives.
pub(super) async fn live(shared: Arc<Shared>, mut queue: Receiver<(CommitId, String)>) {
    let mut voice: Option<Voice> = None;
    let mut failed: Option<Instant> = None;
    while let Some(first) = queue.recv().await {
        let mut told = vec![first];
        while let Ok(more) = queue.try_recv() {
            told.push(more);
        }
        // A connection that ended meanwhile is made anew, once; after that it is left to the table.
        for _ in 0..2 {
            if voice.as_ref().is_none_or(|voice| voice.client.is_closed()) {
                if failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
                    break;
                }
                voice = connect(&shared.settings).await.ok();
                failed = voice.is_none().then(Instant::now);
            }
            let Some(speaking) = &voice else { break };
            match speak(speaking, &shared.settings, &told).await {
                Ok(()) => break,
                Err(failure) if lacks_notifications(&failure) => return,
                Err(_) => voice = None,
            }
        }
        tokio::time::sleep(APART).await;
    }
}

async fn connect(settings: &PostgresSettings) -> Load<Voice> {
    let (client, mut wire) = pool::connect(settings).await?;
    tokio::spawn(async move { while let Some(Ok(_)) = wire.message().await {} });
    let channel = channel(&client, settings).await?;
    let notify = within(settings, client.prepare(NOTIFY)).await?;
    Ok(Voice { client, channel, notify })
}

async fn speak(voice: &Voice, settings: &PostgresSettings, told: &[(CommitId, String)]) -> Result<(), Failure> {
    for payload in told::payloads(told) {
        let values = [Value::from(voice.channel.as_str()), Value::from(payload.as_str())];
        within(settings, voice.client.execute(&voice.notify, &parameters(&values))).await?;
    }
    Ok(())
}
