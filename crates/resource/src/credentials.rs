//! The one access token a request presents (RFC 6750 §2, RFC 9449 §7.1): in the `Authorization` header, nowhere else.
//! The form body and the query are never read for one (RFC 6750 §5.3).

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

use crate::{Cause, Refusal};

/// The scheme a token was presented with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 6750: whoever has the token may use it.
    Bearer,
    /// RFC 9449: it works with its key alone.
    DPoP,
}

impl Scheme {
    /// Its name in `Authorization` and `WWW-Authenticate`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::DPoP => "DPoP",
        }
    }
}

pub(crate) struct Presented<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) token: &'a str,
}

impl<'a> Presented<'a> {
    /// A scheme that is not known here is as good as none: another part of the API may understand it.
    pub(crate) fn read(uri: &Uri, headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().map_err(|_| refusal(Cause::MalformedHeader, None))?,
            (None, _) => return Err(refusal(Cause::NoToken, None)),
            (Some(_), Some(_)) => return Err(refusal(Cause::SeveralTokens, None)),
        };
        let (name, token) = value.split_once(' ').unwrap_or((value, ""));
        let scheme = [Scheme::Bearer, Scheme::DPoP].into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(name));
        let scheme = scheme.ok_or_else(|| refusal(Cause::NoToken, None))?;
        let token = token.trim_start_matches(' ');
        if !is_b64token(token) {
            return Err(refusal(Cause::MalformedHeader, Some(scheme)));
        }
        if has_token(uri.query().unwrap_or_default()) {
            return Err(refusal(Cause::SeveralTokens, Some(scheme)));
        }
        Ok(Self { scheme, token })
    }
}

/// Whether it looks like a JWT: three parts, of which the first is a JSON object in base64url. An opaque token that looks
/// like this as well cannot be told from a JWT, and is refused as a bad one.
pub(crate) fn is_jwt(token: &str) -> bool {
    token.starts_with("ey") && token.bytes().filter(|byte| *byte == b'.').count() == 2
}

const fn refusal(cause: Cause, scheme: Option<Scheme>) -> Refusal {
    Refusal { cause, scheme }
}

/// RFC 6750 §2.1, where padding may only stand at the end.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

fn has_token(query: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some("access_token"))
}
