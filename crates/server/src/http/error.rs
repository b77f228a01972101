//! Refusals on the wire: the one place where a cause becomes a status and headers (RFC 6749 §5.2).

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use proto::grant::{Refusal, whole_seconds};
use proto::wire::credentials::InvalidCredentials;
use proto::wire::error::{ErrorBody, ErrorCode};

use crate::reply::{self, Reply};

/// How a refused client is asked to authenticate.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"countersign\", charset=\"UTF-8\"");

/// The reply to a refusal. `by_header`: whether the request had an Authorization header, which alone makes a 401.
pub(crate) fn refusal(refusal: &Refusal, by_header: bool) -> Reply {
    let by_header = by_header || matches!(refusal, Refusal::Credentials(InvalidCredentials::Header));
    let status = match (refusal, refusal.code()) {
        (Refusal::Overloaded, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Refusal::TooManyGrants, _) => StatusCode::TOO_MANY_REQUESTS,
        (Refusal::Form(proto::wire::form::InvalidForm::TooLong), _) => StatusCode::PAYLOAD_TOO_LARGE,
        (_, ErrorCode::InvalidClient) if by_header => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut reply = reply::json(status, &refusal.body());
    if status == StatusCode::UNAUTHORIZED {
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
    }
    if let Some(after) = refusal.retry_after() {
        reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    reply
}

/// A body that broke off, or took too long.
pub(crate) fn incomplete(status: StatusCode) -> Reply {
    reply::json(status, &ErrorBody::described(ErrorCode::InvalidRequest, "the body did not arrive whole"))
}

/// Another method than the endpoint has (DF-3.1-2).
pub(crate) fn method_not_allowed(allowed: &[Method]) -> Reply {
    let body = ErrorBody::described(ErrorCode::InvalidRequest, "this endpoint has another method, see Allow");
    let mut reply = reply::json(StatusCode::METHOD_NOT_ALLOWED, &body);
    reply::set(reply.headers_mut(), header::ALLOW, &allow(allowed));
    reply
}

/// The value of `Allow`.
pub(crate) fn allow(allowed: &[Method]) -> String {
    allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}
