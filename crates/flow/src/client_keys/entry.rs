//! What is remembered of one client's keys, and what follows from it. Pure, in the time it is told.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jose::{JwkError, JwkSet};
use proto::Timestamp;
use proto::model::ClientKeys;
use tokio::sync::watch;

use super::KeysUnavailable;

/// How long a copy is fresh when its address does not say.
pub(super) const FRESH: Duration = Duration::from_secs(3_600);
/// Shorter freshness would let a client have itself fetched with every poll.
pub(super) const FRESH_LEAST: Duration = Duration::from_secs(300);
/// Longer freshness would keep a key that its owner withdrew.
pub(super) const FRESH_MOST: Duration = Duration::from_secs(86_400);
/// How long a copy goes on when it cannot be renewed. So an outage at the client does not lock its devices out at
/// once, and whoever holds a withdrawn key and can keep the address from answering does not gain a day.
pub(super) const STALE: Duration = Duration::from_secs(4 * 3_600);
/// Between two attempts, whatever asks for them (PK-10). Doubled with each failure in a row, up to sixteen times, so that
/// addresses that never answer do not take the places of those that do.
pub(super) const PAUSE: Duration = Duration::from_secs(60);
const DOUBLINGS: u32 = 4;
/// After an attempt for which there was no place.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Which registration the keys are of, by its hash: a client that changes it begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source([u8; 32]);

impl Source {
    pub(super) fn of(keys: &ClientKeys) -> Self {
        let (kind, text) = match keys {
            ClientKeys::At(url) => (b'a', url),
            ClientKeys::Set(set) => (b's', set),
        };
        let hash = digest(&SHA256, &[&[kind], text.as_bytes()].concat());
        Self(hash.as_ref().try_into().unwrap_or_default())
    }
}

/// How an attempt to get the keys ended.
#[derive(Clone, Debug)]
pub(super) enum Attempt {
    Arrived { set: Arc<JwkSet>, max_age: Option<Duration> },
    Busy,
    Failed,
    Unusable(JwkError),
}

/// What to do for one who needs the keys.
#[derive(Debug)]
pub(super) enum Verdict {
    Fetch,
    Refuse(KeysUnavailable),
    Serve(Arc<JwkSet>),
    /// A fetch is under way, until the sender is gone.
    Wait(watch::Receiver<()>),
}

/// One client.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) source: Source,
    /// When it was last asked for.
    pub(super) used: Timestamp,
    copy: Option<Kept>,
    /// No attempt before.
    due: Timestamp,
    failures: u32,
    flight: Option<watch::Receiver<()>>,
    /// Why there is no copy.
    lacking: KeysUnavailable,
}

#[derive(Debug)]
struct Kept {
    set: Arc<JwkSet>,
    fresh_until: Timestamp,
}

impl Kept {
    /// A clock that was ahead for a while must not have made a copy that is fresh for years.
    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.fresh_until && self.fresh_until <= now + FRESH_MOST
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        now < self.fresh_until + STALE && self.fresh_until <= now + FRESH_MOST
    }

    fn has(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| self.set.find(kid).is_some())
    }
}

impl Entry {
    pub(super) const fn new(source: Source, now: Timestamp) -> Self {
        let lacking = KeysUnavailable::Unreachable;
        Self { source, used: now, copy: None, due: now, failures: 0, flight: None, lacking }
    }

    /// What to do for one who needs the keys, and the key `kid` if one is named.
    pub(super) fn judge(&self, kid: Option<&str>, now: Timestamp) -> Verdict {
        let copy = self.copy.as_ref().filter(|copy| copy.has(kid));
        if let Some(fresh) = copy.filter(|copy| copy.is_fresh(now)) {
            return Verdict::Serve(Arc::clone(&fresh.set));
        }
        if let Some(flight) = self.flight() {
            // Only those wait that cannot do without.
            return match copy.filter(|copy| copy.is_usable(now)) {
                Some(stale) => Verdict::Serve(Arc::clone(&stale.set)),
                None => Verdict::Wait(flight.clone()),
            };
        }
        if self.is_due(now) {
            return Verdict::Fetch;
        }
        match self.fallback(now) {
            Ok(set) => Verdict::Serve(set),
            Err(why) => Verdict::Refuse(why),
        }
    }

    /// What there is when nothing more is to be had.
    pub(super) fn fallback(&self, now: Timestamp) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let usable = self.copy.as_ref().filter(|copy| copy.is_usable(now));
        usable.map(|copy| Arc::clone(&copy.set)).ok_or(self.lacking)
    }

    /// A fetch begins. It counts from here, even if it never lands.
    pub(super) fn depart(&mut self, flight: watch::Receiver<()>, now: Timestamp) {
        self.flight = Some(flight);
        self.due = now + PAUSE;
    }

    /// An attempt that began at `began` has ended. Says for how long the copy goes on, when it was not renewed.
    pub(super) fn land(&mut self, attempt: Attempt, began: Timestamp) -> Option<Duration> {
        self.flight = None;
        match attempt {
            Attempt::Arrived { set, max_age } => {
                let fresh = max_age.unwrap_or(FRESH).clamp(FRESH_LEAST, FRESH_MOST);
                self.copy = Some(Kept { set, fresh_until: began + fresh });
                self.due = began + PAUSE;
                self.failures = 0;
                self.lacking = KeysUnavailable::Unreachable;
                return None;
            }
            Attempt::Busy => {
                self.due = began + BUSY_PAUSE;
                self.lacking = KeysUnavailable::Busy;
            }
            Attempt::Failed => self.failed(KeysUnavailable::Unreachable, began),
            Attempt::Unusable(cause) => {
                // Who publishes a private key has lost it: no older copy of it is worth anything either.
                if cause == JwkError::PrivateMember {
                    self.copy = None;
                }
                self.failed(KeysUnavailable::Unusable(cause), began);
            }
        }
        self.copy.as_ref().map(|copy| (copy.fresh_until + STALE).since(began))
    }

    fn failed(&mut self, why: KeysUnavailable, began: Timestamp) {
        self.due = began + PAUSE * 2_u32.pow(self.failures.min(DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        self.lacking = why;
    }

    /// The fetch that is under way.
    pub(super) fn flight(&self) -> Option<&watch::Receiver<()>> {
        self.flight.as_ref().filter(|flight| flight.has_changed().is_ok())
    }

    /// Keys held, a copy that is no longer usable included.
    pub(super) fn keys(&self) -> usize {
        self.copy.as_ref().map_or(0, |copy| copy.set.keys().len())
    }

    /// A clock that was ahead for a while must not have put the next attempt off for years.
    fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due || self.due > now + PAUSE * 2_u32.pow(DOUBLINGS)
    }
}
