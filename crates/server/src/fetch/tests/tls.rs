//! Who answers: the holder of a certificate for the name that was asked for, by an authority that is trusted.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::{Lab, Server, finds, honest, named, outcome, request};
use crate::fetch::Engine;

const URL: &str = "https://keys.example/jwks";

pub(super) fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server saw of a connection: the name in the ClientHello, the protocol, and the request.
type Seen = Arc<Mutex<Vec<(Option<String>, Option<Vec<u8>>, String)>>>;

/// TLS with a certificate of `by` for these names.
pub(super) fn acceptor(names: &[&str], by: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, by).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// A server with a certificate of `by` for these names.
fn serving(names: &[&str], by: &CertifiedIssuer<'static, KeyPair>) -> (Server, Seen) {
    let acceptor = acceptor(names, by);
    let seen = Seen::default();
    let notes = Arc::clone(&seen);
    let server = Server::taking(move |stream| {
        let (acceptor, notes) = (acceptor.clone(), Arc::clone(&notes));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let (name, protocol) = {
                let session = stream.get_ref().1;
                (session.server_name().map(str::to_owned), session.alpn_protocol().map(<[u8]>::to_vec))
            };
            let head = request(&mut stream).await;
            notes.lock().unwrap().push((name, protocol, head));
            stream.write_all(honest().as_bytes()).await.ok();
            stream.shutdown().await.ok();
        }
    });
    (server, seen)
}

/// A fetcher that trusts `authority` alone, and a name that leads to a public address.
fn trusting(authority: &CertifiedIssuer<'static, KeyPair>, server: Server) -> Engine<Lab> {
    let mut lab = named(server, [finds(["1.1.1.1"])]);
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    lab.network.roots = Arc::new(roots);
    lab
}

#[tokio::test]
async fn dr_5_5_the_name_is_asked_for_at_the_address_that_was_judged() {
    let authority = authority();
    let (server, seen) = serving(&["keys.example"], &authority);
    let lab = trusting(&authority, server);
    assert_eq!(outcome(lab.json("https://KEYS.example:8443/jwks").await), "11 bytes");
    assert_eq!(lab.dialled(), ["1.1.1.1:8443"]);
    let seen = seen.lock().unwrap();
    let (name, protocol, head) = &seen[0];
    assert_eq!((name.as_deref(), protocol.as_deref()), (Some("keys.example"), Some(&b"http/1.1"[..])));
    assert!(head.starts_with("GET /jwks HTTP/1.1\r\nhost: keys.example:8443\r\n"), "{head}");
}

#[tokio::test]
async fn dr_5_5_a_certificate_for_another_name_gets_no_request() {
    let authority = authority();
    for names in [&["other.example"][..], &["*.keys.example"], &["keys.example.other"], &["1.1.1.1"]] {
        let (server, seen) = serving(names, &authority);
        let said = outcome(trusting(&authority, server).json(URL).await);
        assert!(said.starts_with("TLS: "), "{names:?}: {said}");
        assert!(seen.lock().unwrap().is_empty(), "{names:?}");
    }
}

#[tokio::test]
async fn dr_5_5_a_certificate_of_an_unknown_authority_gets_no_request() {
    let (known, unknown) = (authority(), authority());
    let (server, seen) = serving(&["keys.example"], &unknown);
    let said = outcome(trusting(&known, server).json(URL).await);
    assert!(said.starts_with("TLS: "), "{said}");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_is_known_by_its_certificate_too() {
    let authority = authority();
    let (server, seen) = serving(&["1.1.1.1"], &authority);
    let lab = trusting(&authority, server);
    assert_eq!(outcome(lab.json("https://1.1.1.1/jwks").await), "11 bytes");
    assert!(outcome(lab.json("https://1.1.1.2/jwks").await).starts_with("TLS: "));
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn plain_http_where_tls_belongs_is_no_answer() {
    let server = Server::taking(|mut stream| async move {
        stream.write_all(honest().as_bytes()).await.ok();
        // Until it is hung up on.
        request(&mut stream).await;
    });
    let said = outcome(trusting(&authority(), server).json(URL).await);
    assert!(said.starts_with("TLS: "), "{said}");
}

#[tokio::test]
async fn dr_5_5_no_session_is_taken_up_again() {
    let authority = authority();
    let (server, seen) = serving(&["keys.example"], &authority);
    let lab = trusting(&authority, server);
    for _ in 0..2 {
        assert_eq!(outcome(lab.json(URL).await), "11 bytes");
    }
    assert_eq!(seen.lock().unwrap().len(), 2);
    assert_eq!(lab.dialled().len(), 2);
}
