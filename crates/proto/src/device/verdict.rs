//! What one answer means for the sign-in (RFC 8628 §3.5): the body decides, the status only where it says nothing.
//! Pure and stateless. Time, pace and the one retry of RFC 9449 §8 are the machine's.

use crate::wire::error::{ErrorCode, ErrorReply, Unusable};
use crate::wire::token::{Reply, TokenResponse};

/// Why a poll had no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// No connection: name, route, refusal or TLS.
    Connect,
    /// The connection broke before the answer was there.
    Broken,
    /// No answer in time.
    Timeout,
}

/// Why a poll will be repeated later than planned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// There was no answer.
    Failure(Failure),
    /// The server is in trouble; the HTTP status it sent.
    Status(u16),
}

/// What an answer means.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Denied(ErrorReply),
    Expired,
    /// Repeat with the nonce of this reply; refused when there is none or it is not new.
    Nonce(ErrorReply),
    Pending,
    Refused(ErrorReply),
    Retry(Retry),
    /// With the interval the server asks for, in seconds.
    SlowDown(Option<u64>),
    Tokens(Box<TokenResponse>),
    Unusable(Unusable),
}

impl Verdict {
    pub(super) fn of(status: u16, reply: Reply) -> Self {
        match reply {
            Reply::Tokens(tokens) if (200..300).contains(&status) => Self::Tokens(Box::new(tokens)),
            Reply::Tokens(_) => Self::by_status(status).unwrap_or(Self::Unusable(Unusable::Missing("error"))),
            Reply::Unusable(why) => Self::by_status(status).unwrap_or(Self::Unusable(why)),
            Reply::Error(error) => match error.code {
                Some(ErrorCode::AuthorizationPending) => Self::Pending,
                Some(ErrorCode::SlowDown) => Self::SlowDown(error.interval),
                Some(ErrorCode::AccessDenied) => Self::Denied(error),
                Some(ErrorCode::ExpiredToken) => Self::Expired,
                Some(ErrorCode::UseDpopNonce) => Self::Nonce(error),
                // Gateways word their own overload as they like: `{"error": "Too Many Requests"}`.
                None | Some(ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable) => {
                    Self::by_status(status).unwrap_or(Self::Refused(error))
                }
                Some(_) => Self::Refused(error),
            },
        }
    }

    /// What the status says when the body says nothing usable; `None` when it is final.
    fn by_status(status: u16) -> Option<Self> {
        match status {
            429 | 503 => Some(Self::SlowDown(None)),
            408 | 425 | 500..=599 => Some(Self::Retry(Retry::Status(status))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::members::Members;

    fn error(name: &str) -> Reply {
        Reply::parse(&Members::from_iter([("error".to_owned(), name.into())]))
    }

    const NOTHING: Reply = Reply::Unusable(Unusable::NotAnObject);

    #[test]
    fn df_3_5_20_the_body_decides_whatever_the_status() {
        for status in [200, 400, 401, 403, 428, 429, 500, 503] {
            assert_eq!(Verdict::of(status, error("authorization_pending")), Verdict::Pending);
            assert_eq!(Verdict::of(status, error("slow_down")), Verdict::SlowDown(None));
            for name in ["expired_token", "token_expired", "code_expired"] {
                assert_eq!(Verdict::of(status, error(name)), Verdict::Expired);
            }
            for name in ["access_denied", "authorization_declined"] {
                assert!(matches!(Verdict::of(status, error(name)), Verdict::Denied(_)));
            }
        }
    }

    #[test]
    fn df_3_5_10_any_other_error_is_final() {
        let names =
            ["invalid_grant", "bad_verification_code", "incorrect_device_code", "unauthorized_client", "org_blocked"];
        for name in names {
            assert!(matches!(Verdict::of(400, error(name)), Verdict::Refused(_)), "{name}");
        }
        assert!(matches!(Verdict::of(429, error("invalid_client")), Verdict::Refused(_)));
        assert!(matches!(Verdict::of(400, error("temporarily_unavailable")), Verdict::Refused(_)));
    }

    #[test]
    fn df_3_5_20_without_a_usable_body_the_status_decides() {
        for status in [429, 503] {
            assert_eq!(Verdict::of(status, NOTHING), Verdict::SlowDown(None));
            assert_eq!(Verdict::of(status, error("Too Many Requests")), Verdict::SlowDown(None));
            assert_eq!(Verdict::of(status, error("temporarily_unavailable")), Verdict::SlowDown(None));
        }
        for status in [408, 425, 500, 502, 504, 520] {
            assert_eq!(Verdict::of(status, NOTHING), Verdict::Retry(Retry::Status(status)));
            assert_eq!(Verdict::of(status, error("server_error")), Verdict::Retry(Retry::Status(status)));
        }
        for status in [200, 302, 400, 404] {
            assert_eq!(Verdict::of(status, NOTHING), Verdict::Unusable(Unusable::NotAnObject));
        }
    }
}
