//! A small authorization server on a socket, whose answers a test chooses, and a home directory for the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The claims of its proof, unchecked.
    pub(crate) fn proof(&self) -> Value {
        let payload = self.header("dpop").unwrap().split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<(u16, Value)> for Reply {
    fn from((status, body): (u16, Value)) -> Self {
        Self::new(status, body.to_string()).with("content-type", "application/json")
    }
}

type Handler = Box<dyn FnMut(&Request) -> Reply + Send>;

/// The server. Its thread ends with the test program.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) issuer: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Publishes itself, answers requests for a code with `codes`, and everything else with `answer`.
    pub(crate) fn new(
        change: impl FnOnce(&mut Value, &str),
        mut answer: impl FnMut(&str, &str) -> (u16, Value) + Send + 'static,
    ) -> Self {
        Self::start(&json!({}), change, move |request| answer(&request.path, &request.body).into())
    }

    /// The same with more to say about itself, and more to answer.
    pub(crate) fn saying(more: &Value, answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::start(more, |_, _| {}, answer)
    }

    /// One that offers no codes.
    pub(crate) fn start_without(answer: (u16, Value)) -> Self {
        Self::start(&json!({"device_authorization_endpoint": null}), |_, _| {}, move |_| answer.clone().into())
    }

    fn start(
        more: &Value,
        change: impl FnOnce(&mut Value, &str),
        mut answer: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let mut metadata = json!({
            "issuer": issuer,
            "device_authorization_endpoint": format!("{issuer}/codes"),
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
        });
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut codes = json!({
            "device_code": "the-device-code", "user_code": "WDJB-MJHT", "verification_uri": format!("{issuer}/device"),
            "verification_uri_complete": format!("{issuer}/D/WDJB-MJHT"), "expires_in": 60, "interval": 1
        });
        change(&mut codes, &issuer);
        let handler: Handler = Box::new(move |request| match request.path.as_str() {
            "/.well-known/oauth-authorization-server" => (200, metadata.clone()).into(),
            "/codes" => (200, codes.clone()).into(),
            _ => answer(request),
        });
        let server = Self { issuer, seen: Arc::default() };
        let (seen, handler) = (Arc::clone(&server.seen), Arc::new(Mutex::new(handler)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
                thread::spawn(move || serve(&stream, &seen, &handler));
            }
        });
        server
    }

    /// Answers polls in turn, the last answer for ever, and everything else with an empty success.
    pub(crate) fn polls(polls: Vec<(u16, Value)>) -> Self {
        Self::new(|_, _| {}, in_turn(polls))
    }

    /// What was requested: path and form.
    pub(crate) fn seen(&self) -> Vec<(String, String)> {
        self.requests().into_iter().map(|request| (request.path, request.body)).collect()
    }

    /// What was requested, whole.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn in_turn(polls: Vec<(u16, Value)>) -> impl FnMut(&str, &str) -> (u16, Value) + Send + 'static {
    let mut polls = polls.into_iter().peekable();
    move |path, _| match path {
        "/token" => {
            let next = polls.next().unwrap();
            if polls.peek().is_none() {
                // The iterator is rebuilt from its last item.
                polls = vec![next.clone()].into_iter().peekable();
            }
            next
        }
        _ => (200, json!({})),
    }
}

fn serve(mut stream: &TcpStream, seen: &Mutex<Vec<Request>>, handler: &Mutex<Handler>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap(), words.next().unwrap_or_default());
        let mut request = Request { method, path, ..Request::default() };
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        request.body = String::from_utf8(body).unwrap();
        seen.lock().unwrap().push(request.clone());
        let Reply { status, headers, body } = (handler.lock().unwrap())(&request);
        let mut reply = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            reply.push_str(&format!("{name}: {value}\r\n"));
        }
        reply.push_str("\r\n");
        let bytes = [reply.as_bytes(), if request.method == "HEAD" { &[] } else { &body }].concat();
        if stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

pub(crate) fn error(name: &str) -> (u16, Value) {
    (400, json!({ "error": name }))
}

pub(crate) fn tokens() -> (u16, Value) {
    (
        200,
        json!({
            "access_token": "the-access-token", "token_type": "Bearer", "expires_in": 600,
            "refresh_token": "the-refresh-token", "scope": "openid files"
        }),
    )
}

/// Tokens that are bound to the key of the request.
pub(crate) fn bound_tokens() -> (u16, Value) {
    let (status, mut body) = tokens();
    body.as_object_mut().unwrap().insert("token_type".to_owned(), json!("DPoP"));
    (status, body)
}

/// A machine of one's own: an empty home directory and a bare environment.
pub(crate) struct Home(pub(crate) tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .env("TZ", "UTC");
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        Ran::from(self.command(line).output().unwrap())
    }

    /// Signs in to this server.
    pub(crate) fn login(&self, server: &Server, more: &str) -> Ran {
        self.run(&format!("login --issuer {} --client-id tv --allow-http-loopback {more}", server.issuer))
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.0.path().join(".local/state/countersign/tokens/default.json")
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) stdout: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stderr: text(output.stderr), stdout: text(output.stdout) }
    }
}

impl Ran {
    /// The events of `--json`.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
