use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use super::{Ended, Site};

/// A server that answers one request with this status; the path that it was asked for.
fn answers(status: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(request.get(..read).unwrap()).into_owned();
        head.split(' ').nth(1).unwrap().to_owned()
    });
    (address, serving)
}

fn health(site: &Site, variable: &str, address: &str, more: &[&str]) -> Ended {
    let mut command = site.command(&[&["health"], more].concat());
    Ended::of(command.env(variable, address))
}

const ADMIN: &str = "COUNTERSIGN__HTTP__ADMIN_LISTEN";

#[test]
fn the_operators_listener_is_asked() {
    let site = Site::new();
    let (address, serving) = answers("200 OK");
    assert_eq!(health(&site, ADMIN, &address, &[]).done().out, "alive\n");
    assert_eq!(serving.join().unwrap(), "/health/live");
    let (address, serving) = answers("503 Service Unavailable");
    health(&site, ADMIN, &address, &["--ready"]).failed("answered 503 Service Unavailable, so it is not ready");
    assert_eq!(serving.join().unwrap(), "/health/ready");
}

#[test]
fn the_public_listener_is_asked_where_there_is_no_other() {
    let site = Site::with("[http]\nadmin_listen = \"off\"\n");
    let (address, serving) = answers("200 OK");
    let mut command = site.command(&["health", "--ready"]);
    command.env("COUNTERSIGN__HTTP__LISTEN", &address).env("COUNTERSIGN__ISSUER", "http://localhost:8628/id");
    assert_eq!(Ended::of(&mut command).done().out, "ready\n");
    assert_eq!(serving.join().unwrap(), "/id/health/ready", "under the path of the issuer");
}

#[test]
fn a_server_that_does_not_answer_is_not_well() {
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    health(&site, ADMIN, &address, &[]).failed(&format!("http://{address}/health/live"));
    health(&site, ADMIN, "127.0.0.1:0", &[]).failed("port 0");
}
