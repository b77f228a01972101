//! What goes on by itself: hearing what changed, forgetting what is over, rotating keys. The only tasks of this crate.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use proto::Timestamp;
use proto::change::{Decision, Key};
use proto::model::{GrantId, GrantState};
use store::{FeedEvent, StoreError};

use crate::Flow;
use crate::admin::{AdminError, failed};
use crate::commit::commit;
use crate::secrets::{KeyRingError, next_turn, turn, wanting};

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
        let mut trouble = Trouble::default();
        // Requests may be served already, and what was written before the feed began is not in it.
        self.check_everything(&mut trouble).await;
        let mut again = pin!(self.env.sleep(trouble.pause()));
        loop {
            tokio::select! {
                event = feed.next() => {
                    let was_fine = trouble.0.is_none();
                    self.hear(event, &mut trouble).await;
                    if was_fine && trouble.0.is_some() {
                        again.set(self.env.sleep(trouble.pause()));
                    }
                }
                () = &mut again => {
                    self.reload_keys(&mut trouble).await;
                    again.set(self.env.sleep(trouble.pause()));
                }
            }
        }
    }

    async fn hear(&self, event: FeedEvent, trouble: &mut Trouble) {
        match event {
            FeedEvent::Changed(Key::Grant(id), version) if version != 1 => self.room.settle(id),
            FeedEvent::Changed(Key::Client(id), _) => self.clients.forget(&id),
            FeedEvent::Changed(Key::SealedKey(_) | Key::Deployment, _) => self.reload_keys(trouble).await,
            FeedEvent::Changed(
                Key::Grant(_) | Key::Family(_) | Key::InitialToken(_) | Key::Session(_) | Key::Spent(_) | Key::User(_),
                _,
            ) => {}
            FeedEvent::Doubt => self.check_everything(trouble).await,
        }
    }

    async fn reload_keys(&self, trouble: &mut Trouble) {
        trouble.note(self.read_keys().await, self.env.now());
    }

    /// Takes the key file up that is here now, and the keys with it: the operator says that it is in place.
    ///
    /// # Errors
    /// Something cannot be opened; the present keys stay in use.
    pub async fn take_up_key_file(&self, path: &Path) -> Result<(), KeyRingError> {
        self.ring.look_for_file_at(path);
        self.read_keys().await
    }

    /// Reads the keys as they are now, as hearing of a change does.
    ///
    /// # Errors
    /// Something cannot be opened; the present keys stay in use.
    pub async fn read_keys(&self) -> Result<(), KeyRingError> {
        self.ring.reload(&self.store).await
    }

    /// After a doubt: what was cached is forgotten, and what is thought to be pending is asked about, one by one and until
    /// the store answers, while polls go on being answered.
    async fn check_everything(&self, trouble: &mut Trouble) {
        self.clients.clear();
        self.reload_keys(trouble).await;
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
            let pause = match self.advance_keys().await {
                Ok(next) => next.map_or(KEYS_EVERY, |next| next.since(self.env.now()).clamp(CHECK_AGAIN, KEYS_EVERY)),
                Err(error) => {
                    tracing::warn!(%error, "keys cannot be rotated now; it is tried again");
                    KEYS_EVERY
                }
            };
            // A key that a command made a moment ago has a turn of its own.
            tokio::select! {
                () = self.env.sleep(pause) => {}
                () = self.ring.read_again() => {}
            }
        }
    }

    /// What time asks of the keys: next ones become active, retired ones go, and those in use long enough get a next one.
    /// When there is something to do again.
    ///
    /// # Errors
    /// A key cannot be made, or the store.
    pub async fn advance_keys(&self) -> Result<Option<Timestamp>, AdminError> {
        let turned = commit!(&self.store, &self.env, async {
            let keys = self.store.sealed_keys().await?;
            Ok(Decision { reply: (), requires: Vec::new(), changes: turn(&keys, self.env.now()) })
        });
        turned.await.map_err(failed("key"))?;
        for purpose in wanting(&self.store.sealed_keys().await?, self.env.now()) {
            match self.admin().rotate_key(purpose).await {
                Ok(key) => tracing::info!(%key, ?purpose, "the next key was made, on schedule"),
                // Another node was first.
                Err(AdminError::NextKey(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(next_turn(&self.store.sealed_keys().await?))
    }
}

/// Why changed keys could not be read the last time, and when that was last said.
#[derive(Default)]
struct Trouble(Option<(String, Timestamp)>);

impl Trouble {
    /// Said when it begins, when it changes, once a minute and when it is over: a change of keys is many events.
    fn note(&mut self, reloaded: Result<(), KeyRingError>, now: Timestamp) {
        match (reloaded, &self.0) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => {
                tracing::info!("the changed keys were read");
                self.0 = None;
            }
            (Err(error), said) => {
                let text = error.to_string();
                if said.as_ref().is_none_or(|(said, at)| *said != text || now.since(*at) >= KEYS_EVERY) {
                    tracing::error!(%error, "changed keys cannot be read; the present ones stay in use until they can");
                    self.0 = Some((text, now));
                }
            }
        }
    }

    /// How long until the keys are read again although nobody said that they changed.
    const fn pause(&self) -> Duration {
        if self.0.is_some() { CHECK_AGAIN } else { KEYS_EVERY }
    }
}

fn report(what: &str, error: &StoreError) {
    tracing::warn!(%error, "{what}; it is tried again");
}
