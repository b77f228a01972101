//! One request and its answer over a connection (HTTP/1.1), with a bound on everything the answer has.

use bytes::Bytes;
use flow::client_keys::Fetched;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

use super::target::Target;
use super::{FetchError, MAX_BODY};

const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const AGENT: &str = concat!("countersignd/", env!("CARGO_PKG_VERSION"));

/// Asks for `target` over `stream` and reads the answer to its end.
pub(super) async fn exchange<S>(stream: S, target: &Target) -> Result<Fetched, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD).max_header_size(MAX_HEAD).max_headers(MAX_HEADERS);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| FetchError::http(&error))?;
    let request = request(target)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| FetchError::http(&error))?;
        let (head, body) = answer.into_parts();
        let max_age = judge(head.status, &head.headers)?;
        Ok(Fetched { body: collect(body).await?, max_age })
    };
    // The connection is driven until the answer is complete, and dropped with it.
    let driving = async {
        drop(connection.await);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer => answer,
        () = driving => Err(FetchError::Broken),
    }
}

fn request(target: &Target) -> Result<Request<Empty<Bytes>>, FetchError> {
    Request::get(&target.path)
        .header(HOST, &target.authority)
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .header(USER_AGENT, AGENT)
        .body(Empty::new())
        .map_err(|_| FetchError::Broken)
}

/// Whether the answer is one, and for how long it says that it is good.
fn judge(status: StatusCode, headers: &HeaderMap) -> Result<Option<Duration>, FetchError> {
    if status != StatusCode::OK {
        return Err(FetchError::Status(status.as_u16()));
    }
    let others = |name: HeaderName, allowed: &str| headers.get_all(name).iter().any(|value| value != allowed);
    if others(CONTENT_ENCODING, "identity") || others(TRANSFER_ENCODING, "chunked") {
        return Err(FetchError::Encoded);
    }
    if !headers.get(CONTENT_TYPE).is_some_and(is_json) {
        return Err(FetchError::ContentType);
    }
    if number(headers, CONTENT_LENGTH).is_some_and(|length| length > MAX_BODY as u64) {
        return Err(FetchError::TooLarge);
    }
    Ok(max_age(headers))
}

/// `application/json` or another type of JSON under `application` (RFC 6839 §3.1), whatever its parameters.
fn is_json(value: &HeaderValue) -> bool {
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

async fn collect(mut body: Incoming) -> Result<Vec<u8>, FetchError> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|error| FetchError::http(&error))?.into_data() {
            if data.len() > MAX_BODY.saturating_sub(whole.len()) {
                return Err(FetchError::TooLarge);
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole)
}

/// How much longer the answer is fresh (RFC 9111 §4.2). The shortest of several counts.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let seconds = lines.flat_map(|line| line.split(',')).filter_map(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "max-age" => value.trim().trim_matches('"').parse().ok(),
            "no-cache" | "no-store" => Some(0),
            _ => None,
        }
    });
    let age = number(headers, AGE).unwrap_or(0);
    seconds.min().map(|seconds: u64| Duration::from_secs(seconds.saturating_sub(age)))
}

fn number(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
