//! What a client says about itself when it registers (RFC 7591 §2), read strictly; and what it is told (`information.rs`).
//!
//! Owns shapes and limits alone: whether what is said goes together and is allowed is judged in [`crate::registration`].
//! The caller's parser has refused repeated member names.

mod information;

use std::collections::HashSet;

use serde_json::Value;

use super::members::Members;
use crate::secret::ClientSecret;

pub use information::ClientInformation;

/// Bytes of the longest text.
const MOST_TEXT: usize = 2_048;
/// Elements of the longest list.
const MOST_LIST: usize = 64;
/// Members whose values people read, which may come in several languages (RFC 7591 §2.2).
const HUMAN_READABLE: [&str; 5] = ["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];
/// Members that the server alone sets (RFC 7592 §2.2), but for `client_id` and `client_secret`, which a client repeats.
const SERVER_SET: [&str; 4] =
    ["client_id_issued_at", "client_secret_expires_at", "registration_access_token", "registration_client_uri"];
/// Claims of a software statement that are about the statement and not about the client (RFC 7519 §4.1).
const OF_STATEMENT: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"];
/// The member that carries one.
const STATEMENT: &str = "software_statement";

/// What a client says about itself. Members that mean nothing here were left out (RFC 7591 §2), and null and empty texts
/// count as not sent (RFC 7592 §2.2). The addresses that people could follow are read and not kept: nothing is fetched
/// from them and no page links to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the registered names say it: RFC 7591 §2, OpenID Connect Registration §2, RFC 9449 §5.2"
)]
pub struct ClientMetadata {
    /// The name without a language tag; without one, that in English, or the first there is (RFC 7591 §2.2).
    pub client_name: Option<String>,
    pub dpop_bound_access_tokens: Option<bool>,
    pub grant_types: Option<Vec<String>>,
    pub id_token_signed_response_alg: Option<String>,
    pub jwks: Option<Members>,
    pub jwks_uri: Option<String>,
    pub redirect_uris: Vec<String>,
    pub response_types: Option<Vec<String>>,
    pub scope: Option<String>,
    pub sector_identifier_uri: Option<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
    pub subject_type: Option<String>,
    pub token_endpoint_auth_method: Option<String>,
    pub token_endpoint_auth_signing_alg: Option<String>,
}

/// What a client repeats of its registration when it changes it (RFC 7592 §2.2).
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    /// Its `client_id`.
    pub client_id: Option<String>,
    /// Its `client_secret`.
    pub client_secret: Option<ClientSecret>,
    /// A member that it must not send, if it did.
    pub forbidden: Option<&'static str>,
}

/// A member that is there and has a wrong shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMember {
    /// What follows the `#` of its name is no language tag, or stands there twice.
    #[error("{0} has a language tag that is none, or twice")]
    LanguageTag(&'static str),
    /// It is longer than anything honest.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// It has another type.
    #[error("{0} is not of the right type")]
    WrongType(&'static str),
}

impl ClientMetadata {
    /// Reads what a client says.
    ///
    /// # Errors
    /// A member whose meaning is known has another type or is too long.
    pub fn parse(members: &Members) -> Result<Self, InvalidMember> {
        let [client_name, ..] = HUMAN_READABLE;
        for name in HUMAN_READABLE {
            human_readable(members, name)?;
        }
        list(members, "contacts")?;
        Ok(Self {
            client_name: human_readable(members, client_name)?,
            dpop_bound_access_tokens: truth(members, "dpop_bound_access_tokens")?,
            grant_types: list(members, "grant_types")?,
            id_token_signed_response_alg: text(members, "id_token_signed_response_alg")?,
            jwks: object(members, "jwks")?,
            jwks_uri: text(members, "jwks_uri")?,
            redirect_uris: list(members, "redirect_uris")?.unwrap_or_default(),
            response_types: list(members, "response_types")?,
            scope: text(members, "scope")?,
            sector_identifier_uri: text(members, "sector_identifier_uri")?,
            software_id: text(members, "software_id")?,
            software_version: text(members, "software_version")?,
            subject_type: text(members, "subject_type")?,
            token_endpoint_auth_method: text(members, "token_endpoint_auth_method")?,
            token_endpoint_auth_signing_alg: text(members, "token_endpoint_auth_signing_alg")?,
        })
    }
}

impl Repeated {
    /// Reads what a client repeats.
    ///
    /// # Errors
    /// `client_id` or `client_secret` is not a text, or too long.
    pub fn parse(members: &Members) -> Result<Self, InvalidMember> {
        let is_there = |name: &&&str| members.get(**name).is_some_and(|value| !value.is_null());
        Ok(Self {
            client_id: text(members, "client_id")?,
            client_secret: text(members, "client_secret")?.as_deref().map(ClientSecret::presented),
            forbidden: SERVER_SET.iter().find(is_there).copied(),
        })
    }
}

/// The software statement that a client shows (RFC 7591 §2.3), as it was sent; whose it is must still be found out.
///
/// # Errors
/// It is not a text.
pub fn software_statement(members: &Members) -> Result<Option<&str>, InvalidMember> {
    match members.get(STATEMENT) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(InvalidMember::WrongType(STATEMENT)),
    }
}

