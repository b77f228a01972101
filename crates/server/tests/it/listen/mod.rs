//! The listener: its limits in virtual time over memory, its protocols over real sockets.

mod abuse;
mod drain;
mod http;
mod limits;
mod secure;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use countersign_server::listen::{Accept, BodyLimits, Drained, ListenSettings, Listener, Peer, Tls, read_body};
use countersign_server::telemetry::{ConnectionEnd, Metrics};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A running listener.
struct Running {
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Drained>,
}

impl Running {
    async fn stop(self) -> Drained {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap()
    }
}

/// Answers with what was asked: method, path, the peer, the forwarding headers that came through, the body.
async fn echo(request: Request<Incoming>, peer: Peer) -> Response<Full<Bytes>> {
    let limits = BodyLimits::from(&ListenSettings::default());
    let (head, body) = request.into_parts();
    match read_body(&head.headers, body, limits).await {
        Ok(body) => {
            let forwarded = head.headers.keys().filter(|name| name.as_str().contains("forwarded")).count();
            let text = format!(
                "{} {} {:?} secure={} forwarded={forwarded} {}",
                head.method,
                head.uri.path(),
                head.version,
                peer.secure,
                String::from_utf8_lossy(&body)
            );
            Response::new(Full::from(text))
        }
        Err(error) => {
            let mut response = Response::new(Full::from(error.to_string()));
            *response.status_mut() = error.status();
            response
        }
    }
}

/// A listener on a free port of this machine.
fn on_loopback(tls: Option<Arc<Tls>>, settings: ListenSettings) -> Running {
    on_loopback_with(tls, settings, echo)
}

fn on_loopback_with(
    tls: Option<Arc<Tls>>,
    settings: ListenSettings,
    handler: impl countersign_server::listen::Handler,
) -> Running {
    let metrics = Arc::new(Metrics::default());
    let free_port = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(free_port, tls, Arc::new(settings), Arc::clone(&metrics)).unwrap();
    run(listener, metrics, handler)
}

fn run<A: Accept>(
    listener: Listener<A>,
    metrics: Arc<Metrics>,
    handler: impl countersign_server::listen::Handler,
) -> Running {
    let address = listener.local_address();
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(async move {
        listener
            .serve(handler, async {
                stopped.await.ok();
            })
            .await
    });
    Running { address, metrics, stop, ended }
}

/// A listener whose connections are pipes in memory, so that time can be virtual.
struct Memory {
    connections: mpsc::UnboundedReceiver<(DuplexStream, SocketAddr)>,
    failures: VecDeque<io::Error>,
}

impl Accept for Memory {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.failures.pop_front() {
            Some(error) => Err(error),
            None => match self.connections.recv().await {
                Some(connection) => Ok(connection),
                None => std::future::pending().await,
            },
        }
    }
}

/// Opens connections to a [`Memory`] listener.
#[derive(Clone)]
struct Dial(mpsc::UnboundedSender<(DuplexStream, SocketAddr)>);

impl Dial {
    /// A connection from `peer`, whose pipe holds `room` bytes each way.
    fn from(&self, peer: &str, room: usize) -> DuplexStream {
        let (near, far) = duplex(room);
        let peer = SocketAddr::new(peer.parse().unwrap(), 49_152);
        self.0.send((far, peer)).unwrap();
        near
    }

    fn open(&self) -> DuplexStream {
        self.from("127.0.0.1", 64 * 1024)
    }
}

fn in_memory(settings: ListenSettings) -> (Running, Dial) {
    in_memory_at("127.0.0.1:8628", None, settings, echo)
}

fn in_memory_at(
    address: &str,
    tls: Option<Arc<Tls>>,
    settings: ListenSettings,
    handler: impl countersign_server::listen::Handler,
) -> (Running, Dial) {
    let (dial, connections) = mpsc::unbounded_channel();
    let memory = Memory { connections, failures: VecDeque::new() };
    let metrics = Arc::new(Metrics::default());
    let address = address.parse().unwrap();
    let listener = Listener::new(memory, address, tls, Arc::new(settings), Arc::clone(&metrics));
    (run(listener, metrics, handler), Dial(dial))
}

/// Everything until the server closes, as text.
async fn until_closed(connection: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// One answer of HTTP/1.1 with a Content-Length.
async fn one_answer(connection: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return text.into_owned();
            }
        }
        assert_ne!(connection.read_buf(&mut bytes).await.unwrap(), 0, "closed within an answer");
    }
}

async fn say(connection: &mut (impl AsyncWriteExt + Unpin), text: &str) {
    connection.write_all(text.as_bytes()).await.unwrap();
}

/// Waits, without a limit of its own, until a connection ended for this reason.
async fn ended(running: &Running, end: ConnectionEnd) {
    while running.metrics.connections_ended.value(end) == 0 {
        tokio::task::yield_now().await;
    }
}

fn status(answer: &str) -> Option<StatusCode> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
