//! The accept loop: connections in, requests to the application, answers out, all of it bounded.
//!
//! Owns sockets, TLS, timeouts, caps and the drain. Knows nothing of routes or of OAuth: a [`Handler`] answers. Exists
//! because `axum::serve` has no limits on heads, idle connections or their number, and none of TLS.

mod accept;
mod body;
mod caps;
mod connection;
mod liveness;
mod service;
mod settings;
mod shared;
mod stream;
mod tls;

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};

use crate::telemetry::{ConnectionEnd, ConnectionRefusal, Metrics};
use accept::BackOff;
use caps::Caps;
use liveness::{Liveness, Order};
use shared::Shared;

pub use accept::Accept;
pub use body::{BodyError, BodyLimits, read_body};
pub use service::{Handler, Peer};
pub use settings::{ListenSettings, open_file_limit};
pub use tls::{CertificateError, Tls};

/// A bound listener.
#[derive(Debug)]
pub struct Listener<A = TcpListener> {
    accept: A,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    settings: Arc<ListenSettings>,
    metrics: Arc<Metrics>,
}

/// What became of the connections that were open when a listener was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// They answered what was asked, and closed.
    pub finished: usize,
    /// They were cut off when the time for it was over.
    pub aborted: usize,
}

impl Listener {
    /// Binds `address`. Without `tls` only peers on this machine and trusted proxies are served.
    ///
    /// # Errors
    /// The address is in use, not ours or not allowed.
    pub fn bind(
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        settings: Arc<ListenSettings>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let accept = accept::listen(address, settings.backlog)?;
        let address = accept.local_addr()?;
        Ok(Self::new(accept, address, tls, settings, metrics))
    }
}

impl<A: Accept> Listener<A> {
    /// A listener on another source of connections; `address` is what it is bound to.
    pub fn new(
        accept: A,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        settings: Arc<ListenSettings>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { accept, address, tls, settings, metrics }
    }

    /// Where it listens, with the port that the system chose if none was named.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Serves connections until `stop` is ready, then closes the socket and waits for the connections to finish.
    /// Requests that are being held must be answered by the application, on the same occasion that makes `stop` ready.
    pub async fn serve<H: Handler>(self, handler: H, stop: impl Future<Output = ()> + Send) -> Drained {
        let Self { mut accept, address, tls, settings, metrics } = self;
        let loopback = address.ip().to_canonical().is_loopback();
        let tls = tls.map(|tls| tls.acceptor());
        let mut open = Connections::new(Shared::new(handler, tls, loopback, settings, metrics));
        let mut stop = pin!(stop);
        let mut back_off = BackOff::default();
        let mut resume = Instant::now();
        loop {
            let next = async {
                sleep_until(resume).await;
                accept.accept().await
            };
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = open.tend() => {}
                accepted = next => match accepted {
                    Ok((stream, peer)) => {
                        back_off.reset();
                        open.admit(stream, peer);
                    }
                    Err(error) => if let Some(pause) = back_off.after(&error) {
                        resume = Instant::now() + pause;
                        open.make_room(&error, back_off.is_first());
                    },
                },
            }
        }
        // New connections are refused by the system from here on.
        drop(accept);
        open.drain().await
    }
}

/// The open connections of a listener.
struct Connections<H> {
    shared: Arc<Shared<H>>,
    caps: Arc<Caps>,
    tasks: JoinSet<()>,
    lives: HashMap<Id, Arc<Liveness>>,
    tick: Interval,
}

impl<H: Handler> Connections<H> {
    fn new(shared: Shared<H>) -> Self {
        let mut tick = interval(shared.settings.tick());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let caps = Caps::new(&shared.settings);
        Self { shared: Arc::new(shared), caps, tasks: JoinSet::new(), lives: HashMap::new(), tick }
    }

    /// Takes a connection, or closes it at once.
    fn admit<S>(&mut self, stream: S, peer: SocketAddr)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let trusted = self.shared.settings.trusted_proxies.contains(peer.ip());
        let place = if self.shared.tls.is_none() && !self.shared.loopback && !trusted {
            Err(ConnectionRefusal::Plain)
        } else {
            self.caps.admit(peer.ip(), trusted)
        };
        match place {
            Ok(place) => {
                let life = Arc::new(Liveness::new(self.shared.tls.is_some()));
                let served = connection::serve(stream, peer, Arc::clone(&self.shared), Arc::clone(&life), place);
                let task = self.tasks.spawn(served);
                self.lives.insert(task.id(), life);
            }
            Err(refusal) => {
                self.shared.metrics.connections_refused.count(refusal);
                tracing::debug!(%peer, cause = refusal.name(), "connection refused");
            }
        }
    }

    /// Waits for one thing to do for the open connections, and does it. Cancel safe.
    async fn tend(&mut self) {
        tokio::select! {
            Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => self.forget(&ended),
            now = self.tick.tick(), if !self.lives.is_empty() => {
                self.lives.values().for_each(|life| life.look(now, &self.shared.settings));
            }
            else => std::future::pending().await,
        }
    }

    fn forget(&mut self, ended: &Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => {
                if error.is_panic() {
                    self.shared.metrics.panics.count();
                    tracing::error!("a connection panicked; it is closed");
                }
                error.id()
            }
        };
        self.lives.remove(&id);
    }

    /// No connection could be accepted: says so once, and lets go of those that nobody uses.
    fn make_room(&self, error: &io::Error, first: bool) {
        self.shared.metrics.accept_failures.count();
        if first {
            tracing::warn!(%error, open = self.lives.len(), "cannot accept connections; closing idle ones");
        }
        self.lives.values().filter(|life| life.is_idle()).for_each(|life| {
            life.order(Order::Finish, Some(ConnectionEnd::Idle));
        });
    }

    /// Lets every connection answer what it was asked, within the time there is for it.
    async fn drain(mut self) -> Drained {
        let open = self.tasks.len();
        self.lives.values().for_each(|life| life.order(Order::Finish, None));
        let limit = self.shared.settings.drain_timeout;
        let all = async {
            while !self.tasks.is_empty() {
                self.tend().await;
            }
        };
        // Over or not, what is left is counted below.
        timeout(limit, all).await.ok();
        let aborted = self.tasks.len();
        self.tasks.shutdown().await;
        Drained { finished: open.saturating_sub(aborted), aborted }
    }
}
