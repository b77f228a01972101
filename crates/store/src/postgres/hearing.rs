//! What this node knows of changes: who listens here, and which commits they have been told of already.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use proto::model::CommitId;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

use super::told;
use crate::{Feed, FeedEvent, feed};

/// Commits that wait to be notified of; what is more than these is left to the table.
const QUEUE: usize = 8192;

/// The listeners of this node, the notifier, and what was told.
#[derive(Debug)]
pub(super) struct Hearing {
    events: broadcast::Sender<FeedEvent>,
    notifier: mpsc::Sender<(CommitId, String)>,
    known: Mutex<HashMap<CommitId, Instant>>,
}

impl Hearing {
    /// With the commits that the notifier takes from it.
    pub(super) fn new() -> (Self, mpsc::Receiver<(CommitId, String)>) {
        let (notifier, to_notify) = mpsc::channel(QUEUE);
        (Self { events: broadcast::Sender::new(feed::CAPACITY), notifier, known: Mutex::default() }, to_notify)
    }

    pub(super) fn feed(&self) -> Feed {
        Feed::new(self.events.subscribe())
    }

    /// A commit of this node stands: its listeners hear of it now, others soon.
    pub(super) fn committed(&self, commit: CommitId, events: &[FeedEvent], words: String) {
        if events.is_empty() {
            return;
        }
        self.is_news(commit);
        self.tell_here(events);
        // A full queue, or none: the table has it.
        drop(self.notifier.try_send((commit, words)));
    }

    /// Whether nobody here was told of a commit yet. From now on they are.
    pub(super) fn is_news(&self, commit: CommitId) -> bool {
        self.known().insert(commit, Instant::now()).is_none()
    }

    /// Forgets commits that no look can reach any more.
    pub(super) fn forget(&self, after: Duration) {
        self.known().retain(|_, told| told.elapsed() < after);
    }

    /// Tells the listeners of this node.
    pub(super) fn tell_here(&self, events: &[FeedEvent]) {
        for event in events {
            // Nobody may be listening.
            drop(self.events.send(event.clone()));
        }
    }

    /// Tells what a notification says; whether the table has to be looked at for the rest.
    pub(super) fn notified(&self, payload: &str) -> bool {
        let mut look = false;
        for heard in told::heard(payload) {
            match heard {
                told::Heard::Commit(commit, events) => {
                    if self.is_news(commit) {
                        self.tell_here(&events);
                    }
                }
                told::Heard::Look => look = true,
            }
        }
        look
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<CommitId, Instant>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
