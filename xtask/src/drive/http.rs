//! A small blocking HTTP/1.1 client: plain HTTP to a loopback address, connections kept open, cookies kept.
//!
//! It exists so that the developer commands compile in seconds and so that the product's own HTTP library is not
//! tested against itself.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const TIMEOUT: Duration = Duration::from_secs(60);
const LARGEST_BODY: usize = 1 << 20;

/// One peer of the server: at most one connection at a time, and a jar of cookies.
pub(crate) struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    cookies: BTreeMap<String, String>,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON ({}): {}", self.status, self.body))
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, cookies: BTreeMap::new() }
    }

    /// Connects now, so that the next request does not pay for it.
    pub(crate) fn connect(&mut self) -> Result<()> {
        let stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        self.connection = Some(BufReader::new(stream));
        Ok(())
    }

    pub(crate) fn get(&mut self, path: &str, headers: Pairs<'_>) -> Result<Response> {
        self.request("GET", path, headers, None)
    }

    pub(crate) fn post(&mut self, path: &str, headers: Pairs<'_>, form: Pairs<'_>) -> Result<Response> {
        self.request("POST", path, headers, Some(&encode(form)))
    }

    fn request(&mut self, method: &str, path: &str, headers: Pairs<'_>, body: Option<&str>) -> Result<Response> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head.push_str(&format!("cookie: {}\r\n", cookies.join("; ")));
        }
        if let Some(body) = body {
            head.push_str("content-type: application/x-www-form-urlencoded\r\n");
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        let message = format!("{head}\r\n{}", body.unwrap_or_default());

        let response = self.exchange(&message)?;
        self.keep_cookies(&response);
        Ok(response)
    }

    /// Sends on the open connection, or on a new one when the server has closed it meanwhile. Nothing is ever sent
    /// twice: a reply that is lost is what some of the long runs count.
    fn exchange(&mut self, message: &str) -> Result<Response> {
        if !self.connection.as_ref().is_some_and(|connection| is_open(connection.get_ref())) {
            self.connect()?;
        }
        let mut connection = self.connection.take().context("no connection")?;
        connection.get_mut().write_all(message.as_bytes())?;
        let response = read_response(&mut connection)?;
        if response.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(response)
    }

    fn keep_cookies(&mut self, response: &Response) {
        for (_, value) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let Some((name, value)) = pair.trim().split_once('=') else { continue };
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Whether the peer has neither closed the connection nor said anything unasked.
fn is_open(stream: &TcpStream) -> bool {
    let quiet =
        |stream: &TcpStream| stream.peek(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    stream.set_nonblocking(true).is_ok() && quiet(stream) && stream.set_nonblocking(false).is_ok()
}

fn read_response(connection: &mut BufReader<TcpStream>) -> Result<Response> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    if line.is_empty() {
        bail!("the server closed the connection without an answer");
    }
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.with_context(|| format!("not an HTTP answer: {line:?}"))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut response = Response { status, headers, body: String::new() };
    let body = if response.header("transfer-encoding").is_some() {
        read_chunks(connection)?
    } else {
        let length = response.header("content-length").map(str::parse).transpose()?.unwrap_or(0);
        read_exactly(connection, length)?
    };
    response.body = String::from_utf8(body).context("the answer is not UTF-8")?;
    Ok(response)
}

fn read_chunks(connection: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        connection.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).context("a chunk without a size")?;
        body.extend(read_exactly(connection, size)?);
        read_exactly(connection, 2)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_exactly(connection: &mut BufReader<TcpStream>, length: usize) -> Result<Vec<u8>> {
    if length > LARGEST_BODY {
        bail!("an answer of {length} bytes");
    }
    let mut bytes = vec![0; length];
    connection.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// application/x-www-form-urlencoded.
pub(crate) fn encode(form: Pairs<'_>) -> String {
    let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The value of `Authorization: Basic` for a client that holds a secret (RFC 6749 §2.3.1).
pub(crate) fn basic(client: &str, secret: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{}:{}", escape(client), escape(secret));
    let mut encoded = String::from("Basic ");
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = bits >> (18 - 6 * place) & 63;
            let letter = ALPHABET.get(index as usize).filter(|_| place <= chunk.len());
            encoded.push(letter.map_or('=', |byte| char::from(*byte)));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{basic, encode};

    #[test]
    fn credentials_and_forms_are_encoded() {
        assert_eq!(basic("tv", "secret"), "Basic dHY6c2VjcmV0");
        assert_eq!(basic("tv", ""), "Basic dHY6");
        assert_eq!(encode(&[("a b", "c&d"), ("e", "ö")]), "a%20b=c%26d&e=%C3%B6");
    }
}
