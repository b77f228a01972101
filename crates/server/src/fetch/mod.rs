//! Fetching from an address that a stranger chose without being its tool (DR-5-5, RFC 8725 §3.10).
//!
//! Owns where a fetch may go and every bound on it. The name is resolved once, every address it has is judged, and the
//! connection is made to the judged address itself; there are no redirects, proxies, cookies or credentials, because
//! nothing here knows of them. What is fetched, and when, is decided in `flow`.

mod exchange;
mod network;
mod networks;
mod target;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use flow::client_keys::{FetchFailure, FetchJwks, Fetched, Fetching};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::address::AddressBlock;
use crate::telemetry::LogText;

use network::{Network, System};
use networks::{Allowed, Networks};
use target::{Place, Target};

pub use networks::Special;
pub use target::UrlRefusal;

/// For everything, from the name to the last byte.
const TOTAL: Duration = Duration::from_secs(5);
/// For connecting, to all addresses that are tried.
const CONNECT: Duration = Duration::from_secs(3);
/// Addresses of a name that are tried.
const TRIED: usize = 4;
/// Largest document.
const MAX_BODY: usize = 64 * 1024;
/// Fetches at once.
const AT_ONCE: usize = 32;

/// Fetches over HTTPS from addresses that strangers chose.
#[derive(Debug)]
pub struct Fetcher(Engine<System>);

#[derive(Debug)]
struct Engine<N> {
    networks: Networks,
    places: Arc<Semaphore>,
    network: N,
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The connection ended before the answer did.
    #[error("the connection ended early")]
    Broken,
    /// As many fetches are under way as may be. The address was not asked.
    #[error("too many fetches at once")]
    Busy,
    /// Nothing listens there, or the network does not lead there.
    #[error("cannot connect: {0}")]
    Connect(#[source] std::io::Error),
    /// The answer is not JSON.
    #[error("the answer is not of a type of JSON")]
    ContentType,
    /// The answer is compressed although that was not asked for.
    #[error("the answer is encoded")]
    Encoded,
    /// A host of the name is where no stranger may send this server.
    #[error("{0} is {1}")]
    Forbidden(IpAddr, Special),
    /// What came is not HTTP, or its head is too large. The text is free of anything that came.
    #[error("not an acceptable answer: {0}")]
    Http(&'static str),
    /// Plain HTTP to another machine.
    #[error("plain HTTP is for listed loopback addresses")]
    Plain,
    /// A port that is neither 443 nor 8443 of a public address.
    #[error("port {0} of a public address")]
    Port(u16),
    /// The name does not exist, or its servers do not answer.
    #[error("the name cannot be resolved")]
    Resolve,
    /// Any status but 200, redirects among them.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The whole took too long.
    #[error("no complete answer within 5 seconds")]
    Timeout,
    /// The peer is not who it should be, or TLS failed otherwise.
    #[error("TLS: {0}")]
    Tls(String),
    /// More than 64 KiB.
    #[error("the answer is too large")]
    TooLarge,
    /// Not an address to fetch from.
    #[error(transparent)]
    Url(#[from] UrlRefusal),
}

impl Fetcher {
    /// One that may connect to public addresses, and to those of `networks`.
    #[must_use]
    pub fn new(networks: Vec<AddressBlock>) -> Self {
        Self(Engine::new(networks, System::default()))
    }

    /// The JSON document at `url`.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn json(&self, url: &str) -> Result<Fetched, FetchError> {
        self.0.json(url).await
    }
}

impl FetchJwks for Fetcher {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            self.json(url).await.map_err(|error| match error {
                FetchError::Busy => FetchFailure::Busy,
                error => FetchFailure::Failed(Box::new(error)),
            })
        })
    }
}