/// `members` as a trusted software statement has them: what it says stands above what the client says (RFC 7591 §2.3), in
/// every language. What only the server says, no statement does.
#[must_use]
pub fn overridden(mut members: Members, statement: Members) -> Members {
    let reserved = |name: &str| {
        let own = ["client_id", "client_secret", STATEMENT];
        OF_STATEMENT.contains(&name) || SERVER_SET.contains(&name) || own.contains(&name)
    };
    let said: Vec<_> = statement.into_iter().filter(|(name, _)| !reserved(name)).collect();
    let base = |name: &str| name.split('#').next().unwrap_or_default().to_owned();
    let names: HashSet<String> = said.iter().map(|(name, _)| base(name)).collect();
    members.retain(|name, _| !names.contains(&base(name)));
    members.extend(said);
    members
}

fn text(members: &Members, name: &'static str) -> Result<Option<String>, InvalidMember> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => one(value, name).map(|text| Some(text).filter(|text| !text.is_empty())),
    }
}

fn one(value: &Value, name: &'static str) -> Result<String, InvalidMember> {
    match value {
        Value::String(text) if text.len() > MOST_TEXT => Err(InvalidMember::TooLong(name)),
        Value::String(text) => Ok(text.clone()),
        _ => Err(InvalidMember::WrongType(name)),
    }
}

fn list(members: &Members, name: &'static str) -> Result<Option<Vec<String>>, InvalidMember> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(elements)) if elements.len() > MOST_LIST => Err(InvalidMember::TooLong(name)),
        Some(Value::Array(elements)) => {
            elements.iter().map(|element| one(element, name)).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(InvalidMember::WrongType(name)),
    }
}

fn truth(members: &Members, name: &'static str) -> Result<Option<bool>, InvalidMember> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(InvalidMember::WrongType(name)),
    }
}

fn object(members: &Members, name: &'static str) -> Result<Option<Members>, InvalidMember> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object.clone())),
        Some(_) => Err(InvalidMember::WrongType(name)),
    }
}

/// The value of `name` or of one of its `name#tag`, whose tags are told apart without regard to case (RFC 7591 §2.2).
fn human_readable(members: &Members, name: &'static str) -> Result<Option<String>, InvalidMember> {
    let mut seen = HashSet::new();
    let mut tagged = Vec::new();
    for (own, value) in members {
        let Some(tag) = own.strip_prefix(name).and_then(|rest| rest.strip_prefix('#')) else { continue };
        let tag = tag.to_ascii_lowercase();
        if !is_language_tag(&tag) || !seen.insert(tag.clone()) {
            return Err(InvalidMember::LanguageTag(name));
        }
        if !value.is_null() {
            tagged.push((tag, one(value, name)?));
        }
    }
    let untagged = text(members, name)?;
    let is_english = |tag: &str| tag == "en" || tag.starts_with("en-");
    tagged.sort_by_key(|(tag, _)| (!is_english(tag), tag.clone()));
    let first = tagged.into_iter().map(|(_, value)| value).find(|value| !value.is_empty());
    Ok(untagged.or(first))
}

/// The shape of a language tag (RFC 5646 §2.1): subtags of one to eight letters and digits.
fn is_language_tag(tag: &str) -> bool {
    tag.len() <= 64
        && tag
            .split('-')
            .all(|subtag| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests;
