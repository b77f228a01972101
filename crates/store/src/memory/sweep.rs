//! What the memory backend forgets, and when.

use proto::Timestamp;
use proto::change::{Key, Row};
use proto::model::{Client, Family, GrantState, Session};

use super::State;
use crate::load::SESSION_RETENTION;
use crate::{FeedEvent, Swept};

impl State {
    /// Removes at most `limit` rows: grants first, since families and sessions stay while a grant needs them.
    /// What the feed tells of it comes with it.
    pub(super) fn sweep(&mut self, now: Timestamp, limit: usize) -> (Swept, Vec<FeedEvent>) {
        let mut swept = Swept::default();
        let mut left = limit;
        swept.grants =
            self.remove(&mut left, |_, row| matches!(row, Row::Grant(grant) if grant.tombstone_until() <= now)).len();
        let gone =
            |state: &Self, row: &Row| matches!(row, Row::Family(family) if state.is_forgotten_family(family, now));
        swept.families = self.remove(&mut left, gone).len();
        let gone =
            |state: &Self, row: &Row| matches!(row, Row::Session(session) if state.is_forgotten_session(session, now));
        swept.sessions = self.remove(&mut left, gone).len();
        let ended: Vec<_> =
            self.counters.iter().filter(|(_, counter)| counter.until <= now).map(|(b, _)| b.clone()).collect();
        for bucket in ended.into_iter().take(left) {
            self.counters.remove(&bucket);
            swept.counters += 1;
        }
        left -= swept.counters;
        let clients = self.remove(&mut left, |_, row| matches!(row, Row::Client(client) if is_unused(client, now)));
        swept.clients = clients.len();
        swept.spent = self.remove(&mut left, |_, row| matches!(row, Row::Spent(spent) if spent.until <= now)).len();
        swept.more = swept.total() == limit;
        (swept, clients.into_iter().map(|key| FeedEvent::Changed(key, 0)).collect())
    }

    fn remove(&mut self, left: &mut usize, gone: impl Fn(&Self, &Row) -> bool) -> Vec<Key> {
        let keys: Vec<Key> = self
            .rows
            .iter()
            .filter(|(_, stored)| gone(self, &stored.row))
            .map(|(key, _)| key.clone())
            .take(*left)
            .collect();
        for key in &keys {
            self.set(key.clone(), None);
        }
        *left -= keys.len();
        keys
    }

    fn is_forgotten_family(&self, family: &Family, now: Timestamp) -> bool {
        family.expires_at <= now && !self.rows.contains_key(&Key::Grant(family.grant_id))
    }

    fn is_forgotten_session(&self, session: &Session, now: Timestamp) -> bool {
        session.expires_at + SESSION_RETENTION <= now
            && !self.rows.values().any(|stored| match &stored.row {
                Row::Family(family) => {
                    family.user_id == session.user_id && family.session_id == session.id && family.is_live(now)
                }
                Row::Grant(grant) => {
                    matches!(&grant.state, GrantState::Approved(approval) if approval.session_id == session.id)
                }
                Row::Client(_)
                | Row::Deployment(_)
                | Row::InitialToken(_)
                | Row::SealedKey(_)
                | Row::Session(_)
                | Row::Spent(_)
                | Row::User(_) => false,
            })
    }
}

/// Whether it registered itself and was not used in time.
fn is_unused(client: &Client, now: Timestamp) -> bool {
    client.registration.as_ref().and_then(|registration| registration.unused_until).is_some_and(|until| until <= now)
}
