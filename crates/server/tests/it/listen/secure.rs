//! TLS: versions, ALPN, the handshake's time, certificates read anew.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_server::listen::{CertificateError, ListenSettings, Tls};
use countersign_server::telemetry::{ConnectionEnd, ConnectionRefusal};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::tls::Version;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{Running, echo, in_memory_at, on_loopback, say, until_closed};

/// A certificate authority of the test's own, and a folder with a certificate of it for `localhost`.
struct Issued {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Issued {
    fn new() -> Self {
        let issued = Self { folder: tempfile::tempdir().unwrap(), authority: authority() };
        issued.write(&issued.authority);
        issued
    }

    /// Puts a new certificate and key, issued by `authority`, in place of the old.
    fn write(&self, authority: &CertifiedIssuer<'static, KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        fs::write(self.certificate(), certificate.pem() + &authority.pem()).unwrap();
        fs::write(self.private_key(), key.serialize_pem()).unwrap();
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn private_key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn tls(&self) -> Arc<Tls> {
        Tls::from_pem_files(self.certificate(), self.private_key()).unwrap()
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A client that trusts `authority` alone.
fn trusting(authority: &CertifiedIssuer<'static, KeyPair>) -> reqwest::ClientBuilder {
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([root]).no_proxy()
}

async fn text(client: &reqwest::Client, running: &Running) -> Result<String, reqwest::Error> {
    client.get(format!("https://localhost:{}/", running.address.port())).send().await?.text().await
}

#[tokio::test]
async fn df_3_1_4_tls_1_3_and_1_2_with_http2_and_http1() {
    let issued = Issued::new();
    let running = on_loopback(Some(issued.tls()), ListenSettings::default());
    for tls in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = trusting(&issued.authority).tls_version_min(tls).tls_version_max(tls);
        let new = client.build().unwrap();
        assert_eq!(text(&new, &running).await.unwrap(), "GET / HTTP/2.0 secure=true forwarded=0 ");
        let old = trusting(&issued.authority).http1_only().tls_version_min(tls).tls_version_max(tls).build().unwrap();
        assert_eq!(text(&old, &running).await.unwrap(), "GET / HTTP/1.1 secure=true forwarded=0 ");
    }
}

#[tokio::test]
async fn df_3_1_4_plain_http_on_an_encrypted_listener_gets_no_answer() {
    let issued = Issued::new();
    let running = on_loopback(Some(issued.tls()), ListenSettings::default());
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    say(&mut connection, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut answer = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut answer).await.ok();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    while running.metrics.connections_refused.value(ConnectionRefusal::Handshake) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_is_closed() {
    let issued = Issued::new();
    let settings = ListenSettings::default();
    let (running, dial) = in_memory_at("0.0.0.0:8628", Some(issued.tls()), settings, echo);
    let mut connection = dial.from("203.0.113.9", 4096);
    let started = Instant::now();
    // The beginning of a ClientHello that never goes on.
    tokio::io::AsyncWriteExt::write_all(&mut connection, &[0x16, 3, 1, 2, 0, 1, 0]).await.unwrap();
    assert_eq!(until_closed(&mut connection).await, "");
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_millis(11_100), "{took:?}");
    assert_eq!(running.metrics.connections_ended.value(ConnectionEnd::HandshakeTimeout), 1);
}

#[tokio::test]
async fn new_certificates_are_used_after_a_reload_and_bad_ones_never() {
    let issued = Issued::new();
    let tls = issued.tls();
    let running = on_loopback(Some(Arc::clone(&tls)), ListenSettings::default());
    let old = || trusting(&issued.authority).build().unwrap();
    let kept = old();
    text(&kept, &running).await.unwrap();

    let successor = authority();
    let good_key = fs::read(issued.private_key()).unwrap();
    issued.write(&successor);
    let new_key = fs::read(issued.private_key()).unwrap();
    text(&old(), &running).await.expect("files alone change nothing");

    // The moment between the two replacements: they do not belong together.
    fs::write(issued.private_key(), &good_key).unwrap();
    let error = tls.reload().unwrap_err();
    assert!(matches!(error, CertificateError::Unusable { .. }), "{error}");
    fs::write(issued.private_key(), "nothing").unwrap();
    let error = tls.reload().unwrap_err();
    assert!(matches!(error, CertificateError::NoPrivateKey(_)), "{error}");
    fs::remove_file(issued.private_key()).unwrap();
    let error = tls.reload().unwrap_err();
    assert!(error.to_string().contains("key.pem"), "{error}");
    text(&old(), &running).await.expect("a bad file keeps the old certificate");

    fs::write(issued.private_key(), &new_key).unwrap();
    tls.reload().unwrap();
    let new = trusting(&successor).build().unwrap();
    text(&new, &running).await.expect("new handshakes see the new certificate");
    text(&old(), &running).await.expect_err("and no longer the old one");
    text(&kept, &running).await.expect("connections that were open go on");
}

#[test]
fn unusable_files_are_explained() {
    let issued = Issued::new();
    let (certificate, key) = (issued.certificate(), issued.private_key());
    let missing = issued.folder.path().join("missing.pem");
    for (certificate_file, key_file, says) in [
        (&missing, &key, "cannot read"),
        (&key, &key, "holds no certificate"),
        (&certificate, &certificate, "holds no private key"),
        (&certificate, &missing, "cannot read"),
    ] {
        let error = Tls::from_pem_files(certificate_file, key_file).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
