//! Clients that sign assertions under keys at an address of theirs (RFC 7591 §2 `jwks_uri`): over real sockets to honest
//! and hostile hosts. What a fetch may do is tested beside it; here, what becomes of the client's request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jose::client_assertion::{self, TYPE};
use jose::{Algorithm, SigningKey};
use proto::model::{AuthMethod, Client, ClientKeys};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::support::{AUTHORIZATION, Answer, Call};
use crate::support::{ISSUER, TestApp, client};

/// The host of a client's keys, on this machine.
struct Host {
    url: String,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicUsize>,
}

impl Host {
    async fn new(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let (answer, asked) = (Arc::new(Mutex::new(answer.into())), Arc::new(AtomicUsize::new(0)));
        let (says, counts) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counts.fetch_add(1, Ordering::Relaxed);
                let says = says.lock().unwrap().clone();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                // One that is refused early may hang up.
                stream.write_all(&says).await.ok();
            }
        });
        Self { url, answer, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn set(keys: &[&SigningKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys }).to_string()
}

fn saying(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn publishing(keys: &[&SigningKey]) -> Vec<u8> {
    saying("Content-Type: application/jwk-set+json\r\n", &set(keys))
}

async fn register(app: &TestApp, keys: ClientKeys) {
    let signs = Client { auth: AuthMethod::PrivateKeyJwt, keys: Some(keys), ..client("fleet", "Fleet") };
    app.flow.admin().add_client(&signs).await.unwrap();
}

/// A device of the client asks for a code, with an assertion under this key.
async fn start(app: &TestApp, key: &SigningKey) -> Answer {
    let entropy = &mut app.env.entropy();
    let assertion = client_assertion::issue(key, "fleet", ISSUER, app.env.now(), entropy).unwrap();
    let kind = TYPE.replace(':', "%3A");
    let form = format!("client_id=fleet&scope=openid&client_assertion_type={kind}&client_assertion={assertion}");
    Call::post(AUTHORIZATION, &form).send(app).await
}

#[tokio::test]
async fn pk_10_a_client_is_known_by_the_keys_at_its_address_and_may_rotate_them() {
    let (old, new, foreign) = (key(), key(), key());
    let host = Host::new(publishing(&[&old])).await;
    let app = TestApp::new().await;
    register(&app, ClientKeys::At(host.url.as_str().into())).await;
    assert_eq!(host.asked(), 0);
    for _ in 0..3 {
        assert!(!start(&app, &old).await.text("user_code").is_empty());
    }
    assert_eq!(host.asked(), 1);

    *host.answer.lock().unwrap() = publishing(&[&old, &new]);
    assert_eq!(start(&app, &new).await.refusal().1, "invalid_client");
    app.advance(60);
    assert!(!start(&app, &new).await.text("user_code").is_empty());
    assert_eq!(host.asked(), 2);
    for _ in 0..10 {
        assert_eq!(start(&app, &foreign).await.refusal().1, "invalid_client");
    }
    assert_eq!(host.asked(), 2);

    *host.answer.lock().unwrap() = publishing(&[&new]);
    app.advance(3_600);
    assert!(!start(&app, &new).await.text("user_code").is_empty());
    assert_eq!(start(&app, &old).await.refusal().1, "invalid_client");
}

#[tokio::test]
async fn dr_5_5_a_hostile_address_gets_its_client_refused_like_any_other() {
    let own = key();
    let secret = Host::new(publishing(&[&own])).await;
    let json = "Content-Type: application/json\r\n";
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\n{json}Content-Length: 0\r\n\r\n", secret.url);
    let leaked = set(&[&own]).replace("\"kty\"", "\"d\":\"AA\",\"kty\"");
    let refusal = {
        let app = TestApp::new().await;
        register(&app, ClientKeys::Set(set(&[&key()]).into())).await;
        start(&app, &own).await.show()
    };
    for answer in [
        redirect.into_bytes(),
        saying("Content-Type: text/html\r\n", &set(&[&own])),
        saying(&format!("{json}Content-Encoding: gzip\r\n"), &set(&[&own])),
        saying(json, &format!("{}{}", set(&[&own]), " ".repeat(65_536))),
        saying(json, &leaked),
        saying(json, "{}"),
        b"SSH-2.0-OpenSSH_9\r\n".to_vec(),
    ] {
        let host = Host::new(answer).await;
        let app = TestApp::new().await;
        register(&app, ClientKeys::At(host.url.as_str().into())).await;
        for _ in 0..3 {
            assert_eq!(start(&app, &own).await.show(), refusal);
        }
        assert_eq!(host.asked(), 1);
    }
    for url in ["https://10.0.0.1/jwks", "https://169.254.169.254/jwks", "https://[::1]/jwks", "http://1.1.1.1/jwks"] {
        let app = TestApp::new().await;
        register(&app, ClientKeys::At(url.into())).await;
        assert_eq!(start(&app, &own).await.show(), refusal, "{url}");
    }
    assert_eq!(secret.asked(), 0);
}