/// Whether `url` has the shape of what is fetched, so that a client may register it: https, or http for this machine. Where
/// it leads is judged when it is fetched.
///
/// # Errors
/// [`UrlRefusal`].
pub fn check_url(url: &str) -> Result<(), UrlRefusal> {
    let target = Target::parse(url)?;
    let is_own = match &target.place {
        Place::Address(ip) => ip.is_loopback(),
        Place::Name(name) => name == "localhost",
    };
    if target.is_secure || is_own { Ok(()) } else { Err(UrlRefusal::Scheme) }
}

impl<N: Network> Engine<N> {
    fn new(networks: Vec<AddressBlock>, network: N) -> Self {
        Self { networks: Networks::new(networks), places: Arc::new(Semaphore::new(AT_ONCE)), network }
    }

    async fn json(&self, url: &str) -> Result<Fetched, FetchError> {
        let target = Target::parse(url)?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| FetchError::Busy)?;
        timeout(TOTAL, self.go(&target, Arc::new(place))).await.unwrap_or(Err(FetchError::Timeout))
    }

    async fn go(&self, target: &Target, place: Arc<OwnedSemaphorePermit>) -> Result<Fetched, FetchError> {
        let addresses = match &target.place {
            Place::Address(ip) => vec![*ip],
            Place::Name(name) => {
                self.network.resolve(name, Arc::clone(&place)).await.map_err(|_| FetchError::Resolve)?
            }
        };
        self.judge(target, &addresses)?;
        let stream =
            timeout(CONNECT, self.connect(target.port, &addresses)).await.unwrap_or(Err(FetchError::Timeout))?;
        if !target.is_secure {
            return exchange::exchange(stream, target).await;
        }
        let config = self.network.tls().await.map_err(|error| FetchError::tls(&error))?;
        let secured = TlsConnector::from(config).connect(target.server_name()?, stream).await;
        exchange::exchange(secured.map_err(|error| FetchError::tls(&error))?, target).await
    }

    /// Every address must be allowed: a name with one that is not is a trap, or a mistake.
    fn judge(&self, target: &Target, addresses: &[IpAddr]) -> Result<(), FetchError> {
        if addresses.is_empty() {
            return Err(FetchError::Resolve);
        }
        for &ip in addresses {
            let allowed = self.networks.allow(ip).map_err(|special| FetchError::Forbidden(ip, special))?;
            if !target.port_is_open(allowed) {
                return Err(FetchError::Port(target.port));
            }
            let is_own = allowed == Allowed::Listed && ip.is_loopback();
            if !target.is_secure && !is_own {
                return Err(FetchError::Plain);
            }
        }
        Ok(())
    }

    /// A connection to the first address that takes one.
    async fn connect(&self, port: u16, addresses: &[IpAddr]) -> Result<N::Stream, FetchError> {
        let mut refused = FetchError::Resolve;
        // Each has its share of the time, so that one that does not answer leaves some for the next.
        let share = CONNECT / u32::try_from(addresses.len().clamp(1, TRIED)).unwrap_or(1);
        for &ip in addresses.iter().take(TRIED) {
            match timeout(share, self.network.connect(SocketAddr::new(ip, port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => refused = FetchError::Connect(error),
                Err(_) => refused = FetchError::Timeout,
            }
        }
        Err(refused)
    }
}

impl FetchError {
    /// hyper's own words may repeat what came, so they stay out of the log.
    fn http(error: &hyper::Error) -> Self {
        if error.is_parse_too_large() {
            Self::Http("its head is too large")
        } else if error.is_parse() {
            Self::Http("what came is not HTTP/1.1")
        } else {
            // What TLS has to say against the peer after the handshake arrives as an error of the stream.
            let tls = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
            tls.filter(|error| error.kind() == std::io::ErrorKind::InvalidData).map_or(Self::Broken, |e| Self::tls(e))
        }
    }

    /// A certificate's names are text of whoever made it.
    fn tls(error: &dyn Error) -> Self {
        Self::Tls(LogText(&error.to_string()).to_string())
    }
}
