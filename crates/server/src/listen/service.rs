//! From a request to its answer: what the listener adds around the application.
//!
//! Forwarding headers that may not be believed are removed, time is bounded, a panic becomes a 500 and an alarm.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::timeout;

use super::liveness::Liveness;
use super::shared::Shared;
use crate::address::strip_forwarding;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address. Behind a proxy that is the proxy's: ask [`crate::address::TrustedProxies::client_address`].
    pub address: SocketAddr,
    /// Whether this connection is encrypted.
    pub secure: bool,
}

/// What answers requests: a function `Fn(Request<Incoming>, Peer) -> Future<Output = Response<B>>`, or a type with one.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Body of an answer.
    type Body: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static;

    /// Answers one request. Dropped when its peer goes away first, or when it takes longer than any may.
    fn handle(&self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response<Self::Body>> + Send;
}

impl<F, A, B> Handler for F
where
    F: Fn(Request<Incoming>, Peer) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<B>> + Send,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static,
{
    type Body = B;

    fn handle(&self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response<B>> + Send {
        self(request, peer)
    }
}

/// The body of an answer; until it is dropped, its request counts as being answered.
#[derive(Debug)]
pub(super) struct Answer<B> {
    /// None for an answer of the listener itself, which has nothing to say but its status.
    body: Option<B>,
    _open: Open,
}

/// A request that is being answered.
#[derive(Debug)]
struct Open {
    life: Arc<Liveness>,
    /// Whether the request has a body that perhaps nobody will read.
    unread: bool,
}

pub(super) async fn answer<H: Handler>(
    shared: Arc<Shared<H>>,
    life: Arc<Liveness>,
    peer: Peer,
    mut request: Request<Incoming>,
) -> Result<Response<Answer<H::Body>>, Infallible> {
    let multiplexed = request.version() == Version::HTTP_2;
    life.request_begins(multiplexed);
    let has_body = !request.body().is_end_stream();
    let mut open = Open { life, unread: has_body };
    strip_forwarding(request.headers_mut(), shared.settings.trusted_proxies.contains(peer.address.ip()));
    let handled = AssertUnwindSafe(shared.handler.handle(request, peer)).catch_unwind();
    let failed = match timeout(shared.settings.request_timeout, handled).await {
        Ok(Ok(response)) => {
            // A request that was taken was read.
            open.unread &= response.status().is_client_error() || response.status().is_server_error();
            let closes = !multiplexed && open.life.is_ending();
            let mut response = response.map(|body| Answer { body: Some(body), _open: open });
            if closes {
                response.headers_mut().insert(CONNECTION, CLOSE);
            }
            return Ok(response);
        }
        Ok(Err(_panic)) => {
            // The panic hook has written what happened, and where.
            shared.metrics.panics.count();
            tracing::error!("a handler panicked; its request is answered 500");
            StatusCode::INTERNAL_SERVER_ERROR
        }
        Err(_elapsed) => {
            tracing::warn!(limit = ?shared.settings.request_timeout, "a request took too long; it is answered 503");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let mut response = Response::new(Answer { body: None, _open: open });
    *response.status_mut() = failed;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    if !multiplexed {
        response.headers_mut().insert(CONNECTION, CLOSE);
    }
    Ok(response)
}

impl Drop for Open {
    fn drop(&mut self) {
        self.life.request_ends(self.unread);
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
