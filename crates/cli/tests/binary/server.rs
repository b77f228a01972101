//! A small authorization server on a socket, whose answers a test chooses, and a home directory for the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What is answered: status and body, by path and form.
type Handler = Box<dyn FnMut(&str, &str) -> (u16, Value) + Send>;

/// The server. Its thread ends with the test program.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) issuer: String,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Server {
    /// Publishes itself, answers requests for a code with `codes`, and everything else with `answer`.
    pub(crate) fn new(
        change: impl FnOnce(&mut Value, &str),
        mut answer: impl FnMut(&str, &str) -> (u16, Value) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let metadata = json!({
            "issuer": issuer,
            "device_authorization_endpoint": format!("{issuer}/codes"),
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
        });
        let mut codes = json!({
            "device_code": "the-device-code", "user_code": "WDJB-MJHT", "verification_uri": format!("{issuer}/device"),
            "verification_uri_complete": format!("{issuer}/D/WDJB-MJHT"), "expires_in": 60, "interval": 1
        });
        change(&mut codes, &issuer);
        let handler: Handler = Box::new(move |path, form| match path {
            "/.well-known/oauth-authorization-server" => (200, metadata.clone()),
            "/codes" => (200, codes.clone()),
            _ => answer(path, form),
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

fn serve(mut stream: &TcpStream, seen: &Mutex<Vec<(String, String)>>, handler: &Mutex<Handler>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            match header.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap();
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut form = vec![0; length];
        reader.read_exact(&mut form).unwrap();
        let form = String::from_utf8(form).unwrap();
        seen.lock().unwrap().push((path.clone(), form.clone()));
        let (status, body) = (handler.lock().unwrap())(&path, &form);
        let body = body.to_string();
        let length = body.len();
        let reply =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
        if stream.write_all(reply.as_bytes()).is_err() {
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

/// A machine of one's own: an empty home directory and a bare environment.
pub(crate) struct Home(pub(crate) tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(line.split_whitespace()).env_clear().env("HOME", self.0.path()).env("TZ", "UTC");
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
