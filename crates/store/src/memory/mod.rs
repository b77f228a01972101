//! The reference backend: maps behind one lock. What it does is what every other backend must do.

mod loads;
mod sweep;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::Timestamp;
use proto::change::{Change, Commit, Key, Row, Unique};
use proto::model::{CommitId, GrantId, SessionId, UserId, UserName, Version};
use proto::secret::{SecretHash, UserCodeHash};
use tokio::sync::broadcast;

use crate::counter::{self, Counter};
use crate::{Bucket, Budget, Feed, FeedEvent, Outcome, Swept, Taking, feed};

/// A store in memory.
#[derive(Debug)]
pub(crate) struct Memory {
    state: Mutex<State>,
    events: broadcast::Sender<FeedEvent>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    rows: BTreeMap<Key, Stored>,
    user_codes: HashMap<UserCodeHash, GrantId>,
    session_tokens: HashMap<SecretHash, SessionId>,
    user_names: HashMap<UserName, UserId>,
    counters: HashMap<Bucket, Counter>,
}

/// A row, and the commit that wrote it last.
#[derive(Clone, Debug)]
struct Stored {
    row: Row,
    stamp: CommitId,
}

impl Stored {
    /// What stands is at version 1 at least, also when it has none.
    fn version(&self) -> Version {
        match &self.row {
            Row::Spent(_) => 1,
            row => row.version(),
        }
    }
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), events: broadcast::Sender::new(feed::CAPACITY) }
    }

    pub(crate) fn commit(&self, commit: &Commit) -> Outcome {
        match self.view().commit(commit) {
            Ok(events) => {
                self.tell(events);
                Outcome::Done
            }
            Err(outcome) => outcome,
        }
    }

    pub(crate) fn take(&self, budgets: &[Budget], now: Timestamp) -> Taking {
        let counters = &mut self.view().counters;
        match counter::take(budgets, now, |bucket| counters.get(bucket).copied()) {
            Ok(taken) => {
                counters.extend(taken);
                Taking::Taken
            }
            Err(refusal) => refusal,
        }
    }

    pub(crate) fn give_back(&self, budgets: &[Budget], taken: Timestamp) {
        let counters = &mut self.view().counters;
        for Budget { bucket, window, .. } in budgets {
            if let Some(counter) = counters.get_mut(bucket)
                && let Some(lower) = counter.given_back(taken, *window)
            {
                *counter = lower;
            }
        }
    }

    pub(crate) fn sweep(&self, now: Timestamp, limit: usize) -> Swept {
        let (swept, events) = self.view().sweep(now, limit);
        self.tell(events);
        swept
    }

    fn tell(&self, events: Vec<FeedEvent>) {
        for event in events {
            // Nobody may be listening.
            drop(self.events.send(event));
        }
    }

    pub(crate) fn feed(&self) -> Feed {
        Feed::new(self.events.subscribe())
    }

    /// The state, until the guard is dropped. Nothing that holds it can panic halfway through a change.
    pub(crate) fn view(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Carries out a commit, or nothing of it.
    fn commit(&mut self, commit: &Commit) -> Result<Vec<FeedEvent>, Outcome> {
        if commit.requires.iter().any(|require| self.version(&require.key) != require.version) {
            return Err(Outcome::Conflict);
        }
        let mut events = Vec::with_capacity(commit.changes.len());
        let mut undo = Vec::with_capacity(commit.changes.len());
        for change in &commit.changes {
            match self.apply(change, commit.id) {
                Ok((key, version, before)) => {
                    undo.push((key.clone(), before));
                    // Nobody listens for proofs that were used.
                    if !matches!(key, Key::Spent(_)) {
                        events.push(FeedEvent::Changed(key, version));
                    }
                }
                Err(outcome) => {
                    for (key, before) in undo.into_iter().rev() {
                        self.set(key, before);
                    }
                    return Err(outcome);
                }
            }
        }
        Ok(events)
    }

    /// Carries out one change: the key, its new version and what stood there before.
    fn apply(&mut self, change: &Change, stamp: CommitId) -> Result<(Key, Version, Option<Stored>), Outcome> {
        match change {
            // It goes by being swept alone.
            Change::Delete(Key::Spent(_), _) => Err(Outcome::Conflict),
            Change::Delete(key, version) => {
                if *version == 0 || self.version(key) != *version {
                    return Err(Outcome::Conflict);
                }
                let before = self.set(key.clone(), None);
                Ok((key.clone(), 0, before))
            }
            Change::Put(row) => {
                let (key, read) = (row.key(), row.version());
                match (read, self.version(&key)) {
                    (0, 0) => {}
                    (0, _) => return Err(Outcome::Taken(key_unique(&key))),
                    (read, own) if read != own => return Err(Outcome::Conflict),
                    _ => {}
                }
                if let Some(unique) = self.clash(row) {
                    return Err(Outcome::Taken(unique));
                }
                let version = read + 1;
                let stored = Stored { row: row.clone().with_version(version), stamp };
                let before = self.set(key.clone(), Some(stored));
                Ok((key, version, before))
            }
        }
    }

    /// The version of a row: 0 when there is none.
    fn version(&self, key: &Key) -> Version {
        self.rows.get(key).map_or(0, Stored::version)
    }

    /// The unique value, other than its key, that another row has already.
    fn clash(&self, row: &Row) -> Option<Unique> {
        match row {
            Row::Grant(grant) => {
                self.user_codes.get(&grant.user_code).filter(|id| **id != grant.id).map(|_| Unique::UserCode)
            }
            Row::Session(session) => {
                self.session_tokens.get(&session.token).filter(|id| **id != session.id).map(|_| Unique::SessionToken)
            }
            Row::User(user) => self.user_names.get(&user.name).filter(|id| **id != user.id).map(|_| Unique::UserName),
            Row::Client(_)
            | Row::Deployment(_)
            | Row::Family(_)
            | Row::InitialToken(_)
            | Row::SealedKey(_)
            | Row::Spent(_) => None,
        }
    }

    /// Puts a row in place, or removes it, and keeps the indices true. Gives what stood there before.
    fn set(&mut self, key: Key, stored: Option<Stored>) -> Option<Stored> {
        let before = match &stored {
            Some(stored) => self.rows.insert(key, stored.clone()),
            None => self.rows.remove(&key),
        };
        match before.as_ref().map(|stored| &stored.row) {
            Some(Row::Grant(grant)) => drop(self.user_codes.remove(&grant.user_code)),
            Some(Row::Session(session)) => drop(self.session_tokens.remove(&session.token)),
            Some(Row::User(user)) => drop(self.user_names.remove(&user.name)),
            Some(
                Row::Client(_)
                | Row::Deployment(_)
                | Row::Family(_)
                | Row::InitialToken(_)
                | Row::SealedKey(_)
                | Row::Spent(_),
            )
            | None => {}
        }
        match stored.map(|stored| stored.row) {
            Some(Row::Grant(grant)) => drop(self.user_codes.insert(grant.user_code, grant.id)),
            Some(Row::Session(session)) => drop(self.session_tokens.insert(session.token, session.id)),
            Some(Row::User(user)) => drop(self.user_names.insert(user.name, user.id)),
            Some(
                Row::Client(_)
                | Row::Deployment(_)
                | Row::Family(_)
                | Row::InitialToken(_)
                | Row::SealedKey(_)
                | Row::Spent(_),
            )
            | None => {}
        }
        before
    }
}

/// What a second row of this key would share with the first.
pub(crate) const fn key_unique(key: &Key) -> Unique {
    match key {
        Key::Client(_) => Unique::ClientId,
        Key::Grant(_) => Unique::DeviceCode,
        Key::Spent(_) => Unique::Spent,
        Key::Deployment
        | Key::Family(_)
        | Key::InitialToken(_)
        | Key::SealedKey(_)
        | Key::Session(_)
        | Key::User(_) => Unique::Row,
    }
}
