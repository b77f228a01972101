//! Limits of time and number. Virtual time: the defaults themselves are tested, and no test waits.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_server::address::TrustedProxies;
use countersign_server::listen::{ListenSettings, Listener, Peer};
use countersign_server::telemetry::{ConnectionEnd, ConnectionRefusal, Metrics};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{Dial, Memory, echo, ended, in_memory, in_memory_at, one_answer, run, say, status, until_closed};

/// A timeout may be late by one tick.
const TICK: Duration = Duration::from_millis(1100);

fn assert_took(since: Instant, expected: u64) {
    let (took, expected) = (since.elapsed(), Duration::from_secs(expected));
    assert!(took >= expected && took <= expected + TICK, "took {took:?}, expected {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_after_the_header_timeout() {
    let (running, dial) = in_memory(ListenSettings::default());
    let started = Instant::now();
    assert_eq!(until_closed(&mut dial.open()).await, "");
    assert_took(started, 10);
    assert_eq!(running.metrics.connections_ended.value(ConnectionEnd::HeaderTimeout), 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_in_drops_is_closed_after_the_header_timeout() {
    let (_running, dial) = in_memory(ListenSettings::default());
    let (mut read, mut write) = tokio::io::split(dial.open());
    let started = Instant::now();
    let dripping = tokio::spawn(async move {
        say(&mut write, "GET / HTTP/1.1\r\nHost: a\r\nX: ").await;
        while write.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(900)).await;
        }
    });
    assert_eq!(until_closed(&mut read).await, "");
    assert_took(started, 10);
    dripping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_second_head_has_its_own_time_from_its_first_byte() {
    let (running, dial) = in_memory(ListenSettings::default());
    let mut connection = dial.open();
    say(&mut connection, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    one_answer(&mut connection).await;
    sleep(Duration::from_secs(40)).await;
    let started = Instant::now();
    say(&mut connection, "GET /2 HTT").await;
    assert_eq!(until_closed(&mut connection).await, "");
    assert_took(started, 10);
    assert_eq!(running.metrics.connections_ended.value(ConnectionEnd::HeaderTimeout), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_the_idle_timeout() {
    let (running, dial) = in_memory(ListenSettings::default());
    let mut connection = dial.open();
    for _ in 0..3 {
        say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(status(&one_answer(&mut connection).await), Some(StatusCode::OK));
        sleep(Duration::from_secs(58)).await;
    }
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    one_answer(&mut connection).await;
    let started = Instant::now();
    assert_eq!(until_closed(&mut connection).await, "");
    assert_took(started, 60);
    ended(&running, ConnectionEnd::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_in_drops_is_answered_408() {
    let (_running, dial) = in_memory(ListenSettings::default());
    let (mut read, mut write) = tokio::io::split(dial.open());
    let started = Instant::now();
    let dripping = tokio::spawn(async move {
        say(&mut write, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n").await;
        while write.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(900)).await;
        }
    });
    let answer = until_closed(&mut read).await;
    assert_eq!(status(&answer), Some(StatusCode::REQUEST_TIMEOUT), "{answer}");
    let took = started.elapsed();
    // The answer at 10 s; then the connection lingers for a sender that does not stop.
    assert!(took >= Duration::from_secs(10) && took <= Duration::from_secs(12) + TICK, "{took:?}");
    dripping.abort();
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_after_a_refusal_is_thrown_away_for_a_while() {
    let (running, dial) = in_memory(ListenSettings::default());
    let mut connection = dial.from("127.0.0.1", 4096);
    say(&mut connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n").await;
    let answer = one_answer(&mut connection).await;
    assert_eq!(status(&answer), Some(StatusCode::PAYLOAD_TOO_LARGE), "{answer}");
    // Were the connection gone, this would meet a reset, which can overtake the answer.
    say(&mut connection, &"x".repeat(900_000)).await;
    connection.write_all(&[b'x'; 200_000]).await.expect_err("but not without end");
    ended(&running, ConnectionEnd::Finished).await;

    let mut connection = dial.open();
    say(&mut connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n").await;
    let started = Instant::now();
    assert_eq!(status(&until_closed(&mut connection).await), Some(StatusCode::PAYLOAD_TOO_LARGE));
    while running.metrics.connections.value() > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_took(started, 2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_take_its_answer_is_closed() {
    async fn long(_: Request<Incoming>, _: Peer) -> Response<Full<Bytes>> {
        Response::new(Full::from(vec![b'x'; 100_000]))
    }
    let (running, dial) = in_memory_at("127.0.0.1:8628", None, ListenSettings::default(), long);
    let mut connection = dial.from("127.0.0.1", 512);
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let started = Instant::now();
    sleep(Duration::from_secs(12)).await;
    ended(&running, ConnectionEnd::WriteTimeout).await;
    assert_took(started, 12);
    assert!(until_closed(&mut connection).await.len() < 1000, "the rest was never sent");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered_503() {
    async fn never(_: Request<Incoming>, _: Peer) -> Response<Full<Bytes>> {
        pending().await
    }
    let (_running, dial) = in_memory_at("127.0.0.1:8628", None, ListenSettings::default(), never);
    let mut connection = dial.open();
    let started = Instant::now();
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = until_closed(&mut connection).await;
    assert_eq!(status(&answer), Some(StatusCode::SERVICE_UNAVAILABLE), "{answer}");
    assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(45) && took < Duration::from_secs(49), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_without_a_request_is_closed() {
    let (running, dial) = in_memory(ListenSettings::default());
    let (mut read, mut write) = tokio::io::split(dial.open());
    let started = Instant::now();
    // The preface and empty SETTINGS (RFC 9113 §3.4), then a PING every second.
    say(&mut write, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    write.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    let pinging = tokio::spawn(async move {
        while write.write_all(&[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut bytes = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut read, &mut bytes).await.unwrap();
    assert!(!bytes.is_empty(), "the server spoke HTTP/2");
    assert_took(started, 10);
    ended(&running, ConnectionEnd::HeaderTimeout).await;
    pinging.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn df_3_1_4_oa_3_2_1_plain_http_from_elsewhere_is_closed_unanswered() {
    let trusted_proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    let settings = ListenSettings { trusted_proxies, ..ListenSettings::default() };
    let (running, dial) = in_memory_at("0.0.0.0:8628", None, settings, echo);
    for peer in ["203.0.113.9", "127.0.0.1", "::ffff:203.0.113.9", "2001:db8::1"] {
        let mut stranger = dial.from(peer, 64);
        // Closed before it is read: writing may already fail.
        stranger.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.ok();
        assert_eq!(until_closed(&mut stranger).await, "", "{peer}");
    }
    assert_eq!(running.metrics.connections_refused.value(ConnectionRefusal::Plain), 4);
    for proxy in ["10.1.2.3", "::ffff:10.1.2.3"] {
        let mut connection = dial.from(proxy, 4096);
        say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(status(&one_answer(&mut connection).await), Some(StatusCode::OK), "{proxy}");
    }
}

#[tokio::test(start_paused = true)]
async fn caps_hold_for_networks_and_in_all_but_not_for_trusted_proxies() {
    let trusted_proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    let settings =
        ListenSettings { connections: 3, connections_per_network: 2, trusted_proxies, ..ListenSettings::default() };
    let (running, dial) = in_memory(settings);
    let mut kept = Vec::new();
    for (peer, served) in [
        ("2001:db8:1:2::1", true),
        ("2001:db8:1:2::ffff", true),
        ("2001:db8:1:2:3::", false),
        ("203.0.113.1", true),
        ("203.0.113.2", false),
        ("10.0.0.1", true),
        ("10.0.0.1", true),
        ("10.0.0.1", true),
    ] {
        let mut connection = dial.from(peer, 4096);
        connection.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.ok();
        if served {
            one_answer(&mut connection).await;
            kept.push(connection);
        } else {
            assert_eq!(until_closed(&mut connection).await, "", "{peer}");
        }
    }
    assert_eq!(running.metrics.connections_refused.value(ConnectionRefusal::Network), 1);
    assert_eq!(running.metrics.connections_refused.value(ConnectionRefusal::Total), 1);
    assert_eq!(running.metrics.connections.value(), 6);
    drop(kept);
    while running.metrics.connections.value() > 0 {
        tokio::task::yield_now().await;
    }
    let mut again = dial.from("203.0.113.2", 4096);
    say(&mut again, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    one_answer(&mut again).await;
}

#[tokio::test(start_paused = true)]
async fn the_accept_loop_survives_a_want_of_file_descriptors() {
    const EMFILE: i32 = 24;
    let (dial, connections) = mpsc::unbounded_channel();
    let failures: VecDeque<_> = (0..6).map(|_| io::Error::from_raw_os_error(EMFILE)).collect();
    let metrics = Arc::new(Metrics::default());
    let listener = Listener::new(
        Memory { connections, failures },
        "127.0.0.1:8628".parse().unwrap(),
        None,
        Arc::new(ListenSettings::default()),
        Arc::clone(&metrics),
    );
    let started = Instant::now();
    let _running = run(listener, Arc::clone(&metrics), echo);
    let mut connection = Dial(dial).open();
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(status(&one_answer(&mut connection).await), Some(StatusCode::OK));
    assert_eq!(metrics.accept_failures.value(), 6);
    // 5 + 10 + 20 + 40 + 80 + 160 ms, and no attempt in between.
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(315) && took < Duration::from_millis(330), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_500_and_the_server_goes_on() {
    async fn panics(request: Request<Incoming>, peer: Peer) -> Response<Full<Bytes>> {
        assert_ne!(request.uri().path(), "/panic", "as the test wants it");
        echo(request, peer).await
    }
    let (running, dial) = in_memory_at("127.0.0.1:8628", None, ListenSettings::default(), panics);
    let mut connection = dial.open();
    say(&mut connection, "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = until_closed(&mut connection).await;
    assert_eq!(status(&answer), Some(StatusCode::INTERNAL_SERVER_ERROR), "{answer}");
    assert_eq!(running.metrics.panics.value(), 1);
    let mut connection = dial.open();
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(status(&one_answer(&mut connection).await), Some(StatusCode::OK));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_dropped_when_its_peer_goes_away() {
    let (told, mut dropped) = mpsc::unbounded_channel::<Infallible>();
    let (begun, mut began) = mpsc::unbounded_channel();
    let handler = move |_: Request<Incoming>, _: Peer| {
        let (told, begun) = (told.clone(), begun.clone());
        async move {
            begun.send(()).unwrap();
            let _told_when_dropped = told;
            pending::<Response<Full<Bytes>>>().await
        }
    };
    let (running, dial) = in_memory_at("127.0.0.1:8628", None, ListenSettings::default(), handler);
    let mut connection = dial.open();
    let started = Instant::now();
    say(&mut connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
    began.recv().await.unwrap();
    drop(connection);
    while running.metrics.connections.value() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(started.elapsed() < TICK);
    let drained = running.stop().await;
    assert_eq!((drained.finished, drained.aborted), (0, 0));
    assert!(dropped.recv().await.is_none());
}
