//! HTTP over real sockets: what is refused, and that the refusal arrives.

use bytes::Bytes;
use countersign_server::address::TrustedProxies;
use countersign_server::listen::{ListenSettings, Peer};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Running, on_loopback, on_loopback_with, one_answer, say, status, until_closed};

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

#[tokio::test]
async fn both_versions_are_spoken_without_tls() {
    let running = on_loopback(None, ListenSettings::default());
    let url = format!("http://{}/path?query", running.address);
    let old = reqwest::Client::builder().http1_only().no_proxy().build().unwrap();
    let answer = old.post(&url).body("abc").send().await.unwrap().text().await.unwrap();
    assert_eq!(answer, "POST /path HTTP/1.1 secure=false forwarded=0 abc");
    let new = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let answer = new.post(&url).body("abc").send().await.unwrap().text().await.unwrap();
    assert_eq!(answer, "POST /path HTTP/2.0 secure=false forwarded=0 abc");
}

#[tokio::test]
async fn what_begins_like_http2_is_still_read_as_http1() {
    let running = on_loopback(None, ListenSettings::default());
    for method in ["P", "PRI", "PRIX", "PATCH"] {
        let mut connection = connect(&running).await;
        for byte in format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").bytes() {
            connection.write_all(&[byte]).await.unwrap();
        }
        let answer = until_closed(&mut connection).await;
        assert!(answer.ends_with(&format!("{method} / HTTP/1.1 secure=false forwarded=0 ")), "{answer}");
    }
}

#[tokio::test]
async fn an_oversized_head_is_answered_431_on_both_versions() {
    let running = on_loopback(None, ListenSettings::default());
    let mut connection = connect(&running).await;
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}\r\n\r\n", "x".repeat(20 * 1024));
    say(&mut connection, &head).await;
    let answer = until_closed(&mut connection).await;
    assert_eq!(status(&answer), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE), "{answer}");

    let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let url = format!("http://{}/", running.address);
    let answer = client.get(&url).header("cookie", "x".repeat(20 * 1024)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let fits = client.get(&url).header("cookie", "x".repeat(12 * 1024)).send().await.unwrap();
    assert_eq!(fits.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_oversized_head_without_end_is_answered_431() {
    let running = on_loopback(None, ListenSettings::default());
    let mut connection = connect(&running).await;
    // Far more than is read: the answer must survive what is still under way.
    say(&mut connection, &format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}", "x".repeat(200 * 1024))).await;
    let answer = until_closed(&mut connection).await;
    assert_eq!(status(&answer), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE), "{answer}");
}

#[tokio::test]
async fn the_refusal_of_a_body_arrives_while_the_body_is_still_being_sent() {
    let running = on_loopback(None, ListenSettings::default());
    for framing in ["Content-Length: 500000", "Transfer-Encoding: chunked"] {
        let mut connection = connect(&running).await;
        say(&mut connection, &format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n")).await;
        let body = if framing.contains("chunked") {
            format!("7a120\r\n{}\r\n0\r\n\r\n", "x".repeat(500_000))
        } else {
            "x".repeat(500_000)
        };
        say(&mut connection, &body).await;
        let answer = until_closed(&mut connection).await;
        assert_eq!(status(&answer), Some(StatusCode::PAYLOAD_TOO_LARGE), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_spared_the_upload() {
    let running = on_loopback(None, ListenSettings::default());
    let mut connection = connect(&running).await;
    say(&mut connection, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n").await;
    let answer = one_answer(&mut connection).await;
    assert_eq!(status(&answer), Some(StatusCode::PAYLOAD_TOO_LARGE), "{answer}");

    let mut connection = connect(&running).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
    say(&mut connection, head).await;
    let mut interim = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut connection, &mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    say(&mut connection, "abc").await;
    assert!(until_closed(&mut connection).await.ends_with(" abc"));
}

#[tokio::test]
async fn a_compressed_or_ambiguous_body_is_refused() {
    let running = on_loopback(None, ListenSettings::default());
    for (headers, expected) in [
        ("Content-Encoding: gzip\r\nContent-Length: 3", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("Content-Length: 3\r\nContent-Length: 4", StatusCode::BAD_REQUEST),
    ] {
        let mut connection = connect(&running).await;
        say(&mut connection, &format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\nConnection: close\r\n\r\nabc")).await;
        let answer = until_closed(&mut connection).await;
        assert_eq!(status(&answer), Some(expected), "{headers}: {answer}");
    }
}

#[tokio::test]
async fn what_is_not_http_harms_nothing() {
    let running = on_loopback(None, ListenSettings::default());
    for rubbish in
        ["\x16\x03\x01\x02\x00\x01", "\r\n\r\n\0\0\0\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"]
    {
        let mut connection = connect(&running).await;
        say(&mut connection, rubbish).await;
        connection.shutdown().await.unwrap();
        let answer = until_closed(&mut connection).await;
        assert!(answer.is_empty() || status(&answer) == Some(StatusCode::BAD_REQUEST), "{rubbish:?}: {answer}");
    }
    let mut connection = connect(&running).await;
    say(&mut connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(status(&one_answer(&mut connection).await), Some(StatusCode::OK));
}

#[tokio::test]
async fn sb_4_13_1_forwarding_headers_reach_the_application_only_from_a_trusted_proxy() {
    let forwarded = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=203.0.113.9";
    for (proxies, passed) in [(&[] as &[&str], 0), (&["127.0.0.1"], 1)] {
        let trusted_proxies = TrustedProxies::parse(proxies).unwrap();
        let settings = ListenSettings { trusted_proxies, ..ListenSettings::default() };
        let running = on_loopback(None, settings);
        let mut connection = connect(&running).await;
        say(&mut connection, &format!("GET / HTTP/1.1\r\nHost: a\r\n{forwarded}\r\n\r\n")).await;
        let answer = one_answer(&mut connection).await;
        assert!(answer.contains(&format!("forwarded={passed} ")), "{answer}");
    }
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    async fn path(request: Request<Incoming>, _: Peer) -> Response<Full<Bytes>> {
        Response::new(Full::from(request.uri().path().to_owned()))
    }
    let running = on_loopback_with(None, ListenSettings::default(), path);
    let mut connection = connect(&running).await;
    let ahead: String = (1..=9)
        .map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n{}\r\n", if n == 9 { "Connection: close\r\n" } else { "" }))
        .collect();
    say(&mut connection, &ahead).await;
    let answers = until_closed(&mut connection).await;
    let order: Vec<&str> = answers.split("\r\n\r\n").filter_map(|part| part.strip_prefix('/')?.get(..1)).collect();
    assert_eq!(order, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}
