//! Registrations, cached: a poll authenticates its client without a look-up.
//!
//! Unknown ids are remembered as well, boundedly. The feed makes a changed client forgotten; whatever is decided
//! requires the client's epoch, so that a stale entry can never issue anything.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use proto::Timestamp;
use proto::model::{Client, ClientId, Origin};
use store::{Store, StoreError};

/// Registered clients that are remembered.
const MAX_KNOWN: usize = 50_000;
/// Unknown ids that are remembered.
const MAX_UNKNOWN: usize = 10_000;
/// How long an unknown id stays unknown without asking again.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);

/// The cache.
#[derive(Default)]
pub(crate) struct Clients(RwLock<Cache>);

#[derive(Default)]
struct Cache {
    known: HashMap<ClientId, Arc<Client>>,
    unknown: HashMap<ClientId, Timestamp>,
    /// Web origins of all enabled clients, once they were asked for.
    origins: Option<Arc<HashSet<Origin>>>,
    /// Counts what was forgotten: a load that began before is not remembered.
    age: u64,
}

impl Clients {
    /// The registration of `id`.
    pub(crate) async fn get(
        &self,
        store: &Store,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, StoreError> {
        let age = {
            let cache = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(client) = cache.known.get(id) {
                return Ok(Some(Arc::clone(client)));
            }
            if cache.unknown.get(id).is_some_and(|until| now < *until) {
                return Ok(None);
            }
            cache.age
        };
        let loaded = store.client(id).await?.map(Arc::new);
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.age == age {
            match &loaded {
                Some(client) => {
                    if cache.known.len() >= MAX_KNOWN {
                        cache.known.clear();
                    }
                    cache.known.insert(id.clone(), Arc::clone(client));
                }
                None => {
                    if cache.unknown.len() >= MAX_UNKNOWN {
                        cache.unknown.clear();
                    }
                    cache.unknown.insert(id.clone(), now + UNKNOWN_FOR);
                }
            }
        }
        Ok(loaded)
    }

    /// Web origins from which any enabled client may call.
    pub(crate) async fn origins(&self, store: &Store) -> Result<Arc<HashSet<Origin>>, StoreError> {
        let age = {
            let cache = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(origins) = &cache.origins {
                return Ok(Arc::clone(origins));
            }
            cache.age
        };
        let clients = store.clients().await?;
        let origins = clients.into_iter().filter(|client| client.enabled).flat_map(|client| client.origins);
        let origins: Arc<HashSet<Origin>> = Arc::new(origins.collect());
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.age == age {
            cache.origins = Some(Arc::clone(&origins));
        }
        Ok(origins)
    }

    /// Forgets a client that changed.
    pub(crate) fn forget(&self, id: &ClientId) {
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        cache.origins = None;
        cache.known.remove(id);
        cache.unknown.remove(id);
        cache.age += 1;
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        cache.known.clear();
        cache.unknown.clear();
        cache.origins = None;
        cache.age += 1;
    }
}
