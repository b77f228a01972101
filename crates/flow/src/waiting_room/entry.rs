//! One grant in the waiting room.

use std::time::Duration;

use proto::Timestamp;
use proto::grant::pace::Bucket;
use proto::model::{ClientId, Grant, KeyThumbprint};
use proto::secret::DeviceCodeHash;
use tokio::sync::oneshot;

use super::{Place, Wake};

/// What is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is being looked up.
    Doubtful,
    /// Nobody decided in time; nobody can any more.
    Expired,
    /// Nobody decided yet.
    Pending,
    /// Somebody decided while it was being looked up: what was read may be older.
    Settled,
}

/// One grant.
pub(super) struct Entry {
    code: DeviceCodeHash,
    client: Option<ClientId>,
    /// Few have one, and there may be a million entries.
    dpop: Option<Box<KeyThumbprint>>,
    pub(super) standing: Standing,
    pub(super) expires_at: Timestamp,
    pub(super) forget_at: Timestamp,
    pub(super) bucket: Bucket,
    pub(super) bell: Option<oneshot::Sender<Wake>>,
    /// The look-up that it was made for; 0 for one that was let in without.
    pub(super) look_up: u64,
    interval: u32,
    hold: u32,
    place: Option<Place>,
}

impl Entry {
    pub(super) const fn doubtful(code: &DeviceCodeHash, look_up: u64, forget_at: Timestamp) -> Self {
        Self {
            code: *code,
            client: None,
            dpop: None,
            standing: Standing::Doubtful,
            expires_at: Timestamp::EPOCH,
            forget_at,
            bucket: Bucket::FULL,
            bell: None,
            look_up,
            interval: 0,
            hold: 0,
            place: None,
        }
    }

    pub(super) fn pending(grant: &Grant, look_up: u64, place: Option<Place>) -> Self {
        let millis = |duration: Duration| u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        Self {
            client: Some(grant.client_id.clone()),
            dpop: grant.dpop.map(Box::new),
            standing: Standing::Pending,
            expires_at: grant.expires_at,
            interval: millis(grant.interval),
            hold: grant.hold.map_or(0, millis),
            place,
            ..Self::doubtful(&grant.device_code, look_up, grant.tombstone_until())
        }
    }

    pub(super) fn expired(grant: &Grant, look_up: u64) -> Self {
        Self {
            client: Some(grant.client_id.clone()),
            dpop: grant.dpop.map(Box::new),
            standing: Standing::Expired,
            expires_at: grant.expires_at,
            ..Self::doubtful(&grant.device_code, look_up, grant.tombstone_until())
        }
    }

    pub(super) fn is_for(&self, code: &DeviceCodeHash) -> bool {
        self.code == *code
    }

    /// Whether `client` made it. While it is looked up that is not known, and the store will tell.
    pub(super) fn belongs_to(&self, client: &ClientId) -> bool {
        self.client.as_ref().is_none_or(|own| own == client)
    }

    /// The key that its polls need a proof under.
    pub(super) fn dpop(&self) -> Option<KeyThumbprint> {
        self.dpop.as_deref().copied()
    }

    pub(super) const fn interval(&self) -> Duration {
        Duration::from_millis(self.interval as u64)
    }

    /// How long its polls are held by default; `None` without a hold slot.
    pub(super) fn hold(&self) -> Option<Duration> {
        (self.hold > 0).then(|| Duration::from_millis(self.hold.into()))
    }

    pub(super) const fn take_place(&mut self) -> Option<Place> {
        self.place.take()
    }
}
