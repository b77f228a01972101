//! The fetcher against hostile names, addresses and servers, in memory and virtual time; at the end over real sockets.

mod answers;
mod bounds;
mod destinations;
mod sockets;
mod tls;

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use flow::client_keys::Fetched;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::OwnedSemaphorePermit;

use super::network::{Network, client_config};
use super::{Engine, FetchError};

/// An address that plain HTTP may be spoken to in these tests.
const HERE: &str = "http://127.0.0.1:8/jwks";
const KEYS: &str = "{\"keys\":[]}";

/// A network with one server on it, which every connection leads to.
struct Lab {
    /// What the resolver says, the last again and again.
    lookups: Mutex<VecDeque<Lookup>>,
    server: Server,
    roots: Arc<RootCertStore>,
    asked: Mutex<Vec<String>>,
    dialled: Mutex<Vec<SocketAddr>>,
    /// Places of look-ups that go on.
    lingering: Mutex<Vec<Arc<OwnedSemaphorePermit>>>,
}

enum Lookup {
    Fails,
    Finds(Vec<IpAddr>),
    Lingers,
}

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What happens to a connection.
enum Server {
    /// Refused by these addresses, never answered by those, taken by the rest.
    Partly(Vec<IpAddr>, Vec<IpAddr>, Box<Server>),
    Taken(Box<dyn Fn(DuplexStream) -> Serving + Send + Sync>),
}

impl Server {
    fn taking<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(DuplexStream) -> F + Send + Sync + 'static,
    ) -> Self {
        Self::Taken(Box::new(move |stream| Box::pin(serve(stream))))
    }

    /// Reads a request and answers with these bytes.
    fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::taking(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                request(&mut stream).await;
                // The fetcher may have seen enough.
                stream.write_all(&answer).await.ok();
            }
        })
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<DuplexStream> {
        match self {
            Self::Partly(refused, _, _) if refused.contains(&to.ip()) => Err(io::ErrorKind::ConnectionRefused.into()),
            Self::Partly(_, silent, _) if silent.contains(&to.ip()) => pending().await,
            Self::Partly(_, _, rest) => Box::pin(rest.connect(to)).await,
            Self::Taken(serve) => {
                let (near, far) = duplex(4_096);
                tokio::spawn(serve(far));
                Ok(near)
            }
        }
    }
}

impl Network for Lab {
    type Stream = DuplexStream;

    async fn resolve(&self, name: &str, place: Arc<OwnedSemaphorePermit>) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let found = {
            let mut lookups = self.lookups.lock().unwrap();
            let next = if lookups.len() > 1 { lookups.pop_front() } else { None };
            match next.as_ref().or(lookups.front()).unwrap() {
                Lookup::Fails => Some(Err(io::ErrorKind::NotFound.into())),
                Lookup::Finds(addresses) => Some(Ok(addresses.clone())),
                Lookup::Lingers => None,
            }
        };
        match found {
            Some(found) => found,
            None => {
                self.lingering.lock().unwrap().push(place);
                pending().await
            }
        }
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<DuplexStream> {
        self.dialled.lock().unwrap().push(to);
        self.server.connect(to).await
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_root_certificates(Arc::clone(&self.roots));
        Ok(client_config(builder.with_no_client_auth()))
    }
}

/// A fetcher in a lab whose loopback is listed.
fn lab(server: Server) -> Engine<Lab> {
    named(server, [Lookup::Fails])
}

/// The same with a resolver.
fn named(server: Server, lookups: impl IntoIterator<Item = Lookup>) -> Engine<Lab> {
    let network = Lab {
        lookups: Mutex::new(lookups.into_iter().collect()),
        server,
        roots: Arc::new(RootCertStore::empty()),
        asked: Mutex::default(),
        dialled: Mutex::default(),
        lingering: Mutex::default(),
    };
    Engine::new(vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()], network)
}

impl Engine<Lab> {
    fn dialled(&self) -> Vec<String> {
        self.network.dialled.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

fn finds<const N: usize>(addresses: [&str; N]) -> Lookup {
    Lookup::Finds(addresses.iter().map(|address| ip(address)).collect())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The head of a request.
async fn request(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// An answer of these headers and this body.
fn answer(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// An honest one.
fn honest() -> String {
    answer("Content-Type: application/json\r\n", KEYS)
}

/// What came of it, in words.
fn outcome(fetched: Result<Fetched, FetchError>) -> String {
    match fetched {
        Ok(fetched) => format!("{} bytes", fetched.body.len()),
        Err(error) => error.to_string(),
    }
}
