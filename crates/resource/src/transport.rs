//! The HTTP of the API that embeds this crate, as far as the authorization server is concerned: it brings its own.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use jose::{ClaimsError, JsonError, JwkError};

/// What a transport, or a source of keys, failed with.
pub type SourceError = Box<dyn Error + Send + Sync>;

/// Sends a request to the authorization server and returns whatever it answers.
///
/// Requests carry tokens and the API's secret. A transport therefore checks the certificate of the server, bounds the time
/// an exchange takes and the length it reads, and **follows no redirect**.
///
/// ```
/// # extern crate countersign_resource as resource;
/// use http::{Request, Response};
/// use resource::{SourceError, Transport};
///
/// /// Built with a timeout and `redirect(Policy::none())`.
/// struct Http(reqwest::Client);
///
/// impl Transport for Http {
///     async fn send(&self, request: Request<String>) -> Result<Response<Vec<u8>>, SourceError> {
///         let mut answer = self.0.execute(request.try_into()?).await?;
///         let mut body = Vec::new();
///         while body.len() <= resource::MOST_BODY
///             && let Some(chunk) = answer.chunk().await?
///         {
///             body.extend_from_slice(&chunk);
///         }
///         Ok(Response::builder().status(answer.status()).body(body)?)
///     }
/// }
/// ```
pub trait Transport: Send + Sync {
    /// One exchange. `Err` is for one without an answer; a status that is not 200 is an answer.
    fn send(&self, request: Request<String>) -> impl Future<Output = Result<Response<Vec<u8>>, SourceError>> + Send;
}

/// The longest body that is read of any answer.
pub const MOST_BODY: usize = 256 * 1024;

/// What was wrong between the API and its authorization server. None of it says anything about a token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServerError {
    /// An address in the metadata is not acceptable.
    #[error("`{0}` is not an https address")]
    Address(&'static str),
    /// As many questions as allowed are waiting for an answer already.
    #[error("too many introspections at once")]
    Busy,
    /// A member of the answer has a wrong shape.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// The metadata is another issuer's (RFC 8414 §3.3).
    #[error("the metadata is of another issuer")]
    Issuer,
    /// The answer is not acceptable JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The keys are not acceptable.
    #[error(transparent)]
    Keys(#[from] JwkError),
    /// A member that has to be there is not, or is of another type.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// It answered with this status.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// The answer is longer than any honest one.
    #[error("the answer is too long")]
    TooLong,
    /// There was no answer.
    #[error("{0}")]
    Transport(Arc<dyn Error + Send + Sync>),
}

impl From<SourceError> for ServerError {
    fn from(error: SourceError) -> Self {
        Self::Transport(error.into())
    }
}

impl From<http::Error> for ServerError {
    fn from(error: http::Error) -> Self {
        Self::Transport(Arc::new(error))
    }
}
