//! Stopping: what was asked is answered, nothing new is taken, and the wait has an end.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_server::listen::{Drained, Handler, ListenSettings, Peer};
use countersign_server::telemetry::ConnectionEnd;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};

use super::{in_memory, in_memory_at, on_loopback_with, one_answer, say, status, until_closed};

type Answer = Response<Full<Bytes>>;

/// Holds every request until it is released, and tells when one has begun.
#[derive(Clone)]
struct Held {
    begun: mpsc::UnboundedSender<()>,
    released: Arc<Semaphore>,
}

impl Handler for Held {
    type Body = Full<Bytes>;

    async fn handle(&self, _: Request<Incoming>, _: Peer) -> Answer {
        self.begun.send(()).unwrap();
        self.released.acquire().await.unwrap().forget();
        Response::new(Full::from("answered"))
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_and_new_connections_are_refused() {
    let (begun, mut began) = mpsc::unbounded_channel();
    let released = Arc::new(Semaphore::new(0));
    let held = Held { begun, released: Arc::clone(&released) };
    let running = on_loopback_with(None, ListenSettings::default(), held);
    let address = running.address;
    let http1 = reqwest::Client::builder().http1_only().no_proxy().build().unwrap();
    let http2 = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let mut answers = Vec::new();
    for client in [&http1, &http2, &http2] {
        let sent = client.get(format!("http://{address}/")).send();
        answers.push(tokio::spawn(sent));
        began.recv().await.unwrap();
    }
    let stopping = tokio::spawn(running.stop());
    // The socket closes before anything is waited for.
    while TcpStream::connect(address).await.is_ok() {}
    assert!(!stopping.is_finished());
    released.add_permits(3);
    for answer in answers {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.text().await.unwrap(), "answered");
    }
    assert_eq!(stopping.await.unwrap(), Drained { finished: 2, aborted: 0 });
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed_at_once() {
    let (running, dial) = in_memory(ListenSettings::default());
    let mut used = dial.open();
    say(&mut used, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    one_answer(&mut used).await;
    let mut unused = dial.open();
    while running.metrics.connections.value() < 2 {
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    let drained = running.stop().await;
    assert_eq!(drained, Drained { finished: 2, aborted: 0 });
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(until_closed(&mut used).await, "");
    assert_eq!(until_closed(&mut unused).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_head_under_way_is_still_answered() {
    let (running, dial) = in_memory(ListenSettings::default());
    let mut connection = dial.open();
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    one_answer(&mut connection).await;
    // In virtual time, a pause is over when everybody else has done what there was to do.
    say(&mut connection, "GET /second HTTP/1.1\r\n").await;
    sleep(Duration::from_millis(1)).await;
    let stopping = tokio::spawn(running.stop());
    sleep(Duration::from_millis(1)).await;
    say(&mut connection, "Host: a\r\n\r\n").await;
    let answer = until_closed(&mut connection).await;
    assert_eq!(status(&answer), Some(StatusCode::OK), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(stopping.await.unwrap(), Drained { finished: 1, aborted: 0 });
}

#[tokio::test(start_paused = true)]
async fn what_does_not_finish_is_cut_off_when_the_drain_is_over() {
    async fn never(_: Request<Incoming>, _: Peer) -> Answer {
        pending().await
    }
    let (running, dial) = in_memory_at("127.0.0.1:8628", None, ListenSettings::default(), never);
    let metrics = Arc::clone(&running.metrics);
    let mut connection = dial.open();
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    while metrics.connections.value() < 1 {
        tokio::task::yield_now().await;
    }
    // Until the request has been read.
    sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    assert_eq!(running.stop().await, Drained { finished: 0, aborted: 1 });
    assert_eq!(started.elapsed(), ListenSettings::default().drain_timeout);
    assert_eq!(until_closed(&mut connection).await, "");
    assert_eq!(metrics.connections_ended.value(ConnectionEnd::Aborted), 1);
    assert_eq!(metrics.connections.value(), 0);
}
