//! What an API embeds to accept access tokens: JWTs of RFC 9068, bound to a key (RFC 9449) or not.
//!
//! [`Validator::authorize`] is the whole of it, a function over the method, address and headers of a request; with the
//! feature `tower` it is a layer as well. Owns which tokens and proofs a resource accepts and what it answers otherwise
//! (RFC 6750 §3, RFC 9449 §7), and the document about itself (RFC 9728). Leaves HTTP and the fetching of keys to its host.
//!
//! ```
//! # use countersign_resource::{JwkSet, Timestamp, Validator};
//! # use http::{Request, Response};
//! async fn things(api: &Validator<JwkSet>, request: Request<()>, now: Timestamp) -> Response<String> {
//!     let access = api.authorize(request.method(), request.uri(), request.headers(), now).await;
//!     match access.and_then(|access| access.require(&["things:read"]).map(|()| access)) {
//!         Ok(access) => Response::new(format!("the things of {}", access.token.sub)),
//!         Err(refusal) => {
//!             eprintln!("{refusal}");
//!             api.answer(&refusal, now).into_response()
//!         }
//!     }
//! }
//! ```

mod access;
mod answer;
mod credentials;
mod keys;
#[cfg(feature = "tower")]
mod layer;
mod metadata;
mod refusal;
mod validator;

pub use jose::access_token::AccessToken;
pub use jose::dpop::{Nonces, ProofError};
pub use jose::{Algorithm, JwkSet, TokenError, VerifyError};
pub use proto::Timestamp;

pub use access::Access;
pub use answer::Answer;
pub use credentials::Scheme;
pub use keys::{KeySource, KeysError, SourceError};
#[cfg(feature = "tower")]
pub use layer::{AccessLayer, AccessService};
pub use metadata::{Metadata, MetadataError};
pub use refusal::{Cause, Refusal};
pub use validator::Validator;
