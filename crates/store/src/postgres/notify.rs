//! Telling other nodes at once: notifications after the commit, on a connection of their own, as many commits in one as
//! come within two milliseconds. Inside the transaction they would make all commits wait for each other.

use std::sync::Arc;
use std::time::Duration;

use proto::model::CommitId;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use tokio_postgres::{Client, Statement};

use super::column::Value;
use super::error::Failure;
use super::listen::{channel, lacks_notifications, within};
use super::pool::{self, parameters};
use super::told;
use super::{Shared, settings::PostgresSettings};
use crate::view::Load;

/// Time between two transactions that notify.
const APART: Duration = Duration::from_millis(2);
/// Time between two attempts to connect.
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
    let mut tried: Option<Instant> = None;
    while let Some(first) = queue.recv().await {
        let mut told = vec![first];
        while let Ok(more) = queue.try_recv() {
            told.push(more);
        }
        if voice.is_none() && tried.is_none_or(|tried| tried.elapsed() > PAUSE) {
            tried = Some(Instant::now());
            voice = connect(&shared.settings).await.ok();
        }
        // Without a connection it is left to the table.
        let Some(speaking) = &voice else { continue };
        match speak(speaking, &shared.settings, &told).await {
            Ok(()) => {}
            Err(failure) if lacks_notifications(&failure) => return,
            Err(_) => voice = None,
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
