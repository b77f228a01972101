//! What all connections of one listener have in common.

use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio_rustls::TlsAcceptor;

use super::ListenSettings;
use crate::telemetry::Metrics;

/// hyper's smallest buffer for a connection.
const LEAST_BUFFER: usize = 8 * 1024;

pub(super) struct Shared<H> {
    pub(super) handler: H,
    pub(super) tls: Option<TlsAcceptor>,
    /// Whether anybody may speak plain HTTP: only peers on this machine can reach the listener.
    pub(super) loopback: bool,
    pub(super) settings: Arc<ListenSettings>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) http1: http1::Builder,
    pub(super) http2: http2::Builder<TokioExecutor>,
}

impl<H> Shared<H> {
    pub(super) fn new(
        handler: H,
        tls: Option<TlsAcceptor>,
        loopback: bool,
        settings: Arc<ListenSettings>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (http1, http2) = (http1(&settings), http2(&settings));
        Self { handler, tls, loopback, settings, metrics, http1, http2 }
    }
}

fn http1(settings: &ListenSettings) -> http1::Builder {
    let head = usize::try_from(settings.header_limit).unwrap_or(usize::MAX).max(LEAST_BUFFER);
    let mut http1 = http1::Builder::new();
    // The time of heads and of idle connections is kept in `liveness`: hyper has one timeout for both.
    http1.header_read_timeout(None).max_header_size(head).max_buf_size(head);
    http1
}

fn http2(settings: &ListenSettings) -> http2::Builder<TokioExecutor> {
    /// Room for the largest body, and for a few of them at once on a connection, before the peer must wait.
    const STREAM_WINDOW: u32 = 64 * 1024;
    const CONNECTION_WINDOW: u32 = 1024 * 1024;
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.http2_streams)
        .max_pending_accept_reset_streams(settings.http2_resets)
        .max_local_error_reset_streams(settings.http2_resets)
        .max_header_list_size(settings.header_limit)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(64 * 1024)
        .keep_alive_interval(settings.http2_ping_interval)
        .keep_alive_timeout(settings.http2_ping_timeout);
    http2
}
