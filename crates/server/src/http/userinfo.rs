//! `GET` and `POST /oauth2/userinfo` (OpenID Connect Core §5.3; RFC 6750, RFC 9449 §7).

use flow::Algorithm;
use flow::TokenRefusal;
use http::header;
use http::{HeaderMap, StatusCode};
use proto::grant::Refusal;
use proto::wire::error::{ErrorBody, ErrorCode};

use super::path;
use crate::reply::{self, Reply};
use crate::request::Ask;

/// How the token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

/// Answers what the holder may know. A token in the body or the query is not looked for (BT-2.2-1).
pub(crate) async fn answer(ask: &Ask<'_>) -> Reply {
    let (scheme, token) = match shown(ask.headers) {
        Ok(Some(shown)) => shown,
        Ok(None) => return challenge(StatusCode::UNAUTHORIZED, None, None),
        Err(()) => return challenge(StatusCode::BAD_REQUEST, None, Some(ErrorCode::InvalidRequest)),
    };
    let proof = match (scheme, ask.dpop(path::USERINFO)) {
        (Scheme::Bearer, _) => None,
        (Scheme::Dpop, Ok(Some(proof))) => Some(proof.with_access_token(token)),
        (Scheme::Dpop, Ok(None) | Err(_)) => {
            return challenge(StatusCode::UNAUTHORIZED, Some(scheme), Some(ErrorCode::InvalidDpopProof));
        }
    };
    match ask.flow().userinfo(token, proof.as_ref()).await {
        Ok(info) => reply::json(StatusCode::OK, &info),
        Err(TokenRefusal::Invalid) => challenge(StatusCode::UNAUTHORIZED, Some(scheme), Some(ErrorCode::InvalidToken)),
        Err(TokenRefusal::InsufficientScope) => {
            challenge(StatusCode::FORBIDDEN, Some(scheme), Some(ErrorCode::InsufficientScope))
        }
        Err(TokenRefusal::Proof(cause @ Refusal::Overloaded)) => super::refusal(&cause, false),
        Err(TokenRefusal::Proof(cause)) => challenge(StatusCode::UNAUTHORIZED, Some(scheme), Some(cause.code())),
        Err(TokenRefusal::Unavailable(_)) => super::refusal(&Refusal::Overloaded, false),
    }
}

/// The token and how it is shown; none when there is no Authorization header or it has another scheme, an error when there
/// are several or it cannot be read.
fn shown(headers: &HeaderMap) -> Result<Option<(Scheme, &str)>, ()> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(());
    }
    let (scheme, token) = value.to_str().map_err(|_| ())?.split_once(' ').ok_or(())?;
    let schemes = [("bearer", Scheme::Bearer), ("dpop", Scheme::Dpop)];
    let known = schemes.into_iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name));
    Ok(known.map(|(_, scheme)| (scheme, token.trim())))
}

/// A challenge (RFC 6750 §3, RFC 9449 §7.1): one for the scheme that was used, or both. Without credentials it carries no
/// error code (BT-3.1-2).
fn challenge(status: StatusCode, scheme: Option<Scheme>, error: Option<ErrorCode>) -> Reply {
    let mut reply = match error {
        None => reply::json_bytes(status, "{}".into()),
        Some(error) => reply::json(status, &ErrorBody::new(error)),
    };
    let algorithms = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(" ");
    let error = error.map_or(String::new(), |error| {
        let scope = if error == ErrorCode::InsufficientScope { ", scope=\"openid\"" } else { "" };
        format!(", error=\"{error}\"{scope}")
    });
    if scheme != Some(Scheme::Dpop) {
        reply::add(reply.headers_mut(), header::WWW_AUTHENTICATE, &format!("Bearer realm=\"countersign\"{error}"));
    }
    if scheme != Some(Scheme::Bearer) {
        let value = format!("DPoP realm=\"countersign\"{error}, algs=\"{algorithms}\"");
        reply::add(reply.headers_mut(), header::WWW_AUTHENTICATE, &value);
    }
    reply
}
