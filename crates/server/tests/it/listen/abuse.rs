//! Known attacks on HTTP/2, frame by frame (RFC 9113 §10.5): each ends in the close of its connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use countersign_server::listen::{ListenSettings, Peer};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

use super::{Dial, in_memory, in_memory_at};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:method: GET`, `:path: /`, `:scheme: http` (RFC 7541 App. A).
const GET: [u8; 3] = [0x82, 0x84, 0x86];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn open(dial: &Dial) -> (DuplexStream, Vec<u8>) {
    let connection = dial.from("203.0.113.9", 1024 * 1024);
    (connection, [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[])].concat())
}

/// What the server sent until it closed, frame by frame, as (kind, payload).
async fn frames(mut connection: DuplexStream) -> Vec<(u8, Vec<u8>)> {
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).await.unwrap();
    let mut rest = bytes.as_slice();
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, after @ ..] = rest {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        frames.push((*kind, after[..length].to_vec()));
        rest = &after[length..];
    }
    frames
}

/// The error code of a GOAWAY among `frames`.
fn goaway(frames: &[(u8, Vec<u8>)]) -> Option<u32> {
    let (_, payload) = frames.iter().rfind(|(kind, _)| *kind == GOAWAY)?;
    Some(u32::from_be_bytes(payload.get(4..8)?.try_into().ok()?))
}

const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test(start_paused = true)]
async fn streams_that_are_opened_and_reset_at_once_end_the_connection() {
    let served = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&served);
    let handler = move |_: Request<Incoming>, _: Peer| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Response::new(Full::<Bytes>::default()))
    };
    let (_running, dial) = in_memory_at("127.0.0.1:8628", None, ListenSettings::default(), handler);
    let (mut connection, mut attack) = open(&dial);
    for stream in (1..4000).step_by(2) {
        attack.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &GET));
        attack.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    let started = Instant::now();
    connection.write_all(&attack).await.unwrap();
    assert_eq!(goaway(&frames(connection).await), Some(ENHANCE_YOUR_CALM));
    assert!(started.elapsed() < Duration::from_secs(4), "not by a timeout of ours");
    assert!(served.load(Ordering::Relaxed) < 200, "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn a_head_continued_without_end_ends_the_connection() {
    let (_running, dial) = in_memory(ListenSettings::default());
    let (mut connection, mut attack) = open(&dial);
    attack.extend(frame(HEADERS, END_STREAM, 1, &GET));
    // Header after header of the same name, never the end (CVE-2024-27316).
    let header = [&[0x00, 1, b'x', 0x7f, 0x01][..], &[b'a'; 128]].concat();
    for _ in 0..4000 {
        attack.extend(frame(CONTINUATION, 0, 1, &header));
    }
    let started = Instant::now();
    connection.write_all(&attack).await.unwrap();
    assert!(goaway(&frames(connection).await).is_some());
    assert!(started.elapsed() < Duration::from_secs(4), "not by a timeout of ours");
}

#[tokio::test(start_paused = true)]
async fn more_streams_than_agreed_are_refused() {
    let served = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&served);
    let handler = move |_: Request<Incoming>, _: Peer| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<Response<Full<Bytes>>>()
    };
    let settings = ListenSettings { http2_streams: 10, ..ListenSettings::default() };
    let (_running, dial) = in_memory_at("127.0.0.1:8628", None, settings, handler);
    let (mut connection, mut attack) = open(&dial);
    for stream in (1..100).step_by(2) {
        attack.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &GET));
    }
    connection.write_all(&attack).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(served.load(Ordering::Relaxed), 10);
}
