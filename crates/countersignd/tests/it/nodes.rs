//! Two nodes on one PostgreSQL behind one address: a device, its person's browser and its APIs meet either of them.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use store::conformance::Cluster;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::protected::{PASSWORD, approve as approve_on_pages};
use super::serving::{Place, Server};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What a held poll may take to be answered once the person has decided on another node. Without being told at once it
/// would be the rest of a second, or of four.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Two nodes, and the balancer in front of them.
struct Nodes {
    nodes: [Server; 2],
    issuer: String,
    balancer: Arc<Balancer>,
    http: reqwest::Client,
}

/// Sends each request to another node than the one before, or all to one.
struct Balancer {
    ports: [u16; 2],
    next: AtomicUsize,
    fixed: AtomicUsize,
}

/// No node: alternate.
const NONE: usize = usize::MAX;

impl Nodes {
    async fn start() -> Self {
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://localhost:{}", front.local_addr().unwrap().port());
        let address = Cluster::shared().empty().await;
        let places = [Place::new(), Place::new()];
        let key_file = places[0].file("key");
        for place in &places {
            // The address as one with a password would be kept.
            fs::write(place.file("store.url"), format!("{address}\n")).unwrap();
            place.configure_as(
                &issuer,
                "url_file = \"store.url\"\nconnections = 4",
                &key_file,
                &format!(
                    "[[client]]\nid = \"tv\"\nname = \"Television\"\ngrants = [\"device\", \"refresh_token\"]\n\
                     scopes = [\"openid\", \"offline_access\"]\nlink = \"always\"\n\
                     [[client]]\nid = \"api\"\nname = \"API\"\nauth = \"client_secret_basic\"\nsecret = \"{SECRET}\"\n\
                     grants = []\nintrospection = true\n"
                ),
            );
        }
        let mut add = places[0].command(&["user", "add", "maria", "--password-stdin"]);
        let mut adding = add.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        adding.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(adding.wait().unwrap().success());
        let nodes = places.map(Place::serve);
        let ports = [nodes[0].port(), nodes[1].port()];
        let balancer = Arc::new(Balancer { ports, next: AtomicUsize::new(0), fixed: AtomicUsize::new(NONE) });
        tokio::spawn(serve(front, Arc::clone(&balancer)));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { nodes, issuer, balancer, http }
    }

    /// What a node says to a form.
    async fn post(&self, node: usize, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let request = self.http.post(self.url(node, path)).form(form);
        answer(request).await
    }

    fn url(&self, node: usize, path: &str) -> String {
        format!("http://localhost:{}{path}", self.nodes[node].port())
    }

    async fn begin(&self, node: usize) -> Value {
        let (status, begun) = self
            .post(node, "/oauth2/device_authorization", &[("client_id", "tv"), ("scope", "openid offline_access")])
            .await;
        assert_eq!(status, 200, "{begun}");
        begun
    }

    /// A poll, which a node may hold; when it was answered comes with the answer.
    async fn poll(&self, node: usize, device_code: &str) -> (Value, Instant) {
        loop {
            let form = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("client_id", "tv"),
                ("device_code", device_code),
            ];
            let (_, reply) = self.post(node, "/oauth2/token", &form).await;
            if reply["error"] != "authorization_pending" {
                return (reply, Instant::now());
            }
        }
    }

    async fn user_status(&self, node: usize, token: &str) -> u16 {
        self.http.get(self.url(node, "/oauth2/userinfo")).bearer_auth(token).send().await.unwrap().status().as_u16()
    }

    async fn is_active(&self, node: usize, token: &str) -> bool {
        let request = self.http.post(self.url(node, "/oauth2/introspect")).basic_auth("api", Some(SECRET));
        let (status, reply) = answer(request.form(&[("token", token)])).await;
        assert_eq!(status, 200, "{reply}");
        reply["active"] == true
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() })
}

async fn serve(front: TcpListener, balancer: Arc<Balancer>) {
    loop {
        let (browser, _) = front.accept().await.unwrap();
        let at = match balancer.fixed.load(Ordering::Relaxed) {
            NONE => balancer.next.fetch_add(1, Ordering::Relaxed) % 2,
            fixed => fixed,
        };
        tokio::spawn(forward(browser, balancer.ports[at]));
    }
}

/// One request: the node closes after it, and so the next one is balanced anew.
async fn forward(mut browser: TcpStream, port: u16) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n") {
        match browser.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    head.extend_from_slice(b"Connection: close\r\n");
    let mut node = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    node.write_all(&head).await.unwrap();
    // Either side may be gone: the test looks at what came of it.
    drop(copy_bidirectional(&mut browser, &mut node).await);
}

/// Maria approves on the pages; when she was told so.
async fn approve(link: &str) -> Instant {
    approve_on_pages(link).await;
    Instant::now()
}

#[tokio::test(flavor = "multi_thread")]
async fn lp_2_rv_5_2_a_decision_on_one_node_answers_the_poll_held_on_another_and_a_revocation_holds_on_both() {
    let nodes = Nodes::start().await;
    for (device, browser) in [(0, 1), (1, 0), (0, NONE), (1, NONE)] {
        let begun = nodes.begin(device).await;
        nodes.balancer.fixed.store(browser, Ordering::Relaxed);
        let link = begun["verification_uri_complete"].as_str().unwrap();
        assert!(link.starts_with(&nodes.issuer));
        let code = begun["device_code"].as_str().unwrap();
        let ((tokens, answered), approved) = tokio::join!(nodes.poll(device, code), approve(link));
        let waited = answered.saturating_duration_since(approved);
        println!("device on {device}, browser on {browser}: answered after {waited:?}");
        assert!(waited < AT_ONCE, "answered {waited:?} after the decision");

        let access = tokens["access_token"].as_str().unwrap();
        let other = 1 - device;
        assert_eq!((nodes.user_status(0, access).await, nodes.user_status(1, access).await), (200, 200));
        assert!(nodes.is_active(other, access).await);
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", refresh)];
        let (status, renewed) = nodes.post(other, "/oauth2/token", &form).await;
        assert_eq!(status, 200, "{renewed}");
        // Revoked on one node, it is good on none, also the one that answered for it a moment ago.
        let newest = renewed["refresh_token"].as_str().unwrap();
        let (status, _) = nodes.post(device, "/oauth2/revoke", &[("client_id", "tv"), ("token", newest)]).await;
        assert_eq!(status, 200);
        for node in [other, device] {
            assert!(!nodes.is_active(node, access).await);
            assert_eq!(nodes.user_status(node, access).await, 401);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_redeemed_once_whichever_nodes_are_asked() {
    let nodes = Nodes::start().await;
    let begun = nodes.begin(0).await;
    approve(begun["verification_uri_complete"].as_str().unwrap()).await;
    let code = begun["device_code"].as_str().unwrap();
    let replies = tokio::join!(nodes.poll(0, code), nodes.poll(1, code), nodes.poll(0, code), nodes.poll(1, code));
    let replies = [replies.0.0, replies.1.0, replies.2.0, replies.3.0];
    let errors: Vec<&Value> =
        replies.iter().filter(|reply| reply["access_token"].is_null()).map(|r| &r["error"]).collect();
    assert_eq!(errors.len(), 3, "{replies:?}");
    assert!(errors.iter().all(|error| **error == "invalid_grant"), "{replies:?}");
}
