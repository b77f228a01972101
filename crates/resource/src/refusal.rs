//! Why a request gets no access. The cause is for the log; what the client is told is in `answer.rs`.

use jose::TokenError;
use jose::dpop::ProofError;

use crate::{KeysError, Scheme, ServerError};

/// A request without access, to be answered by [`crate::Validator::answer`].
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Refusal {
    /// The exact cause.
    pub cause: Cause,
    /// The scheme of the token, if one was presented in a form that could be read.
    pub scheme: Option<Scheme>,
}

/// Why a request gets no access.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The authorization server says that the token is not active, and no more (RFC 7662 §2.2).
    #[error("the token is not active")]
    Inactive,
    /// The authorization server could not be asked.
    #[error("introspection failed: {0}")]
    Introspection(#[from] ServerError),
    /// The keys of the issuer cannot be had.
    #[error("the keys of the issuer are not available: {0}")]
    Keys(#[from] KeysError),
    /// The `Authorization` header is not a scheme and a token.
    #[error("malformed Authorization header")]
    MalformedHeader,
    /// The token lacks one of these scopes, separated by spaces.
    #[error("the token lacks a scope of: {0}")]
    MissingScope(String),
    /// A token for use with a proof came without one.
    #[error("the DPoP proof is missing")]
    MissingProof,
    /// The request presents no token.
    #[error("no token")]
    NoToken,
    /// The token is not bound to a key, though it was presented as such or has to be.
    #[error("the token is not bound to a key")]
    NotBound,
    /// The proof is under another key than the token.
    #[error("the proof is under another key than the token's")]
    OtherKey,
    /// The proof is not acceptable.
    #[error("DPoP proof: {0}")]
    Proof(#[from] ProofError),
    /// The proof was used before.
    #[error("the DPoP proof was used before")]
    Replayed,
    /// The token is bound to a key, but was presented as if anybody could use it (RFC 9449 §7.2).
    #[error("a bound token was presented as a bearer token")]
    SentAsBearer,
    /// More than one token, or more than one way of presenting it (RFC 6750 §2).
    #[error("more than one token or way of presenting it")]
    SeveralTokens,
    /// The token is not acceptable.
    #[error("access token: {0}")]
    Token(#[from] TokenError),
    /// The authorization server says that the token is of a type that is no access token's.
    #[error("the token is of another type")]
    TokenType,
    /// More proofs in a short time than can be remembered.
    #[error("more DPoP proofs than can be remembered")]
    TooManyProofs,
    /// The token is bound in a way that is not understood here.
    #[error("the token is bound in an unknown way")]
    UnknownBinding,
}
