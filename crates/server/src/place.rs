//! Every route on one screen: what a path names, which methods it has, and of which kind its replies are.

use http::Method;

use crate::http::path;
use crate::reply::Kind;
use crate::telemetry::Route;

/// A path of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    Account,
    Asset(&'a str),
    Code,
    Decision,
    DeviceAuthorization,
    Devices,
    Discovery,
    Done,
    Introspect,
    Jwks,
    Link(&'a str),
    Live,
    Ready,
    Register,
    Registration(&'a str),
    Revoke,
    SignIn,
    SignOut,
    Token,
    Unknown,
    Userinfo,
}

impl<'a> Place<'a> {
    /// What `path` names; `base` is the path of the issuer, under which all but one of them hang.
    pub(crate) fn find(path: &'a str, base: &str) -> Self {
        // RFC 8414 §3.1: inserted between host and path.
        if path.strip_prefix("/.well-known/oauth-authorization-server") == Some(base) {
            return Self::Discovery;
        }
        let Some(path) = path.strip_prefix(base) else { return Self::Unknown };
        match path {
            path::TOKEN => Self::Token,
            path::DEVICE_AUTHORIZATION => Self::DeviceAuthorization,
            path::INTROSPECT => Self::Introspect,
            path::REGISTER => Self::Register,
            path::REVOKE => Self::Revoke,
            path::USERINFO => Self::Userinfo,
            path::JWKS => Self::Jwks,
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => Self::Discovery,
            "/device" => Self::Code,
            "/device/decision" => Self::Decision,
            "/device/done" => Self::Done,
            "/sign-in" => Self::SignIn,
            "/sign-out" => Self::SignOut,
            "/account" => Self::Account,
            "/account/devices" => Self::Devices,
            "/health/live" => Self::Live,
            "/health/ready" => Self::Ready,
            _ => Self::find_under(path),
        }
    }

    /// What `path` names under a place that has many.
    fn find_under(path: &'a str) -> Self {
        let code = path.strip_prefix("/D/").or_else(|| path.strip_prefix("/d/"));
        let client = path.strip_prefix(path::REGISTER).and_then(|rest| rest.strip_prefix('/'));
        match (code, path.strip_prefix("/assets/"), client) {
            (Some(code), ..) => Self::Link(code),
            (_, Some(file), _) => Self::Asset(file),
            (.., Some(client)) => Self::Registration(client),
            (None, None, None) => Self::Unknown,
        }
    }

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Asset(_) => Kind::Asset,
            Self::Account
            | Self::Code
            | Self::Decision
            | Self::Devices
            | Self::Done
            | Self::Link(_)
            | Self::SignIn
            | Self::SignOut
            | Self::Unknown => Kind::Page,
            Self::DeviceAuthorization
            | Self::Discovery
            | Self::Jwks
            | Self::Live
            | Self::Introspect
            | Self::Ready
            | Self::Register
            | Self::Registration(_)
            | Self::Revoke
            | Self::Token
            | Self::Userinfo => Kind::Protocol,
        }
    }

    pub(crate) const fn methods(self) -> &'static [Method] {
        match self {
            Self::DeviceAuthorization
            | Self::Introspect
            | Self::Register
            | Self::Revoke
            | Self::SignOut
            | Self::Token => &[Method::POST],
            Self::Registration(_) => &[Method::GET, Method::PUT, Method::DELETE],
            Self::Account | Self::Code | Self::Decision | Self::Devices | Self::SignIn => {
                &[Method::GET, Method::HEAD, Method::POST]
            }
            Self::Userinfo => &[Method::GET, Method::POST],
            Self::Asset(_)
            | Self::Discovery
            | Self::Done
            | Self::Jwks
            | Self::Link(_)
            | Self::Live
            | Self::Ready
            | Self::Unknown => &[Method::GET, Method::HEAD],
        }
    }

    /// The same, if forms are sent there.
    pub(crate) const fn of_form(self) -> Option<Place<'static>> {
        match self {
            Self::Account => Some(Place::Account),
            Self::Code => Some(Place::Code),
            Self::Decision => Some(Place::Decision),
            Self::Devices => Some(Place::Devices),
            Self::SignIn => Some(Place::SignIn),
            Self::SignOut => Some(Place::SignOut),
            Self::Asset(_)
            | Self::DeviceAuthorization
            | Self::Discovery
            | Self::Done
            | Self::Jwks
            | Self::Link(_)
            | Self::Live
            | Self::Introspect
            | Self::Ready
            | Self::Register
            | Self::Registration(_)
            | Self::Revoke
            | Self::Token
            | Self::Unknown
            | Self::Userinfo => None,
        }
    }

    /// Whether a DPoP proof is looked at there.
    pub(crate) const fn judges_proofs(self) -> bool {
        matches!(self, Self::DeviceAuthorization | Self::Token | Self::Userinfo)
    }

    pub(crate) const fn route(self) -> Route {
        match self {
            Self::Account | Self::Devices => Route::Account,
            Self::Asset(_) => Route::Asset,
            Self::Code => Route::Device,
            Self::Decision => Route::Decision,
            Self::DeviceAuthorization => Route::DeviceAuthorization,
            Self::Discovery => Route::Metadata,
            Self::Done => Route::Done,
            Self::Introspect => Route::Introspect,
            Self::Jwks => Route::Jwks,
            Self::Link(_) => Route::Link,
            Self::Live | Self::Ready => Route::Health,
            Self::Register | Self::Registration(_) => Route::Register,
            Self::Revoke => Route::Revoke,
            Self::SignIn => Route::SignIn,
            Self::SignOut => Route::SignOut,
            Self::Token => Route::Token,
            Self::Unknown => Route::Other,
            Self::Userinfo => Route::Userinfo,
        }
    }
}
