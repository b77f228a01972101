//! The keys of clients that sign assertions: parsed once, fetched where a client registered only their address.
//!
//! Owns what is kept of them, for how long, and when a fetch is due (PK-10, RFC 7591 §2 `jwks_uri`). How a fetch is made
//! safe is for whoever implements [`FetchJwks`]; what a key is good for is for `jose`.

mod entries;
mod entry;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jose::{JwkError, JwkSet};
use proto::Timestamp;
use proto::model::{ClientId, ClientKeys};
use tokio::sync::watch;

use entries::Entries;
use entry::{Attempt, Source, Verdict};

/// What an address answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The document, of a bounded length.
    pub body: Vec<u8>,
    /// For how long it says that it is good (RFC 9111 §5.2.2.1); `None` when it does not say.
    pub max_age: Option<Duration>,
}

/// Why an address brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum FetchFailure {
    /// As much is being fetched as may be at once. The address was not asked, and is not to blame.
    #[error("as much is being fetched as may be at once")]
    Busy,
    /// It may not be fetched from, or did not answer as it should. The text goes to the log, so it is clean.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

/// A fetch under way.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Fetched, FetchFailure>> + Send + 'a>>;

/// Fetches a JWK set from an address that a client chose: so an address of an adversary. The implementation bounds time
/// and size, decides where it connects to, and follows nothing that it is told.
pub trait FetchJwks: Send + Sync {
    /// The document at `url`.
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

/// Why a client has no keys that its assertion could be judged with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysUnavailable {
    /// This node is busy fetching others: worth another try in a moment.
    #[error("too many keys are being fetched now")]
    Busy,
    /// Its address did not bring them, now or a short while ago.
    #[error("the keys of the client cannot be fetched")]
    Unreachable,
    /// What it registered, or what its address brought, is no set of public keys.
    #[error("no set of public keys: {0}")]
    Unusable(JwkError),
}

/// This node's copies of clients' keys.
pub struct ClientKeyCache(Arc<Shared>);

struct Shared {
    entries: Mutex<Entries>,
    fetcher: Box<dyn FetchJwks>,
}

impl ClientKeyCache {
    /// An empty one.
    #[must_use]
    pub fn new(fetcher: impl FetchJwks + 'static) -> Self {
        Self(Arc::new(Shared { entries: Mutex::default(), fetcher: Box::new(fetcher) }))
    }

    /// The keys of `client`, registered as `keys`. `wanted_kid` is the key that its assertion names: when a fresh copy
    /// lacks it, the client may have rotated, and its address is asked again, though at most once a minute (PK-10). The
    /// set returned may lack it still.
    ///
    /// A fetch that began here is finished and remembered even if the caller gives up.
    ///
    /// # Errors
    /// [`KeysUnavailable`].
    pub async fn get(
        &self,
        client: &ClientId,
        keys: &ClientKeys,
        wanted_kid: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let source = Source::of(keys);
        match keys {
            ClientKeys::Set(text) => {
                match self.0.entries().of(client, source, now).judge(None, now) {
                    Verdict::Serve(set) => return Ok(set),
                    Verdict::Refuse(why) => return Err(why),
                    Verdict::Fetch | Verdict::Wait(_) => {}
                }
                // Not under the lock: a large set takes milliseconds.
                let parsed = parse(text.as_bytes(), Some(entry::FRESH_MOST));
                let mut entries = self.0.entries();
                entries.of(client, source, now);
                entries.land(client, source, parsed, now);
                entries.fallback(client, source, now)
            }
            ClientKeys::At(url) => {
                let mut landed = {
                    let mut entries = self.0.entries();
                    let entry = entries.of(client, source, now);
                    match entry.judge(wanted_kid, now) {
                        Verdict::Serve(set) => return Ok(set),
                        Verdict::Refuse(why) => return Err(why),
                        Verdict::Wait(landed) => landed,
                        Verdict::Fetch => {
                            let (landing, landed) = watch::channel(());
                            entry.depart(landed.clone(), now);
                            let shared = Arc::clone(&self.0);
                            tokio::spawn(shared.fetch(client.clone(), source, url.clone(), now, landing));
                            landed
                        }
                    }
                };
                // It ends when the sender is dropped, however the fetch ended.
                landed.changed().await.ok();
                self.0.entries().fallback(client, source, now)
            }
        }
    }
}

impl Shared {
    /// One fetch. A task of its own, so that nobody can start fetches and have them forgotten by hanging up.
    async fn fetch(
        self: Arc<Self>,
        client: ClientId,
        source: Source,
        url: Box<str>,
        began: Timestamp,
        landing: watch::Sender<()>,
    ) {
        let attempt = match self.fetcher.fetch(&url).await {
            Ok(fetched) => parse(&fetched.body, fetched.max_age),
            Err(FetchFailure::Busy) => Attempt::Busy,
            Err(FetchFailure::Failed(cause)) => {
                tracing::warn!(?client, %cause, "the keys of a client cannot be fetched");
                Attempt::Failed
            }
        };
        if let Attempt::Unusable(cause) = &attempt {
            tracing::warn!(?client, %cause, "what the address of a client's keys answers is of no use");
        }
        let stale_for = self.entries().land(&client, source, attempt, began);
        if let Some(seconds) = stale_for.map(|stale| stale.as_secs()) {
            tracing::warn!(?client, seconds, "the copy of its keys stays in use for that long at most");
        }
        drop(landing);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(json: &[u8], max_age: Option<Duration>) -> Attempt {
    match JwkSet::parse(json) {
        Ok(set) => Attempt::Arrived { set: Arc::new(set), max_age },
        Err(cause) => Attempt::Unusable(cause),
    }
}

/// Fetches nothing: for a node that serves no requests, and for tests.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

impl FetchJwks for Nowhere {
    fn fetch<'a>(&'a self, _: &'a str) -> Fetching<'a> {
        Box::pin(std::future::ready(Err(FetchFailure::Failed("this node fetches nothing".into()))))
    }
}
