//! What went wrong on the way, as a page: what happened, what to do, an id for support.

use std::time::Duration;

use http::{Method, StatusCode, header};

use super::view::{ErrorKind, ErrorPage, Plain};
use crate::reply::{self, Reply};
use crate::request::Ask;

/// When to come back after the store could not serve.
const RETRY: Duration = Duration::from_secs(5);

/// There is no such page.
pub(crate) fn not_found(ask: &Ask<'_>) -> Reply {
    page(ask, StatusCode::NOT_FOUND, ErrorKind::NotFound)
}

/// The page has other methods.
pub(crate) fn method_not_allowed(ask: &Ask<'_>, allowed: &[Method]) -> Reply {
    let mut reply = page(ask, StatusCode::METHOD_NOT_ALLOWED, ErrorKind::WrongMethod);
    let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    reply::set(reply.headers_mut(), header::ALLOW, &allowed.join(", "));
    reply
}

/// What was sent is no form that a page of ours sends.
pub(crate) fn unreadable(ask: &Ask<'_>, status: StatusCode) -> Reply {
    let kind = if status == StatusCode::PAYLOAD_TOO_LARGE { ErrorKind::TooLarge } else { ErrorKind::BadForm };
    page(ask, status, kind)
}

/// The form is not from a page of ours, or that page is too old.
pub(super) fn forbidden(ask: &Ask<'_>) -> Reply {
    tracing::info!(request = %ask.id, "a form without its proof was refused");
    page(ask, StatusCode::FORBIDDEN, ErrorKind::OldForm)
}

/// It cannot be served now.
pub(super) fn unavailable(ask: &Ask<'_>) -> Reply {
    let reply = page(ask, StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Busy { wait: Some(RETRY) });
    super::retry_after(reply, RETRY)
}

fn page(ask: &Ask<'_>, status: StatusCode, kind: ErrorKind) -> Reply {
    super::show(ask, status, &ErrorPage { site: &ask.app.site, kind, request_id: Plain::name(&ask.id.to_string()) })
}
