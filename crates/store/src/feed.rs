//! What tells the rest of the program which rows were written.

use proto::Entropy as _;
use proto::entropy::Seeded;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::FeedEvent;

/// Events that wait for a slow listener before it is told [`FeedEvent::Doubt`] instead.
pub(crate) const CAPACITY: usize = 8192;

/// A listener of a store's changes, from the moment it was made: each at least once, in any order.
#[derive(Debug)]
pub struct Feed(Source);

#[derive(Debug)]
enum Source {
    Faulty { dice: Seeded, ready: Vec<FeedEvent>, source: broadcast::Receiver<FeedEvent> },
    Plain(broadcast::Receiver<FeedEvent>),
}

impl Feed {
    pub(crate) const fn new(source: broadcast::Receiver<FeedEvent>) -> Self {
        Self(Source::Plain(source))
    }

    /// The same feed, which repeats and reorders, and doubts now and then.
    pub(crate) fn faulty(self, dice: Seeded) -> Self {
        match self.0 {
            Source::Faulty { source, .. } | Source::Plain(source) => {
                Self(Source::Faulty { dice, ready: Vec::new(), source })
            }
        }
    }

    /// The next event. After the store was closed there is none: the future never ends. Dropping it loses nothing.
    pub async fn next(&mut self) -> FeedEvent {
        match &mut self.0 {
            Source::Plain(source) => receive(source).await,
            Source::Faulty { dice, ready, source } => {
                if ready.is_empty() {
                    ready.push(receive(source).await);
                    while let Some(event) = ready_event(source) {
                        ready.push(event);
                    }
                    disturb(ready, dice);
                }
                ready.pop().unwrap_or(FeedEvent::Doubt)
            }
        }
    }
}

async fn receive(source: &mut broadcast::Receiver<FeedEvent>) -> FeedEvent {
    match source.recv().await {
        Ok(event) => event,
        Err(RecvError::Lagged(_)) => FeedEvent::Doubt,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

fn ready_event(source: &mut broadcast::Receiver<FeedEvent>) -> Option<FeedEvent> {
    match source.try_recv() {
        Ok(event) => Some(event),
        Err(TryRecvError::Lagged(_)) => Some(FeedEvent::Doubt),
        Err(TryRecvError::Closed | TryRecvError::Empty) => None,
    }
}

/// Repeats about a third of the events, doubts one time in eight, and puts all in any order.
fn disturb(events: &mut Vec<FeedEvent>, dice: &mut Seeded) {
    let repeated: Vec<FeedEvent> = events.iter().filter(|_| dice.below(3) == 0).cloned().collect();
    events.extend(repeated);
    if dice.below(8) == 0 {
        events.push(FeedEvent::Doubt);
    }
    let mut keyed: Vec<([u8; 8], FeedEvent)> = events
        .drain(..)
        .map(|event| {
            let mut key = [0; 8];
            dice.fill(&mut key);
            (key, event)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    events.extend(keyed.into_iter().map(|(_, event)| event));
}
