//! Why a registration is refused: one cause for the log, few codes for the wire (RFC 7591 §3.2.2, RFC 7592 §2).

use std::time::Duration;

use crate::wire::error::ErrorCode;
use crate::wire::registration::InvalidMember;

/// A cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The algorithm of assertions is unknown, none of its keys, or for a client that signs none.
    AssertionAlg,
    /// A way to authenticate that is not offered.
    AuthMethod,
    /// The body is no JSON object with unique names.
    Body,
    /// It was disabled by an operator.
    ClientDisabled,
    /// `client_id` is missing or another one.
    ClientIdChanged,
    /// A member that only the server sets.
    ForbiddenMember(&'static str),
    /// `grant_types` is missing, and what that stands for is not offered.
    GrantTypesMissing,
    /// A grant that is not offered, or `refresh_token` with none that could give a refresh token.
    GrantTypesUnknown,
    /// A grant that was not allowed.
    GrantTypesBeyond,
    /// An algorithm of id_tokens that is not offered.
    IdTokenAlg,
    /// The keys cannot be used; the text is free of what was sent.
    Jwks(String),
    /// `jwks` and `jwks_uri` together.
    JwksTwice,
    /// A client that signs assertions without keys.
    JwksMissing,
    /// Keys of a client that signs nothing.
    JwksUnused,
    /// An address that keys are not fetched from.
    JwksUri,
    /// Not `application/json`.
    MediaType,
    /// A member has a wrong shape.
    Member(InvalidMember),
    /// The name is too long, or has characters that show nothing.
    Name,
    /// Registration is off.
    Off,
    /// It cannot be served now.
    Overloaded,
    /// There are redirect URIs, and no grant that redirects.
    RedirectUris,
    /// Response types of an endpoint that the grants do not use.
    ResponseTypes,
    /// No scope.
    ScopeMalformed,
    /// A scope that was not allowed.
    ScopeBeyond,
    /// A sector, which would have to be fetched and believed.
    Sector,
    /// `client_secret` is another one.
    SecretChanged,
    /// `software_id` or `software_version` is too long, or has characters that show nothing.
    Software,
    /// The software statement is not what it should be.
    StatementInvalid,
    /// The software statement of the registration was left out.
    StatementLeftOut,
    /// The software statement is of nobody who is trusted.
    StatementUntrusted,
    /// A kind of subject that is not offered.
    SubjectType,
    /// The token is none, not good any more, or for another client.
    TokenInvalid,
    /// A token in a form that cannot be read.
    TokenMalformed,
    /// There is no token, and without one nobody may.
    TokenMissing,
    /// The body is too large.
    TooLarge,
    /// Too many from one network.
    TooMany {
        /// When it may be tried again.
        retry_after: Duration,
    },
}

impl Refusal {
    /// What programs are told. `None` where RFC 6750 §3.1 wants no code.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        Some(match self {
            Self::TokenMissing => return None,
            Self::TokenInvalid => ErrorCode::InvalidToken,
            Self::TokenMalformed => ErrorCode::InvalidRequest,
            Self::ClientDisabled | Self::Off => ErrorCode::AccessDenied,
            Self::Overloaded | Self::TooMany { .. } => ErrorCode::TemporarilyUnavailable,
            Self::RedirectUris => ErrorCode::InvalidRedirectUri,
            Self::StatementInvalid => ErrorCode::InvalidSoftwareStatement,
            Self::StatementUntrusted => ErrorCode::UnapprovedSoftwareStatement,
            Self::AssertionAlg
            | Self::AuthMethod
            | Self::Body
            | Self::ClientIdChanged
            | Self::ForbiddenMember(_)
            | Self::GrantTypesBeyond
            | Self::GrantTypesMissing
            | Self::GrantTypesUnknown
            | Self::IdTokenAlg
            | Self::Jwks(_)
            | Self::JwksMissing
            | Self::JwksTwice
            | Self::JwksUnused
            | Self::JwksUri
            | Self::MediaType
            | Self::Member(_)
            | Self::Name
            | Self::ResponseTypes
            | Self::ScopeBeyond
            | Self::ScopeMalformed
            | Self::Sector
            | Self::SecretChanged
            | Self::Software
            | Self::StatementLeftOut
            | Self::SubjectType
            | Self::TooLarge => ErrorCode::InvalidClientMetadata,
        })
    }

    /// What developers are told: printable ASCII without `"` and `\\` (RFC 6749 §5.2), and nothing that was sent.
    #[must_use]
    pub fn description(&self) -> String {
        let text = match self {
            Self::AssertionAlg => {
                "token_endpoint_auth_signing_alg must be one of its keys' and goes with private_key_jwt alone"
            }
            Self::AuthMethod => {
                "token_endpoint_auth_method is none, client_secret_basic, client_secret_post or private_key_jwt"
            }
            Self::Body => "the body is not a JSON object with unique names",
            Self::ClientDisabled => "the client was disabled",
            Self::ClientIdChanged => "client_id must be there and stay what it is",
            Self::ForbiddenMember(name) => return format!("{name} is set by the server alone"),
            Self::GrantTypesBeyond => "a grant of grant_types is not open to this registration",
            Self::GrantTypesMissing => {
                "grant_types is missing, which stands for authorization_code, and that is not offered"
            }
            Self::GrantTypesUnknown => {
                "grant_types are urn:ietf:params:oauth:grant-type:device_code and with it refresh_token"
            }
            Self::IdTokenAlg => "id_token_signed_response_alg is RS256, ES256 or EdDSA",
            Self::Jwks(why) => {
                let plain = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '\'' };
                return format!("jwks: {}", why.chars().map(plain).collect::<String>());
            }
            Self::JwksMissing => "private_key_jwt needs jwks or jwks_uri",
            Self::JwksTwice => "jwks and jwks_uri exclude each other",
            Self::JwksUnused => "jwks and jwks_uri go with private_key_jwt alone",
            Self::JwksUri => "jwks_uri is no https address that keys are fetched from",
            Self::MediaType => "the body must be application/json, and not encoded",
            Self::Member(why) => return why.to_string(),
            Self::Name => "client_name has at most 64 characters, on one line and all visible",
            Self::Off => "clients cannot register themselves here",
            Self::Overloaded => "try again in a moment",
            Self::RedirectUris => "no grant of this server redirects; leave redirect_uris out",
            Self::ResponseTypes => "no grant of this server has a response type; response_types is empty or left out",
            Self::ScopeBeyond => "a word of scope is not open to this registration",
            Self::ScopeMalformed => "scope is not a list of scopes",
            Self::Sector => "sector_identifier_uri is not supported; every pairwise client is a sector by itself",
            Self::SecretChanged => "client_secret is not the one of the client",
            Self::Software => "software_id and software_version have at most 255 visible characters",
            Self::StatementInvalid => "the software statement is not signed by its issuer, over, or for somebody else",
            Self::StatementLeftOut => "the software statement that the client was registered with must be repeated",
            Self::StatementUntrusted => "the issuer of the software statement is not trusted here",
            Self::SubjectType => "subject_type is public or pairwise",
            Self::TokenInvalid => "the token is not good for this",
            Self::TokenMalformed => "the Authorization header cannot be read",
            Self::TokenMissing => "a bearer token is needed",
            Self::TooLarge => "the body is too large",
            Self::TooMany { .. } => "too many registrations from this network",
        };
        text.to_owned()
    }
}

impl From<InvalidMember> for Refusal {
    fn from(cause: InvalidMember) -> Self {
        Self::Member(cause)
    }
}
