//! `/oauth2/register` (RFC 7591 §3) and what hangs under it, one address for each client (RFC 7592 §2).

use bytes::Bytes;
use flow::registration::{AdmittedBy, RegisterRequest};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use proto::grant::whole_seconds;
use proto::registration::Refusal;
use proto::wire::error::ErrorBody;

use crate::fetch::check_url;
use crate::reply::{self, Reply};
use crate::request::Ask;
use crate::telemetry::{AuditEvent, RegisteredBy};

/// How who has no token, or a bad one, is asked for one (RFC 6750 §3).
const CHALLENGE: &str = "Bearer realm=\"countersign\"";

/// Registers a client.
pub(crate) async fn post(ask: &Ask<'_>, body: &Bytes) -> Reply {
    let registered = match shown(ask.headers) {
        Ok(token) => ask.flow().register(RegisterRequest { token, body, requester: ask.address, may_fetch }).await,
        Err(cause) => Err(cause),
    };
    match registered {
        Ok(registered) => {
            let by = match registered.by {
                AdmittedBy::Nobody => RegisteredBy::Nobody,
                AdmittedBy::Statement => RegisteredBy::Statement,
                AdmittedBy::Token => RegisteredBy::Token,
            };
            let client = &registered.client_id;
            ask.audit(&AuditEvent::ClientRegistered { client, initiator: ask.address, by });
            reply::json(StatusCode::CREATED, &registered.information)
        }
        Err(cause) => refusal(ask, &cause),
    }
}

/// Reads, replaces or ends the registration of the client called `id`. Only a replacement has a body.
pub(crate) async fn manage(ask: &Ask<'_>, id: &str, body: &Bytes) -> Reply {
    let token = match shown(ask.headers).and_then(|token| token.ok_or(Refusal::TokenMissing)) {
        Ok(token) => token,
        Err(cause) => return refusal(ask, &cause),
    };
    let flow = ask.flow();
    let told = match *ask.method {
        Method::DELETE => match flow.end_registration(id, token).await {
            Ok(client) => {
                ask.audit(&AuditEvent::ClientUnregistered { client: &client, initiator: ask.address });
                return reply::no_content();
            }
            Err(cause) => Err(cause),
        },
        Method::PUT => {
            let updated = flow.update_registration(id, token, body, may_fetch).await;
            if let Ok((client, _)) = &updated {
                ask.audit(&AuditEvent::ClientReregistered { client, initiator: ask.address });
            }
            updated.map(|(_, information)| information)
        }
        _ => flow.read_registration(id, token).await,
    };
    match told {
        Ok(information) => reply::json(StatusCode::OK, &information),
        Err(cause) => refusal(ask, &cause),
    }
}

/// What is refused before the body was read.
pub(crate) fn refusal(ask: &Ask<'_>, cause: &Refusal) -> Reply {
    tracing::info!(request = %ask.id, ?cause, "a registration was refused");
    let status = match cause {
        Refusal::ClientDisabled | Refusal::Off => StatusCode::FORBIDDEN,
        Refusal::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::TokenInvalid | Refusal::TokenMissing => StatusCode::UNAUTHORIZED,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    };
    let code = cause.code();
    let mut reply = match code {
        // Who showed nothing is told how to, and no error (BT-3.1-2).
        None => reply::json_bytes(status, "{}".into()),
        Some(code) => {
            let error_description = Some(cause.description().into());
            reply::json(status, &ErrorBody { error_description, ..ErrorBody::new(code) })
        }
    };
    if status == StatusCode::UNAUTHORIZED {
        let error = code.map_or(String::new(), |code| format!(", error=\"{code}\""));
        reply::set(reply.headers_mut(), header::WWW_AUTHENTICATE, &format!("{CHALLENGE}{error}"));
    }
    let after = match cause {
        Refusal::Overloaded => Some(1),
        Refusal::TooMany { retry_after } => Some(whole_seconds(*retry_after)),
        _ => None,
    };
    if let Some(after) = after {
        reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    reply
}

/// The bearer token in the Authorization header, which alone is looked at; none with another scheme (RFC 6750 §2.1).
fn shown(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::TokenMalformed);
    }
    let value = value.to_str().map_err(|_| Refusal::TokenMalformed)?;
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::TokenMalformed)?;
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()))
}

/// What keys are fetched from (DR-5-5). Where it leads is judged with each fetch.
fn may_fetch(address: &str) -> bool {
    check_url(address).is_ok()
}
