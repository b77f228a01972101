//! The error body of the token and device authorization endpoints (RFC 6749 §5.2, RFC 8628 §3.5).
//!
//! Owns the registered codes, their other names in the field, and how an error is found in a reply.
//! Which code answers which cause is the server's map; what a code does to a sign-in is `device`'s.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::members::{self, Members};

/// Texts of a reply longer than this are cut; no provider's is near it.
const MOST_TEXT: usize = 1024;

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $text:literal $(| $alias:literal)*;)+) => {
        /// A registered error code.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ErrorCode {
            $($(#[$doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code, in alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The registered name, as the wire has it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The code a provider means: the registered name, or another it is known to use for it.
            #[must_use]
            pub fn recognise(text: &str) -> Option<Self> {
                match text {
                    $($text $(| $alias)* => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// The person declined (RFC 8628 §3.5). Entra says `authorization_declined`.
    AccessDenied = "access_denied" | "authorization_declined";
    /// Not decided yet (RFC 8628 §3.5).
    AuthorizationPending = "authorization_pending";
    /// The code ran out (RFC 8628 §3.5). Others: `token_expired` (GitHub), `code_expired`.
    ExpiredToken = "expired_token" | "token_expired" | "code_expired";
    /// The token lacks a scope (RFC 6750 §3.1).
    InsufficientScope = "insufficient_scope";
    /// Client authentication failed (RFC 6749 §5.2). GitHub says `incorrect_client_credentials`.
    InvalidClient = "invalid_client" | "incorrect_client_credentials";
    /// What a client says about itself cannot be registered (RFC 7591 §3.2.2).
    InvalidClientMetadata = "invalid_client_metadata";
    /// A DPoP proof was missing or wrong (RFC 9449 §5).
    InvalidDpopProof = "invalid_dpop_proof";
    /// The code is unknown, used up, or another client's (RFC 6749 §5.2). Others: `bad_verification_code`
    /// (Entra, GitHub), `incorrect_device_code` (GitHub), `invalid device code` (Twitch).
    InvalidGrant = "invalid_grant" | "bad_verification_code" | "incorrect_device_code" | "invalid device code";
    /// A redirect URI cannot be registered (RFC 7591 §3.2.2).
    InvalidRedirectUri = "invalid_redirect_uri";
    /// The request is malformed (RFC 6749 §5.2).
    InvalidRequest = "invalid_request";
    /// A scope is unknown, malformed or not allowed (RFC 6749 §5.2).
    InvalidScope = "invalid_scope";
    /// A software statement is none (RFC 7591 §3.2.2).
    InvalidSoftwareStatement = "invalid_software_statement";
    /// A resource indicator is unknown or malformed (RFC 8707 §2).
    InvalidTarget = "invalid_target";
    /// The access token is expired, revoked or malformed (RFC 6750 §3.1).
    InvalidToken = "invalid_token";
    /// The server failed.
    ServerError = "server_error";
    /// Poll less often (RFC 8628 §3.5).
    SlowDown = "slow_down";
    /// The server is overloaded or under maintenance.
    TemporarilyUnavailable = "temporarily_unavailable";
    /// A software statement is of nobody who is trusted here (RFC 7591 §3.2.2).
    UnapprovedSoftwareStatement = "unapproved_software_statement";
    /// The client may not use this grant (RFC 6749 §5.2). GitHub says `device_flow_disabled`.
    UnauthorizedClient = "unauthorized_client" | "device_flow_disabled";
    /// The grant type is not offered (RFC 6749 §5.2).
    UnsupportedGrantType = "unsupported_grant_type";
    /// Tokens of this type cannot be revoked here (RFC 7009 §2.2.1).
    UnsupportedTokenType = "unsupported_token_type";
    /// Repeat the request with a proof that carries the nonce of this reply (RFC 9449 §8).
    UseDpopNonce = "use_dpop_nonce";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The body of an error reply as our server sends it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ErrorBody {
    /// What went wrong, for programs.
    pub error: ErrorCode,
    /// What went wrong, for the developer: printable ASCII without `"` and `\` (RFC 6749 §5.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<Cow<'static, str>>,
    /// Beside `slow_down`: the interval in force, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
}

impl ErrorBody {
    /// A body with nothing but its code.
    #[must_use]
    pub const fn new(error: ErrorCode) -> Self {
        Self { error, error_description: None, interval: None }
    }

    /// The same with a sentence for the developer.
    #[must_use]
    pub const fn described(error: ErrorCode, description: &'static str) -> Self {
        Self { error, error_description: Some(Cow::Borrowed(description)), interval: None }
    }
}

/// An error as a client received it. Its texts are the server's own: never print them unstripped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErrorReply {
    /// The registered code, if the reply's is one or is known to mean one.
    pub code: Option<ErrorCode>,
    /// The code or message as it was sent.
    pub error: String,
    /// The developer's sentence, if any.
    pub description: Option<String>,
    /// The interval of a `slow_down`, in seconds (GitHub's practice, and ours).
    pub interval: Option<u64>,
}

impl ErrorReply {
    /// The error in a reply, if it holds one: `error`, else a bare `message` (Twitch). The status plays no part: pending
    /// comes as 200, 400, 403 and 428 in the field.
    #[must_use]
    pub fn find(members: &Members) -> Option<Self> {
        let (error, described_by) = match (members.get("error"), members.get("message")) {
            // Facebook and some gateways put an object there; its own message is the best there is.
            (Some(Value::Object(inner)), _) => {
                let number = inner.get("error_subcode").and_then(Value::as_u64).and_then(by_subcode);
                let code = number.map(|code| code.as_str().to_owned());
                let code = code.or_else(|| string(inner.get("error"))).or_else(|| string(inner.get("code")));
                (code.or_else(|| string(inner.get("message")))?, inner.get("message"))
            }
            (Some(Value::String(error)), message) if !error.is_empty() => {
                // Twitch also sends `error: "Bad Request"` beside the code in `message`.
                match message.and_then(Value::as_str).filter(|message| ErrorCode::recognise(message).is_some()) {
                    Some(message) if ErrorCode::recognise(error).is_none() => (message.to_owned(), None),
                    _ => (error.clone(), message),
                }
            }
            // Entra sends a `message` for people beside its codes.
            (_, Some(Value::String(message)))
                if !message.is_empty()
                    && !["access_token", "device_code"].iter().any(|it| members.contains_key(*it)) =>
            {
                (message.clone(), None)
            }
            _ => return None,
        };
        let description = string(members.get("error_description")).or_else(|| string(described_by));
        Some(Self {
            code: ErrorCode::recognise(&error),
            error: cut(error),
            description: description.map(cut),
            interval: members::seconds(members, "interval").ok().flatten().map(|given| given.value),
        })
    }
}

/// What Facebook means by the numbers of its device login.
const fn by_subcode(number: u64) -> Option<ErrorCode> {
    match number {
        1_349_152 => Some(ErrorCode::ExpiredToken),
        1_349_172 => Some(ErrorCode::SlowDown),
        1_349_174 => Some(ErrorCode::AuthorizationPending),
        _ => None,
    }
}

fn string(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn cut(mut text: String) -> String {
    let mut end = MOST_TEXT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// Why a reply cannot be used (RFC 8628 §3.2, RFC 6749 §5.1): always fatal, never guessed around.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unusable {
    /// A token has characters outside printable ASCII (RFC 6749 Appendix A.12), which could forge a header or a terminal.
    #[error("`{0}` has characters it must not have")]
    BadCharacter(&'static str),
    /// A member that must be there is absent or empty.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// The body is neither a JSON object nor a form, repeats a name, or is not text.
    #[error("the body is not a JSON object with unique names")]
    NotAnObject,
    /// An address that is not https.
    #[error("`{0}` is not an https address")]
    NotWebAddress(&'static str),
    /// What people are to see has the device code in it, which they are not (RFC 8628 §3.3).
    #[error("`{0}` has the device code in it")]
    ShowsDeviceCode(&'static str),
    /// The body is larger than any honest one.
    #[error("the body is too large")]
    TooLarge,
    /// A member is longer than any honest one.
    #[error("`{0}` is too long")]
    TooLong(&'static str),
    /// The token is of a type this client cannot use (RFC 6749 §7.1).
    #[error("the token type is not understood")]
    UnknownTokenType,
    /// A member has another type than its specification gives it.
    #[error("`{0}` has the wrong type")]
    WrongType(&'static str),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(value: Value) -> Option<ErrorReply> {
        let Value::Object(members) = value else { panic!("not an object") };
        ErrorReply::find(&members)
    }

    #[test]
    fn df_7_1_registered_names_are_exact() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::recognise(code.as_str()), Some(*code));
        }
        for name in ["authorization_pending", "slow_down", "access_denied", "expired_token"] {
            assert_eq!(ErrorCode::recognise(name).map(ErrorCode::as_str), Some(name));
        }
        assert_eq!(ErrorCode::recognise("Authorization_Pending"), None);
    }

    #[test]
    fn codes_are_listed_in_alphabetical_order() {
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.as_str()));
    }

    #[test]
    fn body_has_only_what_is_set() {
        let body = ErrorBody { interval: Some(5), ..ErrorBody::new(ErrorCode::SlowDown) };
        assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"error":"slow_down","interval":5}"#);
    }

    #[test]
    fn errors_are_found_in_the_shapes_of_the_field() {
        let code = |value| find(value).unwrap().code;
        assert_eq!(code(json!({"error": "authorization_pending"})), Some(ErrorCode::AuthorizationPending));
        let twitch = json!({"status": 400, "message": "authorization_pending"});
        assert_eq!(code(twitch), Some(ErrorCode::AuthorizationPending));
        let both = json!({"error": "Bad Request", "status": 400, "message": "authorization_pending"});
        assert_eq!(code(both), Some(ErrorCode::AuthorizationPending));
        assert_eq!(code(json!({"error": "authorization_declined"})), Some(ErrorCode::AccessDenied));
        assert_eq!(code(json!({"error": {"code": 31, "message": "expired_token"}})), Some(ErrorCode::ExpiredToken));
        for (number, meant) in [
            (1_349_174, ErrorCode::AuthorizationPending),
            (1_349_172, ErrorCode::SlowDown),
            (1_349_152, ErrorCode::ExpiredToken),
        ] {
            let facebook = json!({"error": {"message": "…", "code": 31, "error_subcode": number}});
            assert_eq!(code(facebook), Some(meant));
        }
        let github = find(json!({"error": "slow_down", "error_description": "Too fast", "interval": "10"})).unwrap();
        assert_eq!((github.interval, github.description.as_deref()), (Some(10), Some("Too fast")));
        let other = find(json!({"error": "org_blocked"})).unwrap();
        assert_eq!((other.code, other.error.as_str()), (None, "org_blocked"));
        assert_eq!(find(json!({"access_token": "t", "message": "hello"})), None);
        assert_eq!(find(json!({"device_code": "d", "message": "To sign in, open …"})), None);
        assert_eq!(find(json!({"error": ""})), None);
        assert_eq!(find(json!({"error": 7})), None);
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let long = "é".repeat(4000);
        let reply = find(json!({"error": "x", "error_description": long})).unwrap();
        assert_eq!(reply.description.unwrap().len(), MOST_TEXT);
    }
}
