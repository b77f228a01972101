//! `countersignd serve` as an operator meets it: what it says when it cannot start, and that a running server hears what
//! commands change beside it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{argument, countersignd, ended};

/// A folder with a configuration, and ports that were free a moment ago.
pub(super) struct Place {
    folder: TempDir,
    port: u16,
}

/// A running server; killed when the test is over.
pub(super) struct Server {
    child: Child,
    place: Place,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = Self { folder, port };
        place.configure("");
        place
    }

    pub(super) fn configure(&self, more: &str) {
        let issuer = format!("http://localhost:{}", self.port);
        self.configure_as(&issuer, "url = \"sqlite:countersign.db\"", Path::new("key"), more);
    }

    /// With another address than its own, another store, and a key file that may be another one's too.
    pub(super) fn configure_as(&self, issuer: &str, store: &str, key_file: &Path, more: &str) {
        let text = format!(
            "issuer = \"{issuer}\"\n[http]\nlisten = \"127.0.0.1:{port}\"\nadmin_listen = \"off\"\n\
             [store]\n{store}\n[secrets]\nkey_file = \"{key_file}\"\n[log]\nformat = \"json\"\n{more}",
            port = self.port,
            key_file = argument(key_file),
        );
        fs::write(self.config(), text).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.file("countersignd.toml")
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = countersignd(arguments);
        command.args(["--config", argument(&self.config())]);
        command
    }

    /// Makes database and key file, with a client in it.
    fn found(&self) {
        let add = ["client", "add", "tv", "--name", "TV", "--auth", "none", "--grant", "device"];
        let (code, _, error) = ended(&mut self.command(&add));
        assert_eq!(code, Some(0), "{error}");
    }

    /// What `serve` says when it cannot start.
    fn refusal(&self) -> (Option<i32>, String) {
        let (code, _, error) = ended(&mut self.command(&["serve"]));
        (code, error)
    }

    pub(super) fn serve(self) -> Server {
        let mut child = self.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut lines = log.lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("\"ready\"")), "it did not start");
        // Whatever else it says is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, place: self }
    }
}

impl Server {
    pub(super) const fn port(&self) -> u16 {
        self.place.port
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.place.port)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.place.file(name)
    }

    /// A command that runs beside it.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        self.place.command(arguments)
    }

    pub(super) fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.place.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.place.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    fn start(&self) -> String {
        self.post("/oauth2/device_authorization", "client_id=tv")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const TV: &str = "[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\nscopes = [\"openid\"]\n";

#[test]
fn a_port_in_use_is_named() {
    let place = Place::new();
    let taken = TcpListener::bind(("127.0.0.1", place.port)).unwrap();
    let (code, error) = place.refusal();
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains(&format!("cannot listen on 127.0.0.1:{}", place.port)), "{error}");
    drop(taken);
}

#[test]
fn a_damaged_database_is_named_and_left_alone() {
    let place = Place::new();
    place.found();
    fs::write(place.file("countersign.db"), "this is no database at all, and long enough to be looked at").unwrap();
    let (code, error) = place.refusal();
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("countersign.db") && error.contains("not a database"), "{error}");
    assert!(fs::read_to_string(place.file("countersign.db")).unwrap().starts_with("this is no database"));
}

