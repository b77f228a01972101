//! Every cause for which a device's request is refused, and the one map from cause to wire.
//!
//! The caller learns the coarse code; the log learns the cause.

use std::borrow::Cow;
use std::time::Duration;

use crate::wire::credentials::InvalidCredentials;
use crate::wire::error::{ErrorBody, ErrorCode};
use crate::wire::form::InvalidForm;

/// Why a request was refused. One variant per cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The person who approved is locked or gone.
    AccountUnfit,
    /// The client's assertion is not good under its keys, or its keys cannot be had.
    AssertionInvalid,
    /// The client's assertion was used before.
    AssertionReplayed,
    /// Nobody decided yet (RFC 8628 §3.5).
    AuthorizationPending,
    /// The PKCE challenge, or its method, is none that is accepted.
    ChallengeMalformed,
    /// The client must send a PKCE challenge.
    ChallengeMissing,
    /// The client presented no secret although it has one.
    ClientAuthMissing,
    /// The client presented its secret in another way than it is registered for.
    ClientAuthMethod,
    /// The client is switched off.
    ClientDisabled,
    /// The client is not known.
    ClientUnknown,
    /// The device code belongs to another client.
    CodeForeign,
    /// The text is no device code of this deployment, or of one long gone.
    CodeInvalid,
    /// No device code was sent.
    CodeMissing,
    /// Tokens were issued for this code already.
    CodeReplayed,
    /// No grant has this code.
    CodeUnknown,
    /// The credentials cannot be read.
    Credentials(InvalidCredentials),
    /// The person said no.
    Denied,
    /// The device's name for itself is too long.
    DeviceNameTooLong,
    /// The DPoP proof is no good, and why (RFC 9449 §4.3).
    DpopInvalid(&'static str),
    /// The DPoP proof is under another key than the grant or the family is bound to.
    DpopKeyForeign,
    /// There is no DPoP proof where one is needed.
    DpopMissing,
    /// The DPoP proof needs a nonce of this server (RFC 9449 §8).
    DpopNonce,
    /// The DPoP proof was used before.
    DpopReplayed,
    /// The code ran out before anybody decided.
    Expired,
    /// The body is not a form that can be read.
    Form(InvalidForm),
    /// The client may not use the device grant.
    GrantNotEnabled,
    /// No grant type was sent.
    GrantTypeMissing,
    /// This grant type is not offered.
    GrantTypeUnsupported,
    /// The client may not ask what tokens are good for.
    IntrospectionNotEnabled,
    /// The body has another media type, or an encoding.
    MediaType,
    /// The store cannot serve now, or decisions kept colliding.
    Overloaded,
    /// Credentials stand in the query.
    QueryCredentials,
    /// The client may not use the refresh token grant.
    RefreshNotEnabled,
    /// The text is no refresh token of this deployment, its family ended, or it is another client's.
    RefreshTokenInvalid,
    /// No refresh token was sent.
    RefreshTokenMissing,
    /// The refresh token was replaced by a newer one.
    RefreshTokenReplayed,
    /// A resource indicator is none, or there are too many (RFC 8707 §2).
    ResourceMalformed,
    /// The client may not name this resource, or it is more than was granted.
    ResourceNotAllowed,
    /// The scope is malformed.
    ScopeMalformed,
    /// The scope is more than the client may ask for.
    ScopeNotAllowed,
    /// The secret is wrong.
    SecretWrong,
    /// The session in which the person approved was revoked.
    SessionRevoked,
    /// Polls come faster than the grant's bucket refills (RFC 8628 §3.5).
    SlowDown {
        /// The interval in force.
        interval: Duration,
    },
    /// No token to revoke was sent.
    TokenMissing,
    /// A quota on live grants is used up.
    TooManyGrants,
    /// The PKCE verifier is missing or does not fit the challenge.
    VerifierWrong,
}

