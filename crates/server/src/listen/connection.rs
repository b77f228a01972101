//! One connection, from its acceptance to its close.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::caps::Place;
use super::liveness::{Liveness, Order};
use super::service::{Handler, Peer, answer};
use super::shared::Shared;
use super::stream::{Framing, Transport, Watched};
use crate::telemetry::{ConnectionEnd, ConnectionRefusal};

/// Serves a connection to its end, and says in the metrics how it ended.
pub(super) async fn serve<S, H>(
    stream: S,
    address: SocketAddr,
    shared: Arc<Shared<H>>,
    life: Arc<Liveness>,
    place: Place,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    shared.metrics.connections.increment();
    let counted = Counted { shared: Arc::clone(&shared), life: Arc::clone(&life), _place: place, finished: None };
    counted.ends(run(stream, address, shared, &life).await);
}

async fn run<S, H>(stream: S, address: SocketAddr, shared: Arc<Shared<H>>, life: &Arc<Liveness>) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let mut io = Watched::new(stream, Arc::clone(life));
    let (transport, framing) = match &shared.tls {
        Some(tls) => match unless_ordered(life, tls.accept(io)).await {
            Some(Ok(stream)) => {
                life.shaken();
                // HTTP/2 over TLS is agreed on by ALPN and in no other way (RFC 9113 §3.2).
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                (Transport::Tls(Box::new(stream)), if http2 { Framing::Http2 } else { Framing::Http1 })
            }
            Some(Err(error)) => {
                tracing::debug!(%address, %error, "TLS handshake failed");
                return Ended::Refused(ConnectionRefusal::Handshake);
            }
            None => return Ended::Ordered,
        },
        None => match unless_ordered(life, io.framing()).await {
            Some(Ok((framing, early))) => (Transport::Plain { io, early }, framing),
            Some(Err(_)) => return Ended::Broken,
            None => return Ended::Ordered,
        },
    };
    let peer = Peer { address, secure: shared.tls.is_some() };
    let service = {
        let (shared, life) = (Arc::clone(&shared), Arc::clone(life));
        service_fn(move |request| answer(Arc::clone(&shared), Arc::clone(&life), peer, request))
    };
    let io = TokioIo::new(transport);
    match framing {
        Framing::Http1 => {
            until_ordered(life, shared.http1.serve_connection(io, service), http1::Connection::graceful_shutdown).await
        }
        // Boxed, so that it does not enlarge the many connections that are HTTP/1.1.
        Framing::Http2 => {
            let connection = shared.http2.serve_connection(io, service);
            Box::pin(until_ordered(life, connection, http2::Connection::graceful_shutdown)).await
        }
    }
}

#[derive(Clone, Copy)]
enum Ended {
    Finished,
    Broken,
    Ordered,
    Refused(ConnectionRefusal),
}

/// The outcome of `work`, unless the connection is told to end first: nothing of it was a request yet.
async fn unless_ordered<T>(life: &Liveness, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match life.ordered(cx) {
        Order::Serve => work.as_mut().poll(cx).map(Some),
        Order::Finish | Order::Close => Poll::Ready(None),
    })
    .await
}

/// Drives `connection`; when told to finish, tells it so once.
async fn until_ordered<C, E>(life: &Liveness, connection: C, finish: impl Fn(Pin<&mut C>)) -> Ended
where
    C: Future<Output = Result<(), E>>,
    E: std::error::Error,
{
    let mut connection = pin!(connection);
    let mut told = false;
    poll_fn(|cx| {
        match life.ordered(cx) {
            Order::Serve => {}
            // A request on its way is waited for, within its time: its answer says that the connection closes.
            Order::Finish if told || life.is_within_head() => {}
            Order::Finish => {
                told = true;
                finish(connection.as_mut());
            }
            Order::Close => return Poll::Ready(Ended::Ordered),
        }
        connection.as_mut().poll(cx).map(|ended| match ended {
            Ok(()) => Ended::Finished,
            Err(error) => {
                tracing::debug!(%error, "connection broke");
                Ended::Broken
            }
        })
    })
    .await
}

/// Counts the end of a connection even when its task is aborted or panics.
struct Counted<H> {
    shared: Arc<Shared<H>>,
    life: Arc<Liveness>,
    _place: Place,
    finished: Option<ConnectionEnd>,
}

impl<H> Counted<H> {
    fn ends(mut self, ended: Ended) {
        self.finished = Some(match ended {
            Ended::Finished | Ended::Ordered => ConnectionEnd::Finished,
            Ended::Broken => ConnectionEnd::Broken,
            Ended::Refused(refusal) => {
                self.shared.metrics.connections_refused.count(refusal);
                ConnectionEnd::Broken
            }
        });
    }
}

impl<H> Drop for Counted<H> {
    fn drop(&mut self) {
        self.shared.metrics.connections.decrement();
        let end = self.life.end().or(self.finished).unwrap_or(ConnectionEnd::Aborted);
        self.shared.metrics.connections_ended.count(end);
    }
}
