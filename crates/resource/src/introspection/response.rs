//! What the server says about a token (RFC 7662 §2.2), and whether that is enough for this API. An answer is judged as a
//! JWT is (RFC 9068 §4), each time it is used; only its issuer may be left out, since it is the one that was asked.

use std::time::Duration;

use jose::json::{MAX_DEPTH, parse_object};
use jose::{Claims, MAX_LEEWAY, TokenError};
use proto::Timestamp;
use serde_json::Value;

use crate::{Cause, ServerError, Token};

#[derive(Debug)]
pub(crate) enum IntrospectionResponse {
    Active(Box<Claims>),
    Inactive,
}

impl IntrospectionResponse {
    /// Whatever is wrong here is wrong with the server, not with the token.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ServerError> {
        let mut members = parse_object(body, MAX_DEPTH)?;
        match members.remove("active") {
            Some(Value::Bool(true)) => Ok(Self::Active(Box::new(Claims::from_members(members)?))),
            Some(Value::Bool(false)) => Ok(Self::Inactive),
            _ => Err(ServerError::Missing("active")),
        }
    }
}

/// What an answer has to meet.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) leeway: Duration,
}

/// Whether the token that `claims` are said to be of is one for this API, now.
pub(crate) fn judge(claims: Claims, expected: &Expected<'_>) -> Result<Token, Cause> {
    if claims.iss.as_deref().is_some_and(|issuer| issuer != expected.issuer) {
        return Err(TokenError::Issuer.into());
    }
    if !claims.aud.iter().any(|entry| entry == expected.audience) {
        return Err(TokenError::Audience.into());
    }
    let (now, leeway) = (expected.now, expected.leeway.min(MAX_LEEWAY));
    let exp = claims.exp.ok_or(TokenError::MissingClaim("exp"))?;
    if now >= exp + leeway {
        return Err(TokenError::Expired.into());
    }
    if claims.nbf.is_some_and(|nbf| nbf > now + leeway) {
        return Err(TokenError::NotYetValid.into());
    }
    if claims.iat.is_some_and(|iat| iat > now + leeway) {
        return Err(TokenError::IssuedInFuture.into());
    }
    is_usable(&claims)?;
    let sub = claims.sub.clone().ok_or(TokenError::MissingClaim("sub"))?;
    if sub.is_empty() {
        return Err(TokenError::Subject.into());
    }
    let client_id = claims.client_id.clone().ok_or(TokenError::MissingClaim("client_id"))?;
    Ok(Token { client_id, exp, iat: claims.iat, jti: claims.jti.clone(), sub, claims })
}

/// The type, where it is told, is one of RFC 6749 §7.1 that is understood here: it keeps out refresh tokens of servers that
/// answer about those too. What is said to be bound has to say to which key.
fn is_usable(claims: &Claims) -> Result<(), Cause> {
    match claims.other.get("token_type") {
        None => Ok(()),
        Some(Value::String(name)) if name.eq_ignore_ascii_case("Bearer") => Ok(()),
        Some(Value::String(name)) if name.eq_ignore_ascii_case("DPoP") && claims.other.contains_key("cnf") => Ok(()),
        Some(Value::String(name)) if name.eq_ignore_ascii_case("DPoP") => Err(Cause::UnknownBinding),
        Some(_) => Err(Cause::TokenType),
    }
}

/// The answer about a JWT, completed by what the JWT itself says.
pub(crate) fn completed(answer: Claims, token: Claims) -> Claims {
    let mut other = token.other;
    other.extend(answer.other);
    let listed = |answer: Vec<String>, token| if answer.is_empty() { token } else { answer };
    Claims {
        acr: answer.acr.or(token.acr),
        amr: listed(answer.amr, token.amr),
        at_hash: answer.at_hash.or(token.at_hash),
        aud: listed(answer.aud, token.aud),
        auth_time: answer.auth_time.or(token.auth_time),
        azp: answer.azp.or(token.azp),
        client_id: answer.client_id.or(token.client_id),
        exp: answer.exp.or(token.exp),
        iat: answer.iat.or(token.iat),
        iss: answer.iss.or(token.iss),
        jti: answer.jti.or(token.jti),
        nbf: answer.nbf.or(token.nbf),
        nonce: answer.nonce.or(token.nonce),
        scope: answer.scope.or(token.scope),
        sub: answer.sub.or(token.sub),
        other,
    }
}