impl Refusal {
    /// The error code of the wire (RFC 6749 §5.2, RFC 8628 §3.5).
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::AuthorizationPending => ErrorCode::AuthorizationPending,
            Self::AssertionInvalid
            | Self::AssertionReplayed
            | Self::ClientAuthMissing
            | Self::ClientAuthMethod
            | Self::ClientDisabled
            | Self::ClientUnknown
            | Self::Credentials(
                InvalidCredentials::Assertion | InvalidCredentials::Header | InvalidCredentials::Malformed,
            )
            | Self::SecretWrong => ErrorCode::InvalidClient,
            Self::AccountUnfit
            | Self::CodeForeign
            | Self::CodeInvalid
            | Self::CodeReplayed
            | Self::CodeUnknown
            | Self::DpopKeyForeign
            | Self::RefreshTokenInvalid
            | Self::RefreshTokenReplayed
            | Self::SessionRevoked
            | Self::VerifierWrong => ErrorCode::InvalidGrant,
            Self::ChallengeMalformed
            | Self::ChallengeMissing
            | Self::CodeMissing
            | Self::Credentials(
                InvalidCredentials::Mismatch | InvalidCredentials::Missing | InvalidCredentials::TwoMethods,
            )
            | Self::DeviceNameTooLong
            | Self::Form(_)
            | Self::GrantTypeMissing
            | Self::MediaType
            | Self::QueryCredentials
            | Self::RefreshTokenMissing
            | Self::TokenMissing => ErrorCode::InvalidRequest,
            Self::Denied => ErrorCode::AccessDenied,
            Self::DpopInvalid(_) | Self::DpopMissing | Self::DpopReplayed => ErrorCode::InvalidDpopProof,
            Self::DpopNonce => ErrorCode::UseDpopNonce,
            Self::Expired => ErrorCode::ExpiredToken,
            Self::GrantNotEnabled | Self::IntrospectionNotEnabled | Self::RefreshNotEnabled => {
                ErrorCode::UnauthorizedClient
            }
            Self::GrantTypeUnsupported => ErrorCode::UnsupportedGrantType,
            Self::Overloaded | Self::TooManyGrants => ErrorCode::TemporarilyUnavailable,
            Self::ResourceMalformed | Self::ResourceNotAllowed => ErrorCode::InvalidTarget,
            Self::ScopeMalformed | Self::ScopeNotAllowed => ErrorCode::InvalidScope,
            Self::SlowDown { .. } => ErrorCode::SlowDown,
        }
    }

    /// The body of the reply. Causes that a stranger must not tell apart have the same body (T19).
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let description = match self {
            Self::ChallengeMalformed => {
                Some("code_challenge must be the S256 one of RFC 7636, with code_challenge_method=S256")
            }
            Self::ChallengeMissing => {
                Some("this client must send code_challenge with the device authorization request")
            }
            Self::CodeMissing => Some("device_code is missing"),
            Self::Credentials(cause) => match cause {
                InvalidCredentials::Mismatch => Some("the Authorization header and client_id name different clients"),
                InvalidCredentials::Missing => Some("client_id is missing"),
                InvalidCredentials::TwoMethods => Some("more than one way of client authentication"),
                InvalidCredentials::Assertion | InvalidCredentials::Header | InvalidCredentials::Malformed => None,
            },
            Self::DeviceNameTooLong => Some("device_name is longer than 64 characters"),
            Self::Form(cause) => Some(match cause {
                InvalidForm::FieldTooLong => "a parameter is too long",
                InvalidForm::NotUtf8 => "a parameter is not UTF-8",
                InvalidForm::Repeated => "a parameter is sent more than once",
                InvalidForm::TooLong => "the body is too long",
                InvalidForm::TooManyFields => "too many parameters",
            }),
            Self::DpopInvalid(why) => Some(*why),
            Self::DpopMissing => Some("a DPoP proof is needed here"),
            Self::DpopNonce => Some("repeat the request with a proof that carries the nonce of this reply"),
            Self::DpopReplayed => Some("this DPoP proof was used before"),
            Self::GrantNotEnabled => Some("the device authorization grant is not enabled for this client"),
            Self::GrantTypeMissing => Some("grant_type is missing"),
            Self::IntrospectionNotEnabled => Some("this client may not introspect tokens"),
            Self::MediaType => Some("the body must be application/x-www-form-urlencoded without content encoding"),
            Self::QueryCredentials => Some("parameters belong in the body, not in the query"),
            Self::RefreshNotEnabled => Some("the refresh token grant is not enabled for this client"),
            Self::RefreshTokenMissing => Some("refresh_token is missing"),
            Self::ResourceMalformed => Some("resource must be an absolute URI without a fragment, at most 8 of them"),
            Self::ResourceNotAllowed => Some("the client may not ask for this resource"),
            Self::ScopeMalformed => Some("the scope is malformed"),
            Self::ScopeNotAllowed => Some("the client may not ask for this scope"),
            Self::TokenMissing => Some("token is missing"),
            Self::TooManyGrants => Some("too many codes are waiting"),
            Self::AccountUnfit
            | Self::AssertionInvalid
            | Self::AssertionReplayed
            | Self::AuthorizationPending
            | Self::ClientAuthMissing
            | Self::ClientAuthMethod
            | Self::ClientDisabled
            | Self::ClientUnknown
            | Self::CodeForeign
            | Self::CodeInvalid
            | Self::CodeReplayed
            | Self::CodeUnknown
            | Self::Denied
            | Self::DpopKeyForeign
            | Self::Expired
            | Self::GrantTypeUnsupported
            | Self::Overloaded
            | Self::RefreshTokenInvalid
            | Self::RefreshTokenReplayed
            | Self::SecretWrong
            | Self::SessionRevoked
            | Self::SlowDown { .. }
            | Self::VerifierWrong => None,
        };
        let interval = match self {
            Self::SlowDown { interval } => Some(whole_seconds(*interval)),
            _ => None,
        };
        ErrorBody { error: self.code(), error_description: description.map(Cow::Borrowed), interval }
    }

    /// How long to wait before trying again, where the wire has a place for it (`Retry-After`).
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded => Some(Duration::from_secs(2)),
            Self::TooManyGrants => Some(Duration::from_secs(30)),
            _ => None,
        }
    }
}

