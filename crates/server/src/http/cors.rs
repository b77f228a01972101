//! Cross-origin calls (Fetch standard): scripts of origins that are registered with a client may call the endpoints of
//! the protocol. Pages have none of this (SB-2.6-2).

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::Full;

use super::error::allow;
use crate::reply::{self, Reply};
use crate::request::Ask;

/// Whether the caller's origin may read the reply, and which it is.
pub(crate) async fn origin<'a>(ask: &Ask<'a>) -> Option<&'a HeaderValue> {
    let origin = ask.headers.get(header::ORIGIN)?;
    let text = origin.to_str().ok()?;
    ask.flow().allows_origin(text).await.then_some(origin)
}

/// The reply to a preflight.
pub(crate) fn preflight(allowed: &[Method], origin: Option<&HeaderValue>) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    let headers = reply.headers_mut();
    reply::set(headers, header::ALLOW, &allow(allowed));
    if origin.is_some() {
        reply::set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &allow(allowed));
        let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
        headers.extend([
            fixed(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, dpop, prefer"),
            fixed(header::ACCESS_CONTROL_MAX_AGE, "600"),
        ]);
    }
    reply
}

/// Lets the caller's script read the reply, headers that matter to it included. Never with cookies.
pub(crate) fn expose(headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let exposed = HeaderValue::from_static("DPoP-Nonce, Preference-Applied, Retry-After, WWW-Authenticate");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}
