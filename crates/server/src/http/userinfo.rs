//! `GET` and `POST /oauth2/userinfo` (OpenID Connect Core §5.3; RFC 6750).

use flow::TokenRefusal;
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use proto::wire::error::{ErrorBody, ErrorCode};

use crate::reply::{self, Reply};
use crate::request::Ask;

/// Answers what the bearer may know. A token in the body or the query is not looked for (BT-2.2-1).
pub(crate) async fn answer(ask: &Ask<'_>) -> Reply {
    let token = match bearer(ask.headers) {
        Ok(Some(token)) => token,
        Ok(None) => return challenge(StatusCode::UNAUTHORIZED, None),
        Err(()) => return challenge(StatusCode::BAD_REQUEST, Some(ErrorCode::InvalidRequest)),
    };
    match ask.flow().userinfo(token).await {
        Ok(info) => reply::json(StatusCode::OK, &info),
        Err(TokenRefusal::Invalid) => challenge(StatusCode::UNAUTHORIZED, Some(ErrorCode::InvalidToken)),
        Err(TokenRefusal::InsufficientScope) => challenge(StatusCode::FORBIDDEN, Some(ErrorCode::InsufficientScope)),
        Err(TokenRefusal::Unavailable(_)) => super::refusal(&proto::grant::Refusal::Overloaded, false),
    }
}

/// The bearer token; none when there is no Authorization header, an error when there are several or it is no bearer's.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(());
    }
    let (scheme, token) = value.to_str().map_err(|_| ())?.split_once(' ').ok_or(())?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Ok(None) }
}

/// A challenge (RFC 6750 §3). Without credentials it carries no error code (BT-3.1-2).
fn challenge(status: StatusCode, error: Option<ErrorCode>) -> Reply {
    let (value, mut reply) = match error {
        None => ("Bearer realm=\"countersign\"".to_owned(), reply::json_bytes(status, "{}".into())),
        Some(error) => {
            let scope = if error == ErrorCode::InsufficientScope { ", scope=\"openid\"" } else { "" };
            let value = format!("Bearer realm=\"countersign\", error=\"{error}\"{scope}");
            (value, reply::json(status, &ErrorBody::new(error)))
        }
    };
    if let Ok(value) = HeaderValue::from_str(&value) {
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    reply
}
