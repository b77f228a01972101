//! Every grant that this node knows to be pending, and the poll that is held for each: why a pending poll never touches
//! the database, and why the reply comes when the person decides.
//!
//! Owns who waits and who is told. The pace is decided in `proto::grant::pace`; what a decided grant gives, in
//! `proto::grant::redeem`.

mod admission;
mod entry;
mod held;
mod quota;

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::Timestamp;
use proto::grant::Refusal;
use proto::grant::authenticate::Authenticated;
use proto::grant::bind;
use proto::model::{Grant, GrantId, GrantState, KeyThumbprint};
use proto::secret::DeviceCodeHash;
use tokio::sync::oneshot;

pub use admission::Admission;
use entry::{Entry, Standing};
pub use held::{Held, Wake};
pub use quota::{Caps, Place, Quota, Reservation};

/// A poll that prefers to wait is held for this long at most (LP-2).
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// How long a look-up may take before it is forgotten that there was one.
const LOOK_UP: Duration = Duration::from_secs(60);
const SHARDS: usize = 64;

/// Grants known to be pending, by the grant's id.
pub struct WaitingRoom {
    shards: Vec<Mutex<HashMap<GrantId, Entry>>>,
    quota: Quota,
    closed: AtomicBool,
    look_ups: AtomicU64,
}

/// A look-up under way. What it finds counts only while the room has not heard of the grant since it began.
#[derive(Clone, Copy, Debug)]
pub struct LookUp(u64);

/// What a poll meets.
#[derive(Debug)]
pub enum Meets {
    /// An answer at once.
    Answer(Refusal),
    /// A place to wait in.
    Hold(Held),
    /// The grant is not known to be pending: only the store can answer.
    Store,
}