/// Seconds as the wire has them, rounded up.
#[must_use]
pub fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_3_1_12_df_3_4_6_causes_that_a_stranger_must_not_tell_apart_look_alike() {
        let same = |all: &[Refusal]| all.windows(2).all(|pair| pair[0].body() == pair[1].body());
        assert!(same(&[
            Refusal::ClientUnknown,
            Refusal::SecretWrong,
            Refusal::ClientDisabled,
            Refusal::ClientAuthMethod,
            Refusal::ClientAuthMissing,
            Refusal::AssertionInvalid,
            Refusal::AssertionReplayed,
        ]));
        assert!(same(&[
            Refusal::CodeForeign,
            Refusal::CodeInvalid,
            Refusal::CodeUnknown,
            Refusal::CodeReplayed,
            Refusal::RefreshTokenInvalid,
            Refusal::RefreshTokenReplayed,
            Refusal::AccountUnfit,
            Refusal::SessionRevoked,
            Refusal::DpopKeyForeign,
            Refusal::VerifierWrong,
        ]));
    }

    #[test]
    fn oa_5_2_4_descriptions_hold_only_allowed_characters() {
        for refusal in [
            Refusal::ChallengeMalformed,
            Refusal::ChallengeMissing,
            Refusal::DpopMissing,
            Refusal::DpopNonce,
            Refusal::DpopReplayed,
            Refusal::ResourceMalformed,
            Refusal::ResourceNotAllowed,
            Refusal::CodeMissing,
            Refusal::DeviceNameTooLong,
            Refusal::GrantNotEnabled,
            Refusal::GrantTypeMissing,
            Refusal::MediaType,
            Refusal::QueryCredentials,
            Refusal::RefreshNotEnabled,
            Refusal::RefreshTokenMissing,
            Refusal::ScopeMalformed,
            Refusal::ScopeNotAllowed,
            Refusal::TokenMissing,
            Refusal::TooManyGrants,
            Refusal::Form(InvalidForm::Repeated),
            Refusal::Credentials(InvalidCredentials::Mismatch),
            Refusal::Credentials(InvalidCredentials::TwoMethods),
        ] {
            let text = refusal.body().error_description.unwrap();
            assert!(text.bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{text}");
        }
    }

    #[test]
    fn oa_5_2_3_each_cause_has_the_code_of_its_clause() {
        use ErrorCode as Code;
        let all = |cause: fn(InvalidCredentials) -> Refusal, of: &[InvalidCredentials]| -> Vec<Refusal> {
            of.iter().copied().map(cause).collect()
        };
        let mut bad_request = all(
            Refusal::Credentials,
            &[InvalidCredentials::Mismatch, InvalidCredentials::Missing, InvalidCredentials::TwoMethods],
        );
        bad_request.extend([
            Refusal::CodeMissing,
            Refusal::DeviceNameTooLong,
            Refusal::Form(InvalidForm::Repeated),
            Refusal::GrantTypeMissing,
            Refusal::MediaType,
            Refusal::QueryCredentials,
            Refusal::RefreshTokenMissing,
            Refusal::TokenMissing,
        ]);
        let mut bad_client = all(Refusal::Credentials, &[InvalidCredentials::Header, InvalidCredentials::Malformed]);
        bad_client.extend([
            Refusal::ClientAuthMissing,
            Refusal::ClientAuthMethod,
            Refusal::ClientDisabled,
            Refusal::ClientUnknown,
            Refusal::SecretWrong,
        ]);
        let bad_grant = vec![
            Refusal::AccountUnfit,
            Refusal::CodeForeign,
            Refusal::CodeInvalid,
            Refusal::CodeReplayed,
            Refusal::CodeUnknown,
            Refusal::RefreshTokenInvalid,
            Refusal::RefreshTokenReplayed,
            Refusal::SessionRevoked,
        ];
        for (code, causes) in [
            (Code::InvalidRequest, bad_request),
            (Code::InvalidClient, bad_client),
            (Code::InvalidGrant, bad_grant),
            (Code::UnauthorizedClient, vec![Refusal::GrantNotEnabled, Refusal::RefreshNotEnabled]),
            (Code::UnsupportedGrantType, vec![Refusal::GrantTypeUnsupported]),
            (Code::InvalidScope, vec![Refusal::ScopeMalformed, Refusal::ScopeNotAllowed]),
            (Code::AuthorizationPending, vec![Refusal::AuthorizationPending]),
            (Code::SlowDown, vec![Refusal::SlowDown { interval: Duration::from_secs(5) }]),
            (Code::AccessDenied, vec![Refusal::Denied]),
            (Code::ExpiredToken, vec![Refusal::Expired]),
            (Code::TemporarilyUnavailable, vec![Refusal::Overloaded, Refusal::TooManyGrants]),
        ] {
            for cause in causes {
                assert_eq!((cause.code(), cause.body().error), (code, code), "{cause:?}");
            }
        }
    }

    #[test]
    fn cf_16_only_overload_and_quotas_say_when_to_come_back() {
        assert!(Refusal::Overloaded.retry_after() < Refusal::TooManyGrants.retry_after());
        assert!(Refusal::Overloaded.retry_after().is_some());
        assert_eq!(Refusal::SlowDown { interval: Duration::from_secs(5) }.retry_after(), None);
    }

    #[test]
    fn df_3_5_3_slow_down_carries_the_interval() {
        let body = Refusal::SlowDown { interval: Duration::from_millis(1_500) }.body();
        assert_eq!((body.error, body.interval), (ErrorCode::SlowDown, Some(2)));
    }
}
