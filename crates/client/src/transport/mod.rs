//! How requests leave: one method. The client's rules are above it, so a device with its own stack, or a test, writes
//! only this. [`Https`] is the one most want.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use proto::device::Failure;
use url::Url;
use zeroize::Zeroizing;

use crate::Plain;

mod https;

pub use https::{Https, HttpsError};

/// A request, complete.
#[derive(Clone, Debug)]
pub struct Request {
    /// Empty when there is none.
    pub body: Zeroizing<Vec<u8>>,
    /// Complete, but for those of the connection itself.
    pub headers: HeaderMap,
    /// GET or POST.
    pub method: Method,
    /// Larger bodies are [`TransportError::TooLarge`].
    pub most: usize,
    /// For everything, from connecting to the last byte.
    pub timeout: Duration,
    /// Where.
    pub url: Url,
}

/// A reply.
#[derive(Clone, Debug)]
pub struct Response {
    /// Not longer than `most`.
    pub body: Vec<u8>,
    /// As received.
    pub headers: HeaderMap,
    /// As received; redirects are not followed.
    pub status: u16,
}

/// Why there is no reply.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, no answer, or half of one.
    #[error("{detail}")]
    Failed {
        /// What kind.
        failure: Failure,
        /// In words.
        detail: Plain,
    },
    /// The body is larger than any honest one.
    #[error("the reply is too large")]
    TooLarge,
}

/// Sends requests.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for its reply. Verifies the server's certificate, follows no redirect, adds no
    /// cookie, and gives up after the request's timeout.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> + Send;
}

impl<T: Transport> Transport for &T {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> + Send {
        (**self).send(request)
    }
}

impl<T: Transport> Transport for Arc<T> {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> + Send {
        (**self).send(request)
    }
}
