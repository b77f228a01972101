//! What goes on by itself: hearing what changed, forgetting what is over, rotating keys. The only tasks of this crate.

use std::pin::pin;
use std::time::Duration;

use proto::change::{Decision, Key};
use proto::model::{GrantId, GrantState, KeyPurpose};
use store::{FeedEvent, StoreError};

use crate::commit::commit;
use crate::secrets::activate_after;
use crate::{Flow, Unavailable};

/// One shard of the waiting room is swept this often: all of them in 16 s.
const ROOM_EVERY: Duration = Duration::from_millis(250);
/// Live codes are counted this often.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// Expired rows are swept this often.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Rows in a chunk.
const SWEEP_CHUNK: usize = 500;
/// Pause between two chunks of a backlog, for others to write: 10,000 rows a second are worked off, several times what
/// a full load of devices leaves behind.
const SWEEP_ON: Duration = Duration::from_millis(50);
/// Keys are looked at this often, and read again in case that failed when they changed.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// What must be checked is tried again after this long when the store does not answer.
const CHECK_AGAIN: Duration = Duration::from_secs(1);

impl Flow {
    /// Runs until the future is dropped.
    pub async fn keep_house(&self) {
        tokio::join!(self.listen(), self.sweep_room(), self.count_live(), self.sweep_store(), self.turn_keys());
    }

    async fn listen(&self) {
        let mut feed = self.store.feed();
        // Requests may be served already, and what was written before the feed began is not in it.
        self.check_everything().await;
        let mut again = pin!(self.env.sleep(KEYS_EVERY));
        loop {
            tokio::select! {
                event = feed.next() => self.hear(event).await,
                () = &mut again => {
                    self.reload_keys().await;
                    again.set(self.env.sleep(KEYS_EVERY));
                }
            }
        }
    }

    async fn hear(&self, event: FeedEvent) {
        match event {
            FeedEvent::Changed(Key::Grant(id), version) if version != 1 => self.room.settle(id),
            FeedEvent::Changed(Key::Client(id), _) => self.clients.forget(&id),
            FeedEvent::Changed(Key::SealedKey(_), _) => self.reload_keys().await,
            FeedEvent::Changed(
                Key::Grant(_) | Key::Deployment | Key::Family(_) | Key::Session(_) | Key::User(_),
                _,
            ) => {}
            FeedEvent::Doubt => self.check_everything().await,
        }
    }

    async fn reload_keys(&self) {
        if let Err(error) = self.ring.reload(&self.store).await {
            tracing::error!(%error, "changed keys cannot be read; the present ones stay in use");
        }
    }

    /// After a doubt: what was cached is forgotten, and what is thought to be pending is asked about, one by one and until
    /// the store answers, while polls go on being answered.
    async fn check_everything(&self) {
        self.clients.clear();
        self.reload_keys().await;
        for shard in 0..self.room.shards() {
            for id in self.room.pending_in(shard) {
                while let Err(error) = self.check(id).await {
                    report("a grant cannot be checked after a gap in the feed", &error);
                    self.env.sleep(CHECK_AGAIN).await;
                }
            }
        }
    }

    async fn check(&self, id: GrantId) -> Result<(), StoreError> {
        match self.store.decide_view(id).await {
            Ok(Some(view)) if view.grant.state == GrantState::Pending => {}
            // Its own polls are told what is wrong with a damaged row; nobody else waits for that to be mended.
            Ok(_) | Err(StoreError::Corrupt { .. }) => self.room.settle(id),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn sweep_room(&self) {
        for shard in (0..self.room.shards()).cycle() {
            self.env.sleep(ROOM_EVERY).await;
            self.room.sweep(shard, self.env.now());
        }
    }

    async fn count_live(&self) {
        loop {
            self.env.sleep(COUNT_EVERY).await;
            match self.store.pending_count(self.env.now()).await {
                Ok(live) => self.live.counted(live),
                Err(error) => report("live codes cannot be counted", &error),
            }
        }
    }

    async fn sweep_store(&self) {
        let mut pause = SWEEP_EVERY;
        loop {
            self.env.sleep(pause).await;
            pause = match self.store.sweep(self.env.now(), SWEEP_CHUNK).await {
                Ok(swept) if swept.more => SWEEP_ON,
                Ok(_) => SWEEP_EVERY,
                Err(error) => {
                    report("expired rows cannot be swept", &error);
                    SWEEP_EVERY
                }
            };
        }
    }

    async fn turn_keys(&self) {
        loop {
            self.env.sleep(KEYS_EVERY).await;
            if let Err(error) = self.advance_keys(None).await {
                tracing::warn!(%error, "keys cannot be rotated now");
            }
        }
    }

    /// Makes next keys active and retired ones go, as time asks for; the next key of the purpose `at_once` does
    /// not wait to be known.
    ///
    /// # Errors
    /// The store.
    pub async fn advance_keys(&self, at_once: Option<KeyPurpose>) -> Result<(), Unavailable> {
        commit!(&self.store, &self.env, async {
            let keys = self.store.sealed_keys().await?;
            Ok(Decision { reply: (), requires: Vec::new(), changes: activate_after(&keys, self.env.now(), at_once) })
        })
        .await
        .map_err(Unavailable::from_failed)
    }
}

fn report(what: &str, error: &StoreError) {
    tracing::warn!(%error, "{what}; it is tried again");
}
