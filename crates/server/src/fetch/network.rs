//! The way out: names, connections and TLS. The system's, or a test's.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, client::Resumption, version};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, OwnedSemaphorePermit};
use tokio::task::spawn_blocking;

/// What fetches go out over.
pub(super) trait Network: Send + Sync + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// All addresses of `name`. `place` is the fetch's among all of them, and is given back when nothing runs for
    /// it any more.
    fn resolve(
        &self,
        name: &str,
        place: Arc<OwnedSemaphorePermit>,
    ) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;

    /// A connection to exactly this address.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// How TLS is spoken, and who is trusted.
    fn tls(&self) -> impl Future<Output = Result<Arc<ClientConfig>, rustls::Error>> + Send;
}

/// The system's resolver, sockets and roots.
#[derive(Debug, Default)]
pub(super) struct System {
    /// Read when first needed: most servers never fetch.
    tls: OnceCell<Arc<ClientConfig>>,
}

impl Network for System {
    type Stream = TcpStream;

    /// The system's resolver blocks a thread, and goes on when nobody waits any more.
    async fn resolve(&self, name: &str, place: Arc<OwnedSemaphorePermit>) -> io::Result<Vec<IpAddr>> {
        let name = name.to_owned();
        let lookup = spawn_blocking(move || {
            let found = (name.as_str(), 0).to_socket_addrs().map(|all| all.map(|address| address.ip()).collect());
            drop(place);
            found
        });
        lookup.await.map_err(io::Error::other)?
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(to).await
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let read = || async {
            let config = spawn_blocking(|| {
                let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                    .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
                    .with_platform_verifier()?;
                Ok(client_config(builder.with_no_client_auth()))
            });
            config.await.map_err(|error| rustls::Error::General(error.to_string()))?
        };
        self.tls.get_or_try_init(read).await.cloned()
    }
}

/// HTTP/1.1 is all that is spoken. Nothing is resumed: a ticket is bytes of a stranger's choice that would be sent to the
/// next address of the same name.
pub(super) fn client_config(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Arc::new(config)
}
