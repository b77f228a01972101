//! A connection of HTTP/1.1 that is kept: a request out, its answer in, whole. Only what the servers here send is
//! understood, bodies with a length; anything else is an error and never a fast answer.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Answer;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// An open connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(8_192) })
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let mut head = None;
        let (status, body) = loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the connection was closed before the answer was whole");
            }
            if head.is_none() {
                head = Head::read(&self.received)?;
            }
            let Some(Head { status, body, length }) = head else { continue };
            if self.received.len() > body + length {
                bail!("more was sent than the answer has");
            }
            if self.received.len() == body + length {
                break (status, body);
            }
        };
        Ok(Answer { status, body: self.received.get(body..).unwrap_or_default() })
    }
}

/// What the head of an answer says that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    body: usize,
    length: usize,
}

impl Head {
    /// Reads the head; `None` while it is not whole.
    fn read(received: &[u8]) -> Result<Option<Self>> {
        let Some(end) = received.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) else {
            return Ok(None);
        };
        let head = std::str::from_utf8(received.get(..end).unwrap_or_default())?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let status = status.with_context(|| format!("not an answer of HTTP/1.1: {head}"))?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let length = length.with_context(|| format!("an answer without a length: {head}"))?;
        Ok(Some(Self { status, body: end + END_OF_HEAD.len(), length }))
    }
}

/// A form, ready to be sent.
pub(crate) fn post(address: SocketAddr, path: &str, form: &str, request: &mut Vec<u8>) {
    let length = form.len();
    let text = [
        "POST ",
        path,
        " HTTP/1.1\r\nhost: ",
        &address.to_string(),
        "\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ",
        &length.to_string(),
        "\r\n\r\n",
        form,
    ];
    text.iter().for_each(|part| request.extend_from_slice(part.as_bytes()));
}

/// A request for a page.
pub(crate) fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes()
}

/// One request on a connection of its own.
pub(crate) fn once<T>(address: SocketAddr, request: &[u8], read: impl FnOnce(Answer<'_>) -> T) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { Ok(read(Connection::open(address).await?.exchange(request).await?)) })
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn the_head_says_where_the_body_is_and_how_long() {
        let text = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        assert_eq!(Head::read(text).unwrap(), Some(Head { status: 400, body: text.len() - 2, length: 2 }));
        assert_eq!(Head::read(&text[..30]).unwrap(), None);
        assert!(Head::read(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "no length");
        assert!(Head::read(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n").is_err());
    }
}
