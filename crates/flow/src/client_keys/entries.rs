//! The clients whose keys are remembered: bounded in number and in keys, the longest unused go first.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jose::JwkSet;
use proto::Timestamp;
use proto::model::ClientId;

use super::KeysUnavailable;
use super::entry::{Attempt, Entry, Source};

/// Clients that are remembered.
pub(super) const MAX_CLIENTS: usize = 10_000;
/// Keys of all of them together, some 2 KB each. A set has 64 at most.
pub(super) const MAX_KEYS: usize = 40_000;

#[derive(Debug, Default)]
pub(super) struct Entries {
    by_client: HashMap<ClientId, Entry>,
    keys: usize,
}

impl Entries {
    /// What is remembered of the keys that `client` registered as `source`; of another registration, nothing.
    pub(super) fn of(&mut self, client: &ClientId, source: Source, now: Timestamp) -> &mut Entry {
        if self.by_client.get(client).is_none_or(|entry| entry.source != source) {
            self.remove(client);
            if self.by_client.len() >= MAX_CLIENTS {
                self.make_room();
            }
        }
        let entry = self.by_client.entry(client.clone()).or_insert_with(|| Entry::new(source, now));
        entry.used = now;
        entry
    }

    /// Remembers how an attempt ended, unless the registration has changed since it began.
    pub(super) fn land(
        &mut self,
        client: &ClientId,
        source: Source,
        attempt: Attempt,
        began: Timestamp,
    ) -> Option<Duration> {
        let entry = self.by_client.get_mut(client).filter(|entry| entry.source == source)?;
        let before = entry.keys();
        let stale_for = entry.land(attempt, began);
        self.keys = (self.keys + entry.keys()).saturating_sub(before);
        while self.keys > MAX_KEYS && self.make_room() {}
        stale_for
    }

    /// What there is for one who has waited; nothing when the registration has changed meanwhile.
    pub(super) fn fallback(
        &self,
        client: &ClientId,
        source: Source,
        now: Timestamp,
    ) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let entry = self.by_client.get(client).filter(|entry| entry.source == source);
        entry.map_or(Err(KeysUnavailable::Busy), |entry| entry.fallback(now))
    }

    /// Forgets an eighth, the longest unused. What is being fetched stays, or it would be fetched twice.
    fn make_room(&mut self) -> bool {
        let idle = self.by_client.iter().filter(|(_, entry)| entry.flight().is_none());
        let mut idle: Vec<(Timestamp, ClientId)> = idle.map(|(client, entry)| (entry.used, client.clone())).collect();
        let many = idle.len().div_ceil(8);
        if many < idle.len() {
            idle.select_nth_unstable(many);
        }
        idle.iter().take(many).for_each(|(_, client)| self.remove(client));
        many > 0
    }

    fn remove(&mut self, client: &ClientId) {
        if let Some(entry) = self.by_client.remove(client) {
            self.keys = self.keys.saturating_sub(entry.keys());
        }
    }
}

#[cfg(test)]
impl Entries {
    pub(super) fn len(&self) -> usize {
        self.by_client.len()
    }

    pub(super) const fn keys(&self) -> usize {
        self.keys
    }
}
