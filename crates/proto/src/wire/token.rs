//! The token response (RFC 6749 §5.1) and what a poll's body can be (RFC 8628 §3.5).
//! Serialised by the server, parsed tolerantly by the device. Requests are parsed elsewhere.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use super::error::{ErrorReply, Unusable};
use super::members::{self, Members};

/// The grant type of a device's token request (RFC 8628 §3.4).
pub const GRANT_TYPE_DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The grant type of a refresh (RFC 6749 §6).
pub const GRANT_TYPE_REFRESH_TOKEN: &str = "refresh_token";

/// The longest token or code taken from a reply. JWTs with many claims stay far below.
const MOST_TOKEN: usize = 32 * 1024;
const MOST_SCOPE: usize = 8 * 1024;

/// A credential as the wire carries it: wiped when dropped, never printed, opaque to whoever holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(Zeroizing<String>);

impl Credential {
    /// Wraps a credential.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The credential itself, for the request or the store it is meant for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

impl Serialize for Credential {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// How a token is presented (RFC 6749 §7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenType {
    /// RFC 6750.
    Bearer,
    /// RFC 9449.
    Dpop,
}

impl TokenType {
    /// The scheme of the Authorization header, and the `token_type` our server sends.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }

    /// Read without regard to case (RFC 6749 §5.1).
    #[must_use]
    pub fn recognise(text: &str) -> Option<Self> {
        [Self::Bearer, Self::Dpop].into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

impl Serialize for TokenType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TokenType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::recognise(&text).ok_or_else(|| serde::de::Error::custom("unknown token type"))
    }
}

/// A successful token response.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TokenResponse {
    /// Opaque to the client, whatever it looks like (RFC 9068 §6).
    pub access_token: Credential,
    /// How to present it.
    pub token_type: TokenType,
    /// Seconds the access token lives, counted from the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// For later access tokens, if the server gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Credential>,
    /// What was granted, space-delimited; absent means what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// OpenID Connect Core §2. A claim of the server until its signature was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<Credential>,
}

impl TokenResponse {
    /// Reads a success body. Unknown members are ignored, a token type that is not understood is refused.
    ///
    /// # Errors
    /// When a required member is missing or a member has a type its specification does not give it.
    pub fn parse(members: &Members) -> Result<Self, Unusable> {
        let token_type = members::required(members, "token_type", MOST_TOKEN)?;
        Ok(Self {
            access_token: credential(members, "access_token")?.ok_or(Unusable::Missing("access_token"))?,
            token_type: TokenType::recognise(&token_type).ok_or(Unusable::UnknownTokenType)?,
            expires_in: members::seconds(members, "expires_in")?.map(|given| given.value),
            refresh_token: credential(members, "refresh_token")?,
            scope: scope(members)?,
            id_token: credential(members, "id_token")?,
        })
    }
}

/// A token, which is printable ASCII (RFC 6749 Appendix A.12 and A.17).
fn credential(members: &Members, name: &'static str) -> Result<Option<Credential>, Unusable> {
    match members::text(members, name, MOST_TOKEN)? {
        Some(text) if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) => Ok(Some(Credential::new(text))),
        Some(_) => Err(Unusable::BadCharacter(name)),
        None => Ok(None),
    }
}

/// The granted scope: a string, or an array of strings (Twitch).
fn scope(members: &Members) -> Result<Option<String>, Unusable> {
    let Some(Value::Array(values)) = members.get("scope") else {
        return members::text(members, "scope", MOST_SCOPE);
    };
    let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
    let joined = texts.ok_or(Unusable::WrongType("scope"))?.join(" ");
    if joined.len() > MOST_SCOPE { Err(Unusable::TooLong("scope")) } else { Ok(Some(joined)) }
}

/// What the body of a token endpoint's reply says, whatever its status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// An error, wherever the provider put it.
    Error(ErrorReply),
    /// Tokens.
    Tokens(TokenResponse),
    /// Neither.
    Unusable(Unusable),
}

impl Reply {
    /// Reads a body. An error wins over tokens: GitHub sends errors with status 200.
    #[must_use]
    pub fn parse(members: &Members) -> Self {
        match ErrorReply::find(members) {
            Some(error) => Self::Error(error),
            None => match TokenResponse::parse(members) {
                Ok(tokens) => Self::Tokens(tokens),
                Err(why) => Self::Unusable(why),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: Value) -> Result<TokenResponse, Unusable> {
        let Value::Object(members) = value else { panic!("not an object") };
        TokenResponse::parse(&members)
    }

    #[test]
    fn success_body_round_trips() {
        let response = TokenResponse {
            access_token: Credential::new("at"),
            token_type: TokenType::Bearer,
            expires_in: Some(600),
            refresh_token: None,
            scope: Some("openid profile".to_owned()),
            id_token: None,
        };
        let text = serde_json::to_string(&response).unwrap();
        assert_eq!(text, r#"{"access_token":"at","token_type":"Bearer","expires_in":600,"scope":"openid profile"}"#);
        assert_eq!(parse(serde_json::from_str(&text).unwrap()), Ok(response));
    }

    #[test]
    fn oa_5_1_3_token_type_ignores_case_and_must_be_understood() {
        let with = |kind: &str| parse(json!({"access_token": "t", "token_type": kind, "x": [1]}));
        assert_eq!(with("bearer").unwrap().token_type, TokenType::Bearer);
        assert_eq!(with("DPOP").unwrap().token_type, TokenType::Dpop);
        assert_eq!(with("mac"), Err(Unusable::UnknownTokenType));
        assert_eq!(parse(json!({"access_token": "t"})), Err(Unusable::Missing("token_type")));
        assert_eq!(parse(json!({"token_type": "bearer"})), Err(Unusable::Missing("access_token")));
        for bad in ["t\r\nX-Forged: 1", "\u{1b}[2J", "t\u{e9}", "\u{7f}"] {
            let forged = json!({"access_token": bad, "token_type": "bearer"});
            assert_eq!(parse(forged), Err(Unusable::BadCharacter("access_token")));
        }
        let wrong = json!({"access_token": 7, "token_type": "bearer"});
        assert_eq!(parse(wrong), Err(Unusable::WrongType("access_token")));
    }

    #[test]
    fn scope_may_be_an_array() {
        let twitch = json!({"access_token": "t", "token_type": "bearer", "scope": ["a:b", "c"], "expires_in": "60"});
        let response = parse(twitch).unwrap();
        assert_eq!((response.scope.as_deref(), response.expires_in), (Some("a:b c"), Some(60)));
    }

    #[test]
    fn df_3_3_6_credentials_are_not_printed() {
        assert_eq!(format!("{:?}", Credential::new("secret")), "Credential(…)");
    }

    #[test]
    fn an_error_wins_over_tokens() {
        let Value::Object(both) = json!({"error": "slow_down", "access_token": "t", "token_type": "bearer"}) else {
            unreachable!()
        };
        assert!(matches!(Reply::parse(&both), Reply::Error(_)));
    }
}