impl WaitingRoom {
    /// An empty room with these limits.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, quota, closed: AtomicBool::new(false), look_ups: AtomicU64::new(0) }
    }

    /// The counts of what is in it.
    #[must_use]
    pub const fn quota(&self) -> &Quota {
        &self.quota
    }

    /// A poll by `caller` with a proof under the key `dpop`, who prefers to wait for `wait`. Never looks anywhere but here.
    pub fn poll(
        &self,
        code: &DeviceCodeHash,
        caller: Authenticated<'_>,
        dpop: Option<KeyThumbprint>,
        wait: Option<Duration>,
        now: Timestamp,
    ) -> Meets {
        let id = code.grant_id();
        let mut shard = self.shard(id);
        let Some(entry) = shard.get_mut(&id).filter(|entry| entry.is_for(code)) else {
            return Meets::Store;
        };
        if !entry.belongs_to(caller.id()) {
            return Meets::Answer(Refusal::CodeForeign);
        }
        if matches!(entry.standing, Standing::Expired | Standing::Pending)
            && let Err(refusal) = bind::check_key(entry.dpop(), dpop, caller.client())
        {
            return Meets::Answer(refusal);
        }
        match entry.standing {
            Standing::Expired => return Meets::Answer(Refusal::Expired),
            Standing::Doubtful | Standing::Settled => return Meets::Store,
            Standing::Pending if now >= entry.expires_at => return Meets::Store,
            Standing::Pending => {}
        }
        if !entry.bucket.take(now, entry.interval()) {
            return Meets::Answer(Refusal::SlowDown { interval: entry.interval() });
        }
        let hold = match (entry.hold(), wait) {
            (Some(_), Some(wait)) => wait.min(MAX_WAIT),
            (Some(hold), None) => hold,
            (None, _) => Duration::ZERO,
        };
        let hold = hold.min(entry.expires_at.since(now));
        if hold.is_zero() || self.closed.load(Ordering::Acquire) {
            return Meets::Answer(Refusal::AuthorizationPending);
        }
        let (bell, ring) = oneshot::channel();
        ring_bell(entry.bell.replace(bell), Wake::Superseded);
        Meets::Hold(Held::new(ring, hold, wait.is_some(), self.quota.held()))
    }

    /// Announces that this grant is being looked up: a decision that is heard of meanwhile is not missed.
    pub fn expect(&self, code: &DeviceCodeHash, now: Timestamp) -> LookUp {
        let id = code.grant_id();
        match self.shard(id).entry(id) {
            Slot::Occupied(slot) => LookUp(slot.get().look_up),
            Slot::Vacant(slot) => {
                let number = self.look_ups.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                slot.insert(Entry::doubtful(code, number, now + LOOK_UP));
                LookUp(number)
            }
        }
    }

    /// What the look-up found: lets a pending grant in, and forgets one that is not. Nothing, when the grant was
    /// forgotten here since it began: what it read may be older than the reason for that.
    pub fn found(&self, look_up: LookUp, code: &DeviceCodeHash, grant: Option<&Grant>, now: Timestamp) {
        let id = code.grant_id();
        let mut shard = self.shard(id);
        let known = |entry: &&mut Entry| entry.is_for(code) && entry.look_up == look_up.0;
        let Some(entry) = shard.get_mut(&id).filter(known) else { return };
        match (entry.standing, grant.filter(|grant| grant.state == GrantState::Pending)) {
            (Standing::Doubtful, Some(grant)) if now < grant.expires_at => {
                let place = entry.take_place().unwrap_or_else(|| self.quota.admit_known(grant));
                *entry = Entry::pending(grant, look_up.0, Some(place));
            }
            (Standing::Doubtful | Standing::Pending, Some(grant)) if now >= grant.expires_at => {
                if let Some(place) = entry.take_place() {
                    self.quota.leave(place);
                }
                *entry = Entry::expired(grant, look_up.0);
            }
            (Standing::Doubtful | Standing::Expired | Standing::Pending, Some(_)) => {}
            (Standing::Settled, _) | (_, None) => self.forget(&mut shard, id),
        }
    }

    /// Lets a grant in that was just made here.
    fn admit(&self, grant: &Grant, reservation: Reservation<'_>) {
        let entry = Entry::pending(grant, 0, reservation.keep());
        if let Some(mut old) = self.shard(grant.id).insert(grant.id, entry)
            && let Some(place) = old.take_place()
        {
            self.quota.leave(place);
        }
    }

    /// Somebody decided: the held poll is woken, and this and every later one goes to the store.
    pub fn settle(&self, id: GrantId) {
        let mut shard = self.shard(id);
        let Some(entry) = shard.get_mut(&id) else { return };
        match entry.standing {
            // The look-up under way may have read what was there before.
            Standing::Doubtful => entry.standing = Standing::Settled,
            // The news of a decision in the last instant may come after the end of time.
            Standing::Expired | Standing::Pending => self.forget(&mut shard, id),
            Standing::Settled => {}
        }
    }

    /// The poll after a held reply is never early (LP-7).
    pub fn forgive(&self, id: GrantId) {
        if let Some(entry) = self.shard(id).get_mut(&id) {
            entry.bucket.fill();
        }
    }

    /// Grants to check after a doubt: those of one shard that are thought to be pending. What is being looked up may have
    /// been decided unheard, so that those look-ups let nothing in.
    pub fn pending_in(&self, shard: usize) -> Vec<GrantId> {
        let Some(shard) = self.shards.get(shard) else { return Vec::new() };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pending = Vec::new();
        for (id, entry) in shard.iter_mut() {
            match entry.standing {
                Standing::Doubtful => entry.standing = Standing::Settled,
                Standing::Pending => pending.push(*id),
                Standing::Expired | Standing::Settled => {}
            }
        }
        pending
    }

    /// Number of shards, for walks over all of them.
    #[must_use]
    pub const fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Forgets the entries of one shard whose time has run out.
    pub fn sweep(&self, shard: usize, now: Timestamp) {
        let Some(shard) = self.shards.get(shard) else { return };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.retain(|_, entry| {
            let keep = now < entry.forget_at;
            let over = entry.standing == Standing::Pending && now >= entry.expires_at;
            if (over || !keep)
                && let Some(place) = entry.take_place()
            {
                self.quota.leave(place);
            }
            keep
        });
    }

    /// Answers every held poll and holds no more: the node is going down.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for shard in &self.shards {
            for entry in shard.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
                ring_bell(entry.bell.take(), Wake::Closing);
            }
        }
    }

    fn forget(&self, shard: &mut HashMap<GrantId, Entry>, id: GrantId) {
        if let Some(mut entry) = shard.remove(&id) {
            if let Some(place) = entry.take_place() {
                self.quota.leave(place);
            }
            ring_bell(entry.bell.take(), Wake::Decided);
        }
    }

    fn shard(&self, id: GrantId) -> MutexGuard<'_, HashMap<GrantId, Entry>> {
        let [first, ..] = *id.as_bytes();
        let index = usize::from(first) % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "there are SHARDS shards")]
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes a held poll. Whoever hung up meanwhile needs no answer, and finds the outcome with the next poll.
fn ring_bell(bell: Option<oneshot::Sender<Wake>>, wake: Wake) {
    if let Some(bell) = bell
        && bell.send(wake).is_err()
    {
        tracing::trace!(?wake, "the client of a held poll is gone");
    }
}
