//! What the memory backend forgets, and when.

use proto::Timestamp;
use proto::change::{Key, Row};
use proto::model::{Family, GrantState, Session};

use super::State;
use crate::Swept;
use crate::load::SESSION_RETENTION;

impl State {
    /// Removes at most `limit` rows: grants first, since families and sessions stay while a grant needs them.
    pub(super) fn sweep(&mut self, now: Timestamp, limit: usize) -> Swept {
        let mut swept = Swept::default();
        let mut left = limit;
        swept.grants =
            self.remove(&mut left, |_, row| matches!(row, Row::Grant(grant) if grant.tombstone_until() <= now));
        swept.families = self.remove(
            &mut left,
            |state, row| matches!(row, Row::Family(family) if state.is_forgotten_family(family, now)),
        );
        swept.sessions = self.remove(
            &mut left,
            |state, row| matches!(row, Row::Session(session) if state.is_forgotten_session(session, now)),
        );
        let ended: Vec<_> =
            self.counters.iter().filter(|(_, counter)| counter.until <= now).map(|(b, _)| b.clone()).collect();
        for bucket in ended.into_iter().take(left) {
            self.counters.remove(&bucket);
            swept.counters += 1;
        }
        swept.more = swept.total() == limit;
        swept
    }

    fn remove(&mut self, left: &mut usize, gone: impl Fn(&Self, &Row) -> bool) -> usize {
        let keys: Vec<Key> = self
            .rows
            .iter()
            .filter(|(_, stored)| gone(self, &stored.row))
            .map(|(key, _)| key.clone())
            .take(*left)
            .collect();
        let count = keys.len();
        for key in keys {
            self.set(key, None);
        }
        *left -= count;
        count
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
                Row::Client(_) | Row::Deployment(_) | Row::SealedKey(_) | Row::Session(_) | Row::User(_) => false,
            })
    }
}
