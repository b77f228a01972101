//! A node that listens: the application behind its listeners, housekeeping beside it, and an orderly end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use server::App;
use server::listen::{BodyLimits, Drained, ListenSettings, Listener, Peer, Tls};
use server::telemetry::Metrics;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::node::Node;

/// A bound node, ready to serve.
pub(crate) struct Bound {
    app: Arc<App>,
    limits: BodyLimits,
    metrics: Arc<Metrics>,
    listeners: Vec<Listener>,
    admin: Option<Listener>,
    node: Node,
}

/// Why a node cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub(crate) struct BindError {
    address: SocketAddr,
    cause: io::Error,
}

/// Where to listen.
pub(crate) struct Doors {
    /// For devices and browsers.
    pub(crate) public: Vec<SocketAddr>,
    /// For the operator, loopback.
    pub(crate) admin: Option<SocketAddr>,
    /// Certificate of the public ones.
    pub(crate) tls: Option<Arc<Tls>>,
    /// Limits of connections.
    pub(crate) settings: Arc<ListenSettings>,
}

impl Bound {
    /// Binds every address of a node.
    pub(crate) fn bind(
        node: Node,
        server: server::Settings,
        doors: &Doors,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BindError> {
        let listen = |address: SocketAddr, tls: Option<Arc<Tls>>| {
            Listener::bind(address, tls, Arc::clone(&doors.settings), Arc::clone(&metrics))
                .map_err(|cause| BindError { address, cause })
        };
        let listeners =
            doors.public.iter().map(|address| listen(*address, doors.tls.clone())).collect::<Result<Vec<_>, _>>()?;
        let admin = doors.admin.map(|address| listen(address, None)).transpose()?;
        let app = Arc::new(App::new(Arc::clone(&node.flow), server, Arc::clone(&metrics)));
        Ok(Self { app, limits: BodyLimits::from(&*doors.settings), metrics, listeners, admin, node })
    }

    /// Where it listens for devices and browsers.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().map(Listener::local_address)
    }

    /// Serves until `stop` is ready, then answers what is held and under way, and closes the store.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()>) -> Result<Drained, store::StoreError> {
        let (stopping, stopped) = watch::channel(false);
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            let (app, limits, stopped) = (Arc::clone(&self.app), self.limits, stopped.clone());
            let handler = move |request: Request<Incoming>, peer: Peer| {
                let app = Arc::clone(&app);
                async move { app.handle(request, peer.address, limits).await }
            };
            serving.spawn(listener.serve(handler, told(stopped)));
        }
        if let Some(listener) = self.admin {
            let (app, metrics) = (Arc::clone(&self.app), Arc::clone(&self.metrics));
            let handler = move |request: Request<Incoming>, _: Peer| {
                let (app, metrics) = (Arc::clone(&app), Arc::clone(&metrics));
                async move { app.operator(request.method(), request.uri().path(), &metrics).await }
            };
            serving.spawn(listener.serve(handler, told(stopped)));
        }
        let mut house = tokio::spawn({
            let flow = Arc::clone(&self.node.flow);
            async move { flow.keep_house().await }
        });
        tokio::select! {
            () = stop => {}
            // Without it nothing is heard, swept or rotated any more: better to stop and be started again.
            ended = &mut house => tracing::error!(?ended, "housekeeping ended, which it never should; stopping"),
        }
        self.app.close();
        stopping.send_replace(true);
        let mut total = Drained { finished: 0, aborted: 0 };
        while let Some(drained) = serving.join_next().await {
            // A listener does not panic; if one did, its connections are gone and were not counted.
            if let Ok(drained) = drained {
                total =
                    Drained { finished: total.finished + drained.finished, aborted: total.aborted + drained.aborted };
            }
        }
        house.abort();
        self.node.close().await?;
        Ok(total)
    }
}

async fn told(mut stopped: watch::Receiver<bool>) {
    // The sender lives until all are told; if it were gone, stopping is right as well.
    drop(stopped.wait_for(|stopped| *stopped).await);
}