#[test]
fn a_missing_or_foreign_key_file_is_named_and_none_is_made() {
    let place = Place::new();
    place.found();
    fs::remove_file(place.file("key")).unwrap();
    let (code, error) = place.refusal();
    assert_ne!(code, Some(0));
    assert!(error.contains("key is missing") && error.contains("restore it"), "{error}");
    assert!(!place.file("key").exists());

    let other = Place::new();
    other.found();
    fs::copy(other.file("key"), place.file("key")).unwrap();
    let (code, error) = place.refusal();
    assert_eq!(code, Some(1));
    assert!(error.contains("not the one this database was made with"), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let place = Place::new();
    let text = fs::read_to_string(place.config()).unwrap();
    fs::write(place.config(), text.replace("sqlite:countersign.db", "sqlite:nowhere/countersign.db")).unwrap();
    let (code, error) = place.refusal();
    assert_eq!(code, Some(2));
    assert!(error.contains("nowhere/countersign.db") && error.contains("make it"), "{error}");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_name() {
    let place = Place::new();
    place.configure("[device]\nlifetme = \"5m\"\n");
    let (code, error) = place.refusal();
    assert_eq!(code, Some(2));
    assert!(
        error.contains("countersignd.toml:12:1: unknown key `lifetme` in [device]; did you mean `lifetime`?"),
        "{error}"
    );
}

#[test]
fn a_running_server_hears_of_commands_beside_it() {
    let place = Place::new();
    place.found();
    let server = place.serve();
    assert!(server.start().starts_with("HTTP/1.1 200"), "{}", server.start());
    let (code, _, error) = ended(&mut server.place.command(&["client", "remove", "tv"]));
    assert_eq!(code, Some(0), "{error}");
    until(|| server.start().contains("invalid_client"));
}

#[cfg(unix)]
#[test]
fn sighup_reads_declared_clients_again_and_sigterm_stops_in_good_order() {
    let place = Place::new();
    let mut server = place.serve();
    assert!(server.start().contains("invalid_client"));
    server.place.configure(TV);
    signal(&server.child, "HUP");
    until(|| server.start().starts_with("HTTP/1.1 200"));
    server.place.configure("");
    signal(&server.child, "HUP");
    until(|| server.start().contains("invalid_client"));
    signal(&server.child, "TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(!Path::new(&server.place.file("countersign.db-wal")).exists(), "the log was written back");
}

#[cfg(unix)]
#[test]
fn a_running_server_goes_on_through_a_change_of_the_key_file() {
    let place = Place::new();
    place.found();
    let server = place.serve();
    let file = |name: &str| server.place.file(name);
    let keys = || server.get("/oauth2/jwks").matches("\"kid\"").count();
    let device = server.start();
    assert!(device.starts_with("HTTP/1.1 200"), "{device}");
    let done = |arguments: &[&str]| {
        let (code, _, error) = ended(&mut server.place.command(arguments));
        assert_eq!(code, Some(0), "{error}");
    };
    let code = device.split("\"device_code\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let poll = || {
        let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=tv&device_code=";
        server.post("/oauth2/token", &format!("{grant}{code}"))
    };

    done(&["key", "reseal", "--make", "--new-key-file", argument(&file("key.new"))]);
    // The server may have heard of it or not, and knows its codes in either case.
    for _ in 0..20 {
        assert!(server.start().starts_with("HTTP/1.1 200"));
    }
    assert_eq!(keys(), 3);
    fs::rename(file("key.new"), file("key")).unwrap();
    done(&["key", "rotate"]);
    until(|| keys() == 6);
    assert!(server.start().starts_with("HTTP/1.1 200"));

    // The same by configuration: another place, and a signal.
    done(&["key", "reseal", "--make", "--new-key-file", argument(&file("second"))]);
    let text = fs::read_to_string(server.place.config()).unwrap();
    fs::write(server.place.config(), text.replace("key_file = \"key\"", "key_file = \"second\"")).unwrap();
    signal(&server.child, "HUP");
    let (_, listed, _) = ended(&mut server.place.command(&["key", "list"]));
    let next = listed.lines().find(|line| line.contains("sign_eddsa") && line.contains(" next ")).unwrap();
    done(&["key", "retire", next.split(' ').next().unwrap(), "--yes"]);
    until(|| keys() == 5);
    assert!(poll().contains("authorization_pending"), "{}", poll());
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Asks until it is so. A second is promised; a busy machine gets more before the test gives up.
fn until(mut is_so: impl FnMut() -> bool) {
    assert!((0..2_000).any(|_| is_so()), "it never came");
}
