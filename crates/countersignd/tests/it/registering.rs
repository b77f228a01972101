//! Clients register themselves with a running server, by the word of commands that run beside it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::ended;
use super::serving::{Place, Server};

/// Status and body of a request with a JSON body and a bearer token.
fn send(server: &Server, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let host = server.issuer().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
    let body = reply.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn command(server: &Server, arguments: &[&str]) -> String {
    let (code, out, error) = ended(&mut server.command(arguments));
    assert_eq!(code, Some(0), "{error}");
    out.trim().to_owned()
}

#[test]
fn dr_3_1_dr_3_2_dm_2_2_1_dm_2_3_1_a_client_registers_itself_looks_after_that_and_ends_it_on_a_running_server() {
    let server = Place::new().serve();
    let add = ["initial-access-token", "add", "test", "--grant", "device", "--scope", "openid", "--uses", "unlimited"];
    let token = command(&server, &add);
    let said = json!({
        "client_name": "TV", "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"],
        "token_endpoint_auth_method": "none",
    });
    let (status, told) = send(&server, "POST", "/oauth2/register", &token, &said);
    assert_eq!(status, 201, "{told}");
    let id = told["client_id"].as_str().unwrap().to_owned();
    let own = told["registration_access_token"].as_str().unwrap().to_owned();
    let uri = told["registration_client_uri"].as_str().unwrap().strip_prefix(&server.issuer()).unwrap().to_owned();
    let start = || server.post("/oauth2/device_authorization", &format!("client_id={id}"));
    assert!(start().starts_with("HTTP/1.1 200"));

    // The command shows what registered itself, and what it changes is what the client reads.
    let shown: Value = serde_json::from_str(&command(&server, &["client", "show", &id, "--json"])).unwrap();
    assert_eq!((&shown["verified"], shown["registration"].is_object()), (&json!(false), true));
    command(&server, &["client", "edit", &id, "--name", "Kitchen TV"]);
    assert_eq!(send(&server, "GET", &uri, &own, &Value::Null).1["client_name"], "Kitchen TV");

    let mut changed = said.clone();
    (changed["client_id"], changed["client_name"]) = (json!(id), json!("Attic TV"));
    let (status, told) = send(&server, "PUT", &uri, &own, &changed);
    assert_eq!((status, &told["client_name"], told.get("scope")), (200, &json!("Attic TV"), None));

    assert_eq!(send(&server, "DELETE", &uri, &own, &Value::Null).0, 204);
    assert_eq!(send(&server, "GET", &uri, &own, &Value::Null).0, 401);
    assert!(start().contains("invalid_client"));

    let tokens: Value = serde_json::from_str(&command(&server, &["initial-access-token", "list", "--json"])).unwrap();
    command(&server, &["initial-access-token", "revoke", tokens[0]["id"].as_str().unwrap()]);
    assert_eq!(send(&server, "POST", "/oauth2/register", &token, &said).0, 401, "at once");
}
