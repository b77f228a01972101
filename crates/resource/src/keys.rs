//! The issuer's keys, fetched by the host and kept here.
//!
//! A set is used for an hour, and renewed earlier for a token under a key it lacks, at most once a minute. While
//! renewal fails the old set goes on for a day. One fetch runs at a time, and only those wait for it that cannot do
//! without.

use std::future::{self, Future};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jose::JwkSet;
use proto::Timestamp;

use crate::SourceError;

const FRESH: Duration = Duration::from_secs(3600);
const USABLE: Duration = Duration::from_secs(24 * 3600);
/// Between two attempts while there are keys to work with.
const PAUSE: Duration = Duration::from_secs(60);
/// Between two attempts while there are none.
const SHORT_PAUSE: Duration = Duration::from_secs(5);
/// After an attempt that nobody saw the end of: who hangs up must neither keep the keys from everybody nor have them fetched
/// with every request.
const BROKEN_OFF_PAUSE: Duration = Duration::from_secs(1);

/// Where the keys of the issuer come from: an [`crate::AuthorizationServer`] by its metadata, or a [`JwkSet`] that never
/// changes. Another source bounds the time it takes and the length it reads, and follows no redirect.
pub trait KeySource: Send + Sync {
    /// Fetches the set anew.
    fn fetch(&self) -> impl Future<Output = Result<JwkSet, SourceError>> + Send;
}

impl<S: KeySource> KeySource for Arc<S> {
    fn fetch(&self) -> impl Future<Output = Result<JwkSet, SourceError>> + Send {
        (**self).fetch()
    }
}

/// Keys that never change.
impl KeySource for JwkSet {
    fn fetch(&self) -> impl Future<Output = Result<JwkSet, SourceError>> + Send {
        future::ready(Ok(self.clone()))
    }
}

/// There are no keys to judge a token with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The last attempt failed a moment ago; the next is due in some seconds.
    #[error("the last attempt to fetch them failed a moment ago")]
    Pause,
    /// The source failed.
    #[error("{0}")]
    Source(#[source] SourceError),
}

#[derive(Debug)]
pub(crate) struct KeyCache<S> {
    source: S,
    state: Mutex<State>,
    fetching: futures_util::lock::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct State {
    held: Option<(Arc<JwkSet>, Timestamp)>,
    attempted: Option<Attempt>,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    began: Timestamp,
    /// Whether the request that made it lived to see the end. Looked at only by who has the turn.
    ended: bool,
}

impl State {
    fn younger_than(&self, age: Duration, now: Timestamp) -> Option<Arc<JwkSet>> {
        self.held.as_ref().filter(|(_, fetched)| now.since(*fetched) < age).map(|(keys, _)| Arc::clone(keys))
    }

    fn may_attempt(&self, pause: Duration, now: Timestamp) -> bool {
        self.attempted
            .is_none_or(|Attempt { began, ended }| now.since(began) >= if ended { pause } else { BROKEN_OFF_PAUSE })
    }
}

impl<S: KeySource> KeyCache<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { source, state: Mutex::default(), fetching: futures_util::lock::Mutex::new(()) }
    }

    /// The keys at this time.
    pub(crate) async fn keys(&self, now: Timestamp) -> Result<Arc<JwkSet>, KeysError> {
        let state = self.state();
        if let Some(fresh) = state.younger_than(FRESH, now) {
            return Ok(fresh);
        }
        if let Some(usable) = state.younger_than(USABLE, now) {
            let turn = self.fetching.try_lock().filter(|_| self.state().may_attempt(PAUSE, now));
            return match turn {
                Some(_turn) => Ok(self.fetch(now).await.unwrap_or(usable)),
                None => Ok(usable),
            };
        }
        let _turn = self.fetching.lock().await;
        let state = self.state();
        match state.younger_than(FRESH, now) {
            Some(fresh) => Ok(fresh),
            None if state.may_attempt(SHORT_PAUSE, now) => self.fetch(now).await.map_err(KeysError::Source),
            None => Err(KeysError::Pause),
        }
    }

    /// Another set than `lacking`, in which a key was not found; `None` when there is none, or it is too early to ask.
    pub(crate) async fn other_than(&self, lacking: &Arc<JwkSet>, now: Timestamp) -> Option<Arc<JwkSet>> {
        let _turn = self.fetching.lock().await;
        let state = self.state();
        match state.held {
            Some((held, _)) if !Arc::ptr_eq(&held, lacking) => Some(held),
            _ if state.may_attempt(PAUSE, now) => self.fetch(now).await.ok(),
            _ => None,
        }
    }

    /// The attempt counts from its start.
    async fn fetch(&self, now: Timestamp) -> Result<Arc<JwkSet>, SourceError> {
        self.change(|state| state.attempted = Some(Attempt { began: now, ended: false }));
        let fetched = self.source.fetch().await;
        self.change(|state| state.attempted = Some(Attempt { began: now, ended: true }));
        let keys = Arc::new(fetched?);
        self.change(|state| state.held = Some((Arc::clone(&keys), now)));
        Ok(keys)
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, how: impl FnOnce(&mut State)) {
        how(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
