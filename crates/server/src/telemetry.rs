//! Every name an operator sees: metrics, labels, log targets, span and audit events, in one list.
//!
//! Owns the names and how they leave the process (log lines, Prometheus text). What happened is for the callers to say.
//! Nothing secret has a way in: fields are typed and allow-listed, URLs lose their query, text of strangers is cleaned.

mod audit;
mod label;
mod logs;
mod metrics;
mod text;

use std::fmt;

use proto::{Entropy, entropy};

pub use audit::{
    AuditEvent, AuditKind, FailCause, Party, RegisteredBy, ReplayOutcome, RevokedBy, SessionEnd, SignInCause,
};
pub use label::Label;
pub use logs::{InvalidLevel, LogFormat, LogLevel, LogSettings, install, subscriber};
pub use metrics::{CONTENT_TYPE, Counter, Counters, Gauge, Metrics, Table};
pub use text::{LogText, LoggedPath};

use label::labels;

/// Target of the audit events. Never below `info`, whatever the level of the rest.
pub const AUDIT_TARGET: &str = "audit";

/// Name of the span around a request of a browser.
pub const REQUEST_SPAN: &str = "request";

labels! {
    /// What a request asked for. A path is never a label or a log field: it may hold a code.
    pub enum Route: "route" {
        /// `/oauth2/device_authorization`
        DeviceAuthorization => "device_authorization",
        /// `/oauth2/token`
        Token => "token",
        /// `/oauth2/introspect`
        Introspect => "introspect",
        /// `/oauth2/revoke`
        Revoke => "revoke",
        /// `/oauth2/register` and what is under it
        Register => "register",
        /// `/oauth2/userinfo`
        Userinfo => "userinfo",
        /// `/oauth2/jwks`
        Jwks => "jwks",
        /// Both discovery documents
        Metadata => "metadata",
        /// `/device`
        Device => "device",
        /// `/D/{CODE}`
        Link => "link",
        /// `/sign-in`
        SignIn => "sign_in",
        /// `/sign-out`
        SignOut => "sign_out",
        /// `/device/decision`
        Decision => "decision",
        /// `/device/done`
        Done => "done",
        /// `/account` and what is under it
        Account => "account",
        /// `/assets/…`
        Asset => "asset",
        /// `/health/…`
        Health => "health",
        /// `/metrics`
        Metrics => "metrics",
        /// `/admin` and what is under it
        Admin => "admin",
        /// Anything else
        Other => "other",
    }
}

labels! {
    /// The class of an answer's status.
    pub enum StatusClass: "status" {
        /// Informational
        Informational => "1xx",
        /// Successful
        Successful => "2xx",
        /// Redirection
        Redirection => "3xx",
        /// The client's mistake
        ClientError => "4xx",
        /// Our mistake
        ServerError => "5xx",
    }
}

impl From<http::StatusCode> for StatusClass {
    fn from(status: http::StatusCode) -> Self {
        match status.as_u16() {
            100..=199 => Self::Informational,
            200..=299 => Self::Successful,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

labels! {
    /// How a poll was answered (RFC 8628 §3.5).
    pub enum PollOutcome: "outcome" {
        /// `authorization_pending`, at once
        Pending => "pending",
        /// `authorization_pending`, after it was held
        Held => "held",
        /// `slow_down`
        SlowDown => "slow_down",
        /// Tokens
        Redeemed => "redeemed",
        /// `access_denied`
        Denied => "denied",
        /// `expired_token`
        Expired => "expired",
        /// Any other refusal
        Refused => "refused",
        /// 503
        Unavailable => "unavailable",
    }
}

labels! {
    /// How a sign-in went.
    pub enum SignInOutcome: "outcome" {
        /// Signed in
        SignedIn => "signed_in",
        /// Wrong name or password
        Failed => "failed",
        /// Refused by a limit before the password was looked at
        Limited => "limited",
    }
}

labels! {
    /// How an entered user code fared.
    pub enum GuessOutcome: "outcome" {
        /// It was a live code
        Found => "found",
        /// No live code
        Missed => "missed",
        /// Refused by a limit before it was looked up
        Limited => "limited",
    }
}

labels! {
    /// Why a connection was turned away before its first request.
    pub enum ConnectionRefusal: "cause" {
        /// Too many in all
        Total => "total",
        /// Too many from its address
        Network => "network",
        /// Plain HTTP from a peer that is neither on this machine nor a trusted proxy
        Plain => "plain",
        /// The TLS handshake failed
        Handshake => "handshake",
    }
}

labels! {
    /// Why a connection ended.
    pub enum ConnectionEnd: "cause" {
        /// The peer closed it, or it was closed in good order
        Finished => "finished",
        /// What came was not HTTP, or the connection broke
        Broken => "broken",
        /// Unused for too long
        Idle => "idle",
        /// The TLS handshake took too long
        HandshakeTimeout => "handshake_timeout",
        /// The head of a request took too long
        HeaderTimeout => "header_timeout",
        /// The peer did not take its answer
        WriteTimeout => "write_timeout",
        /// A request took longer than any may
        RequestTimeout => "request_timeout",
        /// Still busy when the drain was over
        Aborted => "aborted",
    }
}

labels! {
    /// How a reading of the certificate files went.
    pub enum ReloadOutcome: "outcome" {
        /// The new ones are in use
        Loaded => "loaded",
        /// The old ones stay in use
        Kept => "kept",
    }
}

/// The name of one request in logs and on error pages: 16 hexadecimal digits. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// A new one.
    pub fn draw(entropy: &mut dyn Entropy) -> Self {
        Self(u64::from_be_bytes(entropy::bytes(entropy)))
    }

    /// This one.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The span around a browser's request. The token endpoint does without: its few log lines name the id themselves.
    #[must_use]
    pub fn span(self, method: &http::Method, route: Route) -> tracing::Span {
        tracing::info_span!(REQUEST_SPAN, request = %self, method = %LogText(method.as_str()), route = route.name())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
