//! Over the system's own sockets and resolver, on loopback.

use std::net::SocketAddr;

use flow::client_keys::{FetchFailure, FetchJwks};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::super::Fetcher;
use super::{honest, outcome, request};

/// A server for one connection that answers with this text.
async fn saying(text: String) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = request(&mut stream).await;
        stream.write_all(text.as_bytes()).await.unwrap();
        head
    });
    (address, serving)
}

fn on_loopback() -> Fetcher {
    Fetcher::new(vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()])
}

#[tokio::test]
async fn an_address_of_this_machine_is_fetched_from_when_it_is_listed() {
    let (address, serving) = saying(honest()).await;
    assert_eq!(outcome(on_loopback().json(&format!("http://{address}/jwks")).await), "11 bytes");
    assert!(serving.await.unwrap().starts_with("GET /jwks HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_name_is_resolved_by_the_system() {
    let (address, serving) = saying(honest()).await;
    let url = format!("http://localhost:{}/jwks", address.port());
    assert_eq!(outcome(on_loopback().json(&url).await), "11 bytes");
    assert!(serving.await.unwrap().contains(&format!("host: localhost:{}\r\n", address.port())));
}

#[tokio::test]
async fn dr_5_5_a_redirect_to_this_machine_leads_nowhere() {
    let secret = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = secret.local_addr().unwrap();
    let text = format!("HTTP/1.1 302 Found\r\nLocation: http://{location}/\r\nContent-Length: 0\r\n\r\n");
    let (address, serving) = saying(text).await;
    let said = outcome(on_loopback().json(&format!("http://{address}/jwks")).await);
    assert_eq!(said, "the answer has status 302");
    serving.await.unwrap();
    tokio::select! {
        biased;
        _ = secret.accept() => panic!("the redirect was followed"),
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test]
async fn dr_5_5_this_machine_is_out_of_reach_unless_it_is_listed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://0:{port}/"),
        format!("http://127.1:{port}/"),
    ] {
        let failure = Fetcher::new(Vec::new()).fetch(&url).await.unwrap_err();
        assert!(
            matches!(&failure, FetchFailure::Failed(cause) if cause.to_string().contains(" is ")),
            "{url}: {failure}"
        );
    }
    tokio::select! {
        biased;
        _ = listener.accept() => panic!("it was connected to"),
        () = tokio::task::yield_now() => {}
    }
}

/// With the roots of the system, or without any: a certificate that anybody could have made is not trusted.
#[tokio::test]
async fn dr_5_5_tls_is_verified_on_this_machine_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = super::tls::acceptor(&["localhost", "127.0.0.1"], &super::tls::authority());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            assert!(acceptor.accept(stream).await.is_err(), "the certificate was trusted");
        }
    });
    for host in ["localhost", "127.0.0.1"] {
        let said = outcome(on_loopback().json(&format!("https://{host}:{port}/jwks")).await);
        assert!(said.starts_with("TLS: "), "{said}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_said_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let said = outcome(on_loopback().json(&format!("http://{address}/")).await);
    assert!(said.starts_with("cannot connect: "), "{said}");
}
