//! The use cases: load, decide, commit. Knows no HTTP, no HTML and no SQL, and holds no rule of the protocol.

mod access_token;
pub mod account;
pub mod admin;
mod budget;
pub mod caller;
pub mod client_keys;
mod clients;
mod commit;
pub mod decide;
pub mod devices;
pub mod env;
mod housekeeping;
mod introspect;
mod live_codes;
pub mod passwords;
pub mod poll;
mod redeem;
pub mod refresh;
pub mod registration;
pub mod revoke;
mod sealed;
pub mod secrets;
pub mod settings;
pub mod sign_in;
pub mod start;
pub mod userinfo;
pub mod waiting_room;

use std::convert::Infallible;
use std::sync::Arc;

use commit::Failed;
use proto::Timestamp;
use proto::grant::Refusal;
use proto::model::{Client, ClientId};
use store::{Store, StoreError};

/// The signature algorithms of this server and of those who sign to it.
pub use jose::Algorithm;

pub use caller::{DpopPolicy, DpopProof, Request};
pub use decide::{DecideFailure, Decided, Found, Question};
pub use devices::{Device, RenameFailure};
pub use env::Env;
pub use passwords::{Password, WeakPassword};
pub use poll::{Issued, Poll, PollRequest, Polled};
pub use refresh::{RefreshRequest, Renewed};
pub use revoke::Revoked;
pub use settings::Settings;
pub use sign_in::{Browser, SignInFailure, SignedIn};
pub use start::{StartReply, StartRequest};
pub use userinfo::TokenRefusal;

/// A deployment's node: everything that requests and commands are served with.
pub struct Flow {
    settings: Settings,
    env: Env,
    store: Store,
    ring: secrets::KeyRing,
    room: waiting_room::WaitingRoom,
    clients: clients::Clients,
    client_keys: client_keys::ClientKeyCache,
    seen_assertions: caller::Memory,
    seen_proofs: caller::Memory,
    shown_proofs: caller::Memory,
    live: live_codes::LiveCodes,
    passwords: passwords::Passwords,
}

/// The store cannot serve now, or decisions kept colliding: try again in a moment. The cause went to the log.
#[derive(Debug, thiserror::Error)]
#[error("not available now, try again in a moment")]
pub struct Unavailable(());

impl Flow {
    /// A node on this store, with the keys that were opened for it. `fetcher` brings the keys of clients that have them
    /// elsewhere.
    ///
    /// # Errors
    /// The store.
    pub async fn new(
        settings: Settings,
        env: Env,
        store: Store,
        ring: secrets::KeyRing,
        fetcher: impl client_keys::FetchJwks + 'static,
    ) -> Result<Self, StoreError> {
        let limits = &settings.limits;
        let quota = waiting_room::Quota::new(waiting_room::Caps {
            grants: limits.pending_grants,
            per_network: limits.pending_grants_per_network,
            per_site: limits.pending_grants_per_site,
            slots: limits.held_polls,
        });
        let live = live_codes::LiveCodes::new(store.pending_count(env.now()).await?);
        let passwords = passwords::Passwords::new(limits.password_hashes, limits.password_queue);
        let room = waiting_room::WaitingRoom::new(quota);
        Ok(Self {
            clients: clients::Clients::default(),
            client_keys: client_keys::ClientKeyCache::new(fetcher),
            // All devices of a client and all questions of an API come with assertions of one client: it may have half of the
            // room. A service may do for many people under one key what a device does for one.
            seen_assertions: caller::Memory::new(Self::ASSERTION_SPAN, limits.remembered, limits.remembered / 2),
            seen_proofs: caller::Memory::new(settings.dpop.span(), limits.remembered, limits.remembered / 50),
            shown_proofs: caller::Memory::new(settings.dpop.span(), limits.remembered, limits.remembered / 50),
            settings,
            env,
            store,
            ring,
            room,
            live,
            passwords,
        })
    }

    /// What the operator decided.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The clock of this node.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// Clock, timers and entropy of this node.
    #[must_use]
    pub const fn env(&self) -> &Env {
        &self.env
    }

    /// The published keys (RFC 7517).
    #[must_use]
    pub fn jwks_json(&self) -> Arc<str> {
        Arc::clone(&self.ring.keys().jwks_json)
    }

    /// Whether the store can be read.
    ///
    /// # Errors
    /// It cannot.
    pub async fn check_ready(&self) -> Result<(), Unavailable> {
        self.store.deployment().await?;
        Ok(())
    }

    /// The grants that wait here.
    #[must_use]
    pub const fn waiting_room(&self) -> &waiting_room::WaitingRoom {
        &self.room
    }

    /// How often the store was used.
    #[must_use]
    pub fn store_accesses(&self) -> store::Accesses {
        self.store.accesses()
    }

    /// Answers every held poll: the node goes down.
    pub fn close(&self) {
        self.room.close();
    }

    /// Whether scripts of this web origin may call the protocol endpoints: it is registered with an enabled client.
    pub async fn allows_origin(&self, origin: &str) -> bool {
        let origins = self.clients.origins(&self.store).await.map_err(Unavailable::from);
        origins.is_ok_and(|origins| origins.contains(&proto::model::Origin(origin.into())))
    }

    pub(crate) async fn client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Refusal> {
        self.clients.get(&self.store, id, self.env.now()).await.map_err(|error| refused(error.into()))
    }
}

impl Unavailable {
    pub(crate) const fn busy() -> Self {
        Self(())
    }

    pub(crate) fn because(cause: &str) -> Self {
        tracing::error!(cause, "a request cannot be served");
        Self(())
    }

    pub(crate) fn collided() -> Self {
        tracing::warn!("a decision collided with others every time it was tried");
        Self(())
    }

    pub(crate) fn from_failed(failed: Failed<Infallible>) -> Self {
        match failed {
            Failed::Collided | Failed::Spent | Failed::Taken => Self::collided(),
            Failed::Refused(never) => match never {},
            Failed::Store(error) => error.into(),
        }
    }

    /// A device's request that failed below the protocol is told to come back.
    #[expect(clippy::unused_self, reason = "that it could not be served was logged when this was made")]
    const fn refusal(self) -> Refusal {
        Refusal::Overloaded
    }
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Busy) {
            tracing::warn!(%error, "a request cannot be served");
        } else {
            tracing::error!(%error, "a request cannot be served");
        }
        Self(())
    }
}

/// What a device is told when its decision did not stand.
fn refused(failed: Failed<Refusal>) -> Refusal {
    match failed {
        Failed::Refused(refusal) => refusal,
        Failed::Store(error) => Unavailable::from(error).refusal(),
        Failed::Collided | Failed::Spent | Failed::Taken => Unavailable::collided().refusal(),
    }
}
