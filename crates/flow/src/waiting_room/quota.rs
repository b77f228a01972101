//! How many grants may wait: in all, of one network, and with a poll held. Counted per node, in memory.
//!
//! Over a cap a new grant is refused and nothing is dropped (security: a flood must not push others out).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use proto::grant::Refusal;
use proto::model::{ClientAddress, Grant, NetworkPrefix};

/// How many of each there may be.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Grants in all.
    pub grants: usize,
    /// Grants of one IPv4 address or IPv6 /64.
    pub per_network: u32,
    /// Grants of one IPv6 /48: whoever has one has 65,536 /64s.
    pub per_site: u32,
    /// Hold slots.
    pub slots: usize,
}

/// Caps and counts.
pub struct Quota {
    caps: Caps,
    grants: AtomicUsize,
    slots: AtomicUsize,
    held: Arc<AtomicUsize>,
    networks: Mutex<HashMap<NetworkPrefix, u32>>,
}

/// What one grant in the room takes up.
#[derive(Debug)]
pub struct Place {
    network: NetworkPrefix,
    site: Option<NetworkPrefix>,
    slot: bool,
}

/// A place kept for a grant that is not committed yet; given back when it is dropped.
pub struct Reservation<'a> {
    quota: &'a Quota,
    place: Option<Place>,
}

impl Quota {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(caps: Caps) -> Self {
        Self {
            caps,
            grants: AtomicUsize::new(0),
            slots: AtomicUsize::new(0),
            held: Arc::default(),
            networks: Mutex::default(),
        }
    }

    /// Keeps a place for a new grant, with a hold slot if one is wanted and free.
    ///
    /// # Errors
    /// A cap is reached.
    pub fn reserve(&self, requester: &ClientAddress, wants_slot: bool) -> Result<Reservation<'_>, Refusal> {
        let (network, site) = (requester.network(), requester.site());
        if !self.count(network, site, Some(self.caps)) {
            return Err(Refusal::TooManyGrants);
        }
        let slot = wants_slot && take_below(&self.slots, self.caps.slots);
        Ok(Reservation { quota: self, place: Some(Place { network, site, slot }) })
    }

    /// Grants that wait now.
    #[must_use]
    pub fn grants(&self) -> usize {
        self.grants.load(Ordering::Relaxed)
    }

    /// Polls that are held now.
    #[must_use]
    pub fn held_now(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) fn held(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.held)
    }

    /// A grant that exists already is let in whatever the caps say.
    pub(super) fn admit_known(&self, grant: &Grant) -> Place {
        let (network, site) = (grant.requester.network(), grant.requester.site());
        self.count(network, site, None);
        let slot = grant.hold.is_some();
        self.slots.fetch_add(usize::from(slot), Ordering::Relaxed);
        Place { network, site, slot }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a place is given back once")]
    pub(super) fn leave(&self, place: Place) {
        self.grants.fetch_sub(1, Ordering::Relaxed);
        self.slots.fetch_sub(usize::from(place.slot), Ordering::Relaxed);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        for prefix in std::iter::once(place.network).chain(place.site) {
            if let Some(count) = networks.get_mut(&prefix) {
                *count -= 1;
                if *count == 0 {
                    networks.remove(&prefix);
                }
            }
        }
    }

    fn count(&self, network: NetworkPrefix, site: Option<NetworkPrefix>, caps: Option<Caps>) -> bool {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |prefix: &NetworkPrefix| networks.get(prefix).copied().unwrap_or(0);
        let full = |caps: Caps| {
            of(&network) >= caps.per_network
                || site.as_ref().is_some_and(|site| of(site) >= caps.per_site)
                || self.grants.load(Ordering::Relaxed) >= caps.grants
        };
        if caps.is_some_and(full) {
            return false;
        }
        for prefix in std::iter::once(network).chain(site) {
            *networks.entry(prefix).or_insert(0) += 1;
        }
        self.grants.fetch_add(1, Ordering::Relaxed);
        true
    }
}

impl Reservation<'_> {
    /// Whether a hold slot comes with it.
    #[must_use]
    pub fn has_slot(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.slot)
    }

    /// The place, for the grant that was committed. It is there until here.
    pub(super) fn keep(mut self) -> Option<Place> {
        self.place.take()
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.quota.leave(place);
        }
    }
}

fn take_below(count: &AtomicUsize, max: usize) -> bool {
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now < max).then_some(now + 1)).is_ok()
}
