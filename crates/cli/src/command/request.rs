//! `countersign request`: one call of an API with the token. The proof a bound token needs, the nonce an API may ask for
//! and the renewal of a token that ended too early are seen to; the answer goes to stdout as it came.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use client::call::refuses_token;
use client::transport::Response;
use client::{Call, Endpoint, Https, Plain, Plaintext, Session, System, call, text};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use zeroize::Zeroizing;

use crate::arguments::{self, Target};
use crate::command;
use crate::command::token;
use crate::exit::{Exit, Failure, say};
use crate::explain;

const TIMEOUT: Duration = Duration::from_secs(300);
const MOST: usize = 64 * 1024 * 1024;
const MOST_REDIRECTS: usize = 5;

pub(crate) async fn run(arguments: arguments::Request) -> Result<(), Failure> {
    let Target { profile: name, method, url } = arguments.target()?;
    let body = arguments.data.as_deref().map(body).transpose()?;
    let mut headers: HeaderMap = HeaderMap::new();
    for (name, value) in &arguments.headers {
        headers.append(name, value.clone());
    }
    if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let session = token::valid(&name).await?;
    let transport = command::transport(command::remembered(&name)?.ca_file.as_deref())?;
    let mut call = Call { body: body.unwrap_or_default(), headers, method, most: MOST, timeout: TIMEOUT, url };

    let mut answer = follow(&transport, &session, &mut call).await?;
    command::keep_nonces(&name, &session);
    if refuses_token(&answer) && session.refresh_token.is_some() {
        // It may have been taken back, or this device's clock be wrong. A refused call did nothing, so it may be repeated.
        let session = token::replaced(&name, &session).await?;
        answer = follow(&transport, &session, &mut call).await?;
        command::keep_nonces(&name, &session);
    }
    if arguments.include {
        head(&answer);
    }
    write(&answer.body)?;
    judge(&answer, &call.url)
}

/// The body: as given, from a file, from stdin.
fn body(data: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let unreadable =
        |what: &str, error: io::Error| Failure::usage(format!("The body cannot be read: {what}: {error}."));
    match data.strip_prefix('@') {
        None => Ok(Zeroizing::new(data.as_bytes().to_vec())),
        Some("-") => {
            let mut body = Zeroizing::default();
            io::stdin().read_to_end(&mut body).map_err(|error| unreadable("stdin", error))?;
            Ok(body)
        }
        Some(path) => fs::read(path).map(Zeroizing::new).map_err(|error| unreadable(path, error)),
    }
}

/// Calls, and goes where a GET is sent on to, as long as that is the same origin: the token is for no other.
async fn follow(transport: &Https, session: &Session, call_of: &mut Call) -> Result<Response, Failure> {
    for _ in 0..MOST_REDIRECTS {
        let answer = send(transport, session, call_of).await?;
        let goes_on = matches!(answer.status, 301 | 302 | 303 | 307 | 308) && is_safe(&call_of.method);
        match target(&answer, &call_of.url) {
            Some(target) if goes_on && target.url().origin() == call_of.url.url().origin() => call_of.url = target,
            _ => return Ok(answer),
        }
    }
    send(transport, session, call_of).await
}

async fn send(transport: &Https, session: &Session, request: &Call) -> Result<Response, Failure> {
    let answer = call(transport, &System::new(), session, request).await;
    answer.map_err(|error| explain::error(&error, authority(&request.url), None))
}

fn is_safe(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn target(answer: &Response, from: &Endpoint) -> Option<Endpoint> {
    let target = from.url().join(answer.headers.get(LOCATION)?.to_str().ok()?).ok()?;
    Endpoint::parse(target.as_str(), Plaintext::OnLoopback).ok()
}

fn authority(url: &Endpoint) -> &str {
    &url.url()[url::Position::BeforeHost..url::Position::AfterPort]
}

/// The status and the headers, for the person.
fn head(answer: &Response) {
    say(&status(answer.status));
    for (name, value) in &answer.headers {
        say(&format!("{name}: {}", Plain::new(&String::from_utf8_lossy(value.as_bytes()), 4096)));
    }
    say("");
}

fn status(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{status} {}", reason.unwrap_or_default()).trim_end().to_owned()
}

/// The body as it came; on a terminal without what would steer it.
fn write(body: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = if stdout.is_terminal() {
        let shown = text::document(&String::from_utf8_lossy(body));
        let end = if shown.is_empty() || shown.ends_with('\n') { "" } else { "\n" };
        write!(stdout, "{shown}{end}")
    } else {
        stdout.write_all(body)
    };
    written
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::unexpected(format!("The answer could not be written: {error}.")))
}

/// What the status says about the call.
fn judge(answer: &Response, url: &Endpoint) -> Result<(), Failure> {
    let (host, said) = (authority(url), status(answer.status));
    match answer.status {
        300..=399 if answer.status != 304 => {
            let to = target(answer, url).map(|target| format!(" and points to {target}")).unwrap_or_default();
            let message = format!("{host} answered {said}{to}, which is not followed.");
            Err(Failure::new(Exit::Refused, "redirect", message))
        }
        ..400 => Ok(()),
        _ => Err(Failure::new(Exit::Refused, "status", format!("{host} answered {said}."))),
    }
}
