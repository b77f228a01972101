//! What an API embeds to accept the access tokens of an authorization server: JWTs (RFC 9068), opaque tokens (RFC 7662),
//! both bound to a key (DPoP, RFC 9449) or not.
//!
//! Owns which tokens and proofs a resource accepts, what it answers otherwise (RFC 6750 §3, RFC 9449 §7), and the document
//! about itself (RFC 9728). Leaves HTTP, TLS, the runtime and the log to its host: time is an argument, and the
//! authorization server is reached through [`Transport`], a trait with one method, whose page shows one to copy.
//!
//! # A route in ten lines
//!
//! Once, when the API starts: whom it trusts, and the name by which tokens mean it, usually its URL (RFC 8707). Where the
//! keys are is in the issuer's metadata; they are fetched with the first token and cached from then on.
//!
//! ```
//! # extern crate countersign_resource as resource;
//! # use resource::Transport;
//! use std::sync::Arc;
//! use resource::{AddressError, AuthorizationServer, Validator};
//!
//! # fn start<Http: Transport>(http: Http) -> Result<Validator<Arc<AuthorizationServer<Http>>>, AddressError> {
//! let server = Arc::new(AuthorizationServer::new("https://id.example.com", http)?);
//! let api = Validator::new("https://id.example.com", "https://api.example.com", server);
//! # Ok(api)
//! # }
//! ```
//!
//! For each request: [`Validator::authorize`] reads method, address and headers and gives the [`Access`] it has, or a
//! [`Refusal`]. The exact cause of one is for the log; [`Validator::answer`] makes of it what the client may know.
//!
//! ```
//! # extern crate countersign_resource as resource;
//! # use http::{Request, Response};
//! # use resource::{JwkSet, Validator, system_time};
//! async fn things(api: &Validator<JwkSet>, request: Request<()>) -> Response<String> {
//!     let now = system_time();
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
//!
//! # The same as a layer
//!
//! With the feature `tower`, which is on by default, for axum, tonic and whatever else is made of services. A request with
//! access goes on with its [`Access`] among the extensions.
//!
//! ```
//! # extern crate countersign_resource as resource;
//! # #[cfg(feature = "tower")] {
//! # use std::sync::Arc;
//! use resource::{AccessLayer, JwkSet, Validator};
//!
//! # fn layer(api: Arc<Validator<JwkSet>>) -> AccessLayer<JwkSet> {
//! AccessLayer::new(api).scopes(&["things:read"]).on_refusal(|refusal| eprintln!("{refusal}"))
//! # }
//! # }
//! ```
//!
//! # Opaque tokens, and revocation at once
//!
//! A JWT is judged offline, so one that was revoked goes on until it expires: minutes, with the lifetime that access tokens
//! should have. What does not look like a JWT can only be asked about, and an API may want to ask about every token.
//! Register it at the authorization server as a client that may introspect, with a secret:
//!
//! ```
//! # extern crate countersign_resource as resource;
//! # use std::sync::Arc;
//! # use std::time::Duration;
//! # use resource::{AuthorizationServer, Transport, Validator};
//! use resource::Introspection;
//!
//! # fn start<Http: Transport + 'static>(server: Arc<AuthorizationServer<Http>>, secret: &str) {
//! let introspection = Introspection::new(Arc::clone(&server), "api", secret);
//! let api = Validator::new("https://id.example.com", "https://api.example.com", Arc::clone(&server))
//!     .introspection(introspection);
//!
//! // A payment, say: no token that was revoked, not even for seconds.
//! let introspection = Introspection::new(Arc::clone(&server), "api", secret);
//! let strict = Validator::new("https://id.example.com", "https://api.example.com", server)
//!     .introspection(introspection.every_token().keep_for(Duration::ZERO));
//! # }
//! ```
//!
//! | Token | without | with | with [`Introspection::every_token`] |
//! |---|---|---|---|
//! | JWT | offline: revoked, it goes on until it expires | offline | offline, then asked about |
//! | any other | refused | asked about | asked about |
//!
//! Answers are kept for ten seconds unless [`Introspection::keep_for`] says otherwise, at most for thirty, and never beyond
//! the end of the token. While the server cannot be asked, requests are answered 503 and not 401: their tokens may be good.
//!
//! # Tokens that are bound to a key
//!
//! They need nothing: a token that names a key is accepted with a proof under that key, each proof once, and never as a
//! bearer token. A proof names the URL of the request, so an API behind a proxy that rewrites addresses says
//! what the client sees with [`Validator::external_url`]. [`Validator::require_bound_tokens`] accepts no others, and
//! [`Validator::nonces`] demands proofs that cannot have been made in advance. The memory of proofs is this process's own;
//! several that share a name should demand nonces, so that a proof is good for minutes at most.
//!
//! # Where clients learn about it
//!
//! [`Metadata`] is served without access at its own path, and challenges point there, so that a client that was refused
//! finds the issuer and the scopes by itself.
//!
//! ```
//! # extern crate countersign_resource as resource;
//! # use resource::{Algorithm, JwkSet, MetadataError, Validator};
//! use resource::Metadata;
//!
//! # fn start(keys: JwkSet) -> Result<(), MetadataError> {
//! let metadata = Metadata::new("https://api.example.com", "https://id.example.com")?
//!     .scopes(&["things:read", "things:write"])
//!     .dpop(Algorithm::ALL, false);
//! assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource");
//! let api = Validator::new("https://id.example.com", "https://api.example.com", keys).metadata(&metadata);
//! # Ok(())
//! # }
//! ```
//!
//! A client compares the resource in the document with the URL it called (RFC 9728 §3.3). Of an API whose parts are
//! resources of their own, each has a [`Metadata`] and a [`Validator`]; they may share the [`AuthorizationServer`].
//!
//! # What is answered
//!
//! | Status | When | Challenge |
//! |---|---|---|
//! | 400 | the header cannot be read, or there are two tokens | `invalid_request` |
//! | 401 | no token | no error code |
//! | 401 | the token is expired, revoked, forged, for another API, bound to another key | `invalid_token` |
//! | 401 | the proof is missing, wrong or used before; or lacks a fresh nonce | `invalid_dpop_proof`, `use_dpop_nonce` |
//! | 403 | the token lacks a scope | `insufficient_scope`, and which scopes |
//! | 429 | more proofs than can be remembered | none |
//! | 503 | the keys cannot be fetched, or the server not be asked | none |
//!
//! `examples/api.rs` is a whole API, in a minute's reading.

mod access;
mod address;
mod answer;
mod clock;
mod credentials;
mod flight;
mod introspection;
mod keys;
#[cfg(feature = "tower")]
mod layer;
mod metadata;
mod refusal;
mod server;
mod transport;
mod validator;

pub use jose::dpop::{Nonces, ProofError};
pub use jose::{Algorithm, Claims, JwkSet, TokenError, VerifyError};
pub use proto::Timestamp;

pub use access::{Access, Token};
pub use address::AddressError;
pub use answer::Answer;
pub use clock::system_time;
pub use credentials::Scheme;
pub use introspection::Introspection;
pub use keys::{KeySource, KeysError};
#[cfg(feature = "tower")]
pub use layer::{AccessLayer, AccessService};
pub use metadata::{Metadata, MetadataError};
pub use refusal::{Cause, Refusal};
pub use server::AuthorizationServer;
pub use transport::{MOST_BODY, ServerError, SourceError, Transport};
pub use validator::Validator;
