//! The transport over reqwest: TLS by rustls with aws-lc-rs and the system's roots, proxies from the environment.
//! Certificates are always verified; a private root is added with a file, there is no switch to turn it off.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use proto::device::Failure;
use reqwest::{Certificate, ClientBuilder, redirect};

use super::{Request, Response, Transport, TransportError};
use crate::Plain;
use crate::endpoint::is_loopback;

const CONNECT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));

/// Why a transport cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// The file holds no certificate.
    #[error("there is no PEM certificate in it")]
    NoCertificate,
}

/// HTTP/1.1 and HTTP/2 over TLS.
#[derive(Debug, Default)]
pub struct Https {
    direct: OnceLock<Result<reqwest::Client, String>>,
    outside: OnceLock<Result<reqwest::Client, String>>,
    roots: Vec<Certificate>,
}

impl Https {
    /// With the system's roots.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With these roots beside the system's.
    ///
    /// # Errors
    /// When `pem` holds no certificate.
    pub fn with_roots(pem: &[u8]) -> Result<Self, HttpsError> {
        let roots = Certificate::from_pem_bundle(pem).map_err(|_| HttpsError::NoCertificate)?;
        if roots.is_empty() { Err(HttpsError::NoCertificate) } else { Ok(Self { roots, ..Self::default() }) }
    }

    /// The client for this request. Both are made when first needed: the one for loopback takes no proxy, and on
    /// plain HTTP it works on a machine without any root certificate.
    fn client(&self, request: &Request) -> Result<&reqwest::Client, TransportError> {
        let (cell, loopback) = match is_loopback(&request.url) {
            true => (&self.direct, true),
            false => (&self.outside, false),
        };
        cell.get_or_init(|| self.build(loopback))
            .as_ref()
            .map_err(|detail| TransportError::Failed { failure: Failure::Connect, detail: Plain::new(detail, 200) })
    }

    fn build(&self, loopback: bool) -> Result<reqwest::Client, String> {
        let base = || {
            let builder = ClientBuilder::new()
                .user_agent(USER_AGENT)
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(CONNECT)
                .referer(false)
                .tls_version_min(reqwest::tls::Version::TLS_1_2);
            if loopback { builder.no_proxy() } else { builder }
        };
        let merged = base().tls_certs_merge(self.roots.clone()).build();
        let built = match merged {
            // A minimal system has no roots at all: then only those given count.
            Err(_) if loopback || !self.roots.is_empty() => base().tls_certs_only(self.roots.clone()).build(),
            other => other,
        };
        built.map_err(|error| format!("TLS cannot be set up: {}", causes(&error)))
    }
}

impl Transport for Https {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let client = self.client(&request)?;
        let outgoing = client
            .request(request.method, request.url)
            .headers(request.headers)
            .timeout(request.timeout)
            .body(request.body.to_vec());
        let mut incoming = outgoing.send().await.map_err(|error| failed(&error))?;
        if incoming.content_length().is_some_and(|length| length > request.most as u64) {
            return Err(TransportError::TooLarge);
        }
        let (status, headers) = (incoming.status().as_u16(), std::mem::take(incoming.headers_mut()));
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > request.most {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { body, headers, status })
    }
}

fn failed(error: &reqwest::Error) -> TransportError {
    let failure = if error.is_connect() {
        Failure::Connect
    } else if error.is_timeout() {
        Failure::Timeout
    } else {
        Failure::Broken
    };
    let detail = if error.is_timeout() { "no answer in time".to_owned() } else { causes(error) };
    TransportError::Failed { failure, detail: Plain::new(&detail, 200) }
}

/// The innermost cause says what happened; the outer ones say "error sending request". Never the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(|cause| cause.source()) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "the connection failed".to_owned(), ToString::to_string)
}
