//! How a sign-in, or a call in its name, can fail. One variant per cause that a person or a script treats differently.

use jose::SigningKeyError;
use proto::device::Retry;
use proto::wire::error::{ErrorCode, ErrorReply, Unusable};

use crate::Plain;
use crate::discovery::DiscoveryError;
use crate::identity::IdentityError;
use crate::transport::TransportError;

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The person declined.
    #[error("declined on the other device")]
    Denied,
    /// The server's documents cannot be used.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The code ran out.
    #[error("the code ran out")]
    Expired,
    /// The id_token is not acceptable.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The endpoint for codes answers like a place where nothing is, or nothing allowed; with the HTTP status.
    #[error("there is no device flow (status {0})")]
    NoDeviceFlow(u16),
    /// The token is not bound to the key of this device, which was asked for (RFC 9449 §5). It was dropped.
    #[error("the server did not bind the token to the key of this device")]
    NotBound,
    /// A sign-in that was kept is another application's, or another server's.
    #[error("the sign-in was started by another application or at another server")]
    NotOurs,
    /// An additional parameter has a name that this client uses itself. Nothing was sent.
    #[error("{0} is not for additional parameters")]
    Parameter(Plain),
    /// The server refused.
    #[error("the server refused: {0}")]
    Refused(Refusal),
    /// A resource indicator is no absolute URI, or has a fragment (RFC 8707 §2). Nothing was sent.
    #[error("{0} is not the identifier of a resource")]
    Resource(Plain),
    /// A key failed to sign.
    #[error("a request could not be signed: {0}")]
    Signing(SigningKeyError),
    /// The server could not be reached.
    #[error("the server cannot be reached: {0}")]
    Unreachable(Plain),
    /// The server answered something that cannot be used.
    #[error("{what} cannot be used: {why} (status {status})")]
    Unusable {
        /// Which answer.
        what: &'static str,
        /// Why not.
        why: Unusable,
        /// The HTTP status.
        status: u16,
    },
}

/// A server's refusal, fit to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The registered code, when it is one.
    pub code: Option<ErrorCode>,
    /// The sentence for developers.
    pub description: Option<Plain>,
    /// The error as sent.
    pub error: Plain,
    /// The HTTP status.
    pub status: u16,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{} ({description})", self.error),
            None => write!(f, "{}", self.error),
        }
    }
}

/// Longer texts are cut.
const MOST_DESCRIPTION: usize = 300;
const MOST_ERROR: usize = 100;
/// What stands in place of a secret.
const REDACTED: &str = "(…)";

impl Error {
    /// The same without this secret of ours, which a server may have repeated in its own words.
    pub(crate) fn without(self, secret: &str) -> Self {
        let clean = |text: &Plain| Plain::own(text.as_str().replace(secret, REDACTED));
        match self {
            Self::Refused(Refusal { code, description, error, status }) if !secret.is_empty() => {
                let description = description.as_ref().map(clean);
                Self::Refused(Refusal { code, description, error: clean(&error), status })
            }
            other => other,
        }
    }

    pub(crate) fn refused(status: u16, reply: &ErrorReply) -> Self {
        Self::Refused(Refusal {
            code: reply.code,
            description: reply.description.as_deref().map(|text| Plain::new(text, MOST_DESCRIPTION)),
            error: Plain::new(&reply.error, MOST_ERROR),
            status,
        })
    }

    /// Nothing usable came back with this status.
    pub(crate) fn unusable(what: &'static str, status: u16, why: Unusable) -> Self {
        match status {
            408 | 429 | 500..=599 => Self::Unreachable(Plain::own(format!("it answers with status {status}"))),
            _ => Self::Unusable { what, why, status },
        }
    }

    pub(crate) fn unreachable(reason: Retry, detail: Option<Plain>) -> Self {
        let detail = match reason {
            Retry::Failure(_) => detail.unwrap_or_else(|| Plain::own("no answer")),
            Retry::Status(status) => Plain::own(format!("it answers with status {status}")),
        };
        Self::Unreachable(detail)
    }

    /// The same, from a request that was not answered.
    pub(crate) fn transport(what: &'static str, error: TransportError) -> Self {
        match error {
            TransportError::Failed { detail, .. } => Self::Unreachable(detail),
            TransportError::TooLarge => Self::Unusable { what, why: Unusable::TooLarge, status: 200 },
        }
    }
}
