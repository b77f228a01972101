//! Replies: JSON of the protocol, pages, redirects, files. Headers that all of a kind share are set in one place.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body as _;

use crate::app::App;

/// A reply of this server. All bodies are whole: none is larger than a page.
pub(crate) type Reply = Response<Full<Bytes>>;

/// What a reply is, which decides its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file of the pages.
    Asset,
    /// A page, or a redirect between pages.
    Page,
    /// A reply of the protocol.
    Protocol,
}

const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const PERMISSIONS_POLICY: &str = "accelerometer=(), autoplay=(), bluetooth=(), camera=(), clipboard-read=(), clipboard-write=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-create=(self), publickey-credentials-get=(self), screen-wake-lock=(), serial=(), usb=(), web-share=(), xr-spatial-tracking=()";
const HSTS: &str = "max-age=63072000";

/// A reply of JSON that must not be kept, as everything with credentials (RFC 6749 §5.1).
pub(crate) fn json(status: StatusCode, body: &impl serde::Serialize) -> Reply {
    // Our own shapes always serialise; an empty body would be a server error in any case.
    json_bytes(status, serde_json::to_vec(body).unwrap_or_default().into())
}

/// The same from bytes that are JSON already.
pub(crate) fn json_bytes(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = with_type(status, "application/json", body);
    no_store(reply.headers_mut());
    reply
}

/// That it was done, and nothing to say of it.
pub(crate) fn no_content() -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    no_store(reply.headers_mut());
    reply
}

/// A page.
pub(crate) fn html(status: StatusCode, body: String) -> Reply {
    with_type(status, "text/html; charset=utf-8", body.into())
}

/// Plain text.
pub(crate) fn text(status: StatusCode, body: &'static str) -> Reply {
    with_type(status, "text/plain; charset=utf-8", Bytes::from_static(body.as_bytes()))
}

/// Any body.
pub(crate) fn with_type(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// To another of our own pages; `path` hangs under the issuer. Always 303 (SB-4.12-1).
pub(crate) fn see_other(app: &App, path: &str) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::SEE_OTHER;
    set(reply.headers_mut(), header::LOCATION, &format!("{}{path}", app.base));
    reply
}

/// Sets a header from text; one that cannot be a header value is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The same beside what is there already.
pub(crate) fn add(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}

/// Sets a cookie for this host only; an empty value takes it away.
pub(crate) fn set_cookie(
    app: &App,
    reply: &mut Reply,
    name: &str,
    value: &str,
    strict: bool,
    lifetime: Option<Duration>,
) {
    let (prefix, secure) = if app.secure { ("__Host-", "; Secure") } else { ("", "") };
    let same_site = if strict { "Strict" } else { "Lax" };
    let age = match lifetime {
        _ if value.is_empty() => "; Max-Age=0".to_owned(),
        Some(lifetime) => format!("; Max-Age={}", lifetime.as_secs()),
        None => String::new(),
    };
    let cookie = format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite={same_site}{secure}{age}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        reply.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The headers that every reply of a kind has.
pub(crate) fn finish(app: &App, kind: Kind, headers: &mut HeaderMap) {
    let fixed = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    fixed(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    fixed(headers, header::X_FRAME_OPTIONS, "DENY");
    // Says nothing to scripts of registered origins: they ask with CORS, which this does not govern.
    fixed(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if app.secure {
        fixed(headers, header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    match kind {
        Kind::Protocol => {
            fixed(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
        }
        Kind::Asset => {
            // An operator's logo may be an SVG, and an SVG opened by itself may hold script.
            fixed(headers, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        }
        Kind::Page => {
            fixed(headers, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
            // Not no-referrer: that makes browsers send "Origin: null" with forms, which the check would refuse.
            fixed(headers, header::REFERRER_POLICY, "same-origin");
            fixed(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
            fixed(headers, HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
            fixed(headers, HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
            no_store(headers);
        }
    }
}

fn no_store(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

/// The head alone, with the length that the body had (HEAD). What has no body by its status has no length either
/// (RFC 9110 §8.6).
pub(crate) fn without_body(reply: &mut Reply) {
    if matches!(reply.status(), StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
        return;
    }
    let length = reply.body().size_hint().exact().unwrap_or(0);
    *reply.body_mut() = Full::default();
    reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
}
