//! The real transport against a real socket on loopback: what it follows, how much it reads, how it fails.

use std::time::Duration;

use client::transport::{Request, TransportError};
use client::{Failure, Https, Transport};
use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that sends these bytes to everybody, then closes; nothing means that it stays silent.
async fn server(bytes: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await;
            match bytes {
                Some(bytes) => drop(stream.write_all(bytes).await),
                None => silent.push(stream),
            }
        }
    });
    address
}

fn request(url: &str) -> Request {
    Request {
        body: b"a=b".to_vec().into(),
        headers: HeaderMap::new(),
        method: Method::POST,
        most: 1000,
        timeout: Duration::from_millis(500),
        url: url.parse().unwrap(),
    }
}

async fn failure(url: &str) -> Failure {
    match Https::new().send(request(url)).await {
        Err(TransportError::Failed { failure, detail }) => {
            assert!(!detail.is_empty() && !detail.as_str().contains("127.0.0.1:"), "{detail}");
            failure
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn replies_arrive_and_redirects_are_not_followed() {
    let url = server(Some(b"HTTP/1.1 302 Found\r\nlocation: /else\r\ncontent-length: 2\r\n\r\nhi")).await;
    let response = Https::new().send(request(&url)).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (302, b"hi".as_slice()));
    assert_eq!(response.headers["location"], "/else");
}

#[tokio::test]
async fn t26_bodies_are_read_no_further_than_allowed() {
    let declared = server(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n")).await;
    assert_eq!(Https::new().send(request(&declared)).await.unwrap_err(), TransportError::TooLarge);
    let chunked: &'static [u8] =
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n".as_slice(), [b'x'; 4095].as_slice()]
            .concat()
            .leak();
    let endless = server(Some(chunked)).await;
    assert_eq!(Https::new().send(request(&endless)).await.unwrap_err(), TransportError::TooLarge);
}

#[tokio::test]
async fn failures_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(failure(&format!("http://{closed}/")).await, Failure::Connect);
    assert_eq!(failure(&server(None).await).await, Failure::Timeout);
    assert_eq!(
        failure(&server(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")).await).await,
        Failure::Broken
    );
    assert_eq!(failure(&server(Some(b"")).await).await, Failure::Broken);
}

#[tokio::test]
async fn bt_5_3_tls_is_not_optional_on_https() {
    let plain = server(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")).await;
    assert_eq!(failure(&plain.replace("http://", "https://")).await, Failure::Connect);
}

#[test]
fn a_file_without_a_certificate_is_refused() {
    assert!(Https::with_roots(b"").is_err());
    assert!(Https::with_roots(b"not a certificate").is_err());
}
