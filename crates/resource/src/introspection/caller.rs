//! The question itself: a form POST in the API's name (RFC 7662 §2.1), to the endpoint that the metadata names.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use proto::Timestamp;
use proto::wire::token::Credential;

use crate::flight::Flight;
use crate::{AuthorizationServer, ServerError, Transport};

/// The longest answer about a token.
const MOST_RESPONSE: usize = 16 * 1024;
/// How long an endpoint is used before the metadata is read again, and how soon after that has failed.
const FRESH: Duration = Duration::from_secs(3600);
const PAUSE: Duration = Duration::from_secs(60);

/// Hides the transport, so that a [`crate::Validator`] with introspection has the type of one without.
pub(super) trait Ask: Send + Sync {
    fn ask<'a>(&'a self, token: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Vec<u8>, ServerError>>;
}

pub(super) struct Caller<T> {
    server: Arc<AuthorizationServer<T>>,
    authorization: Credential,
    known: Mutex<Option<Endpoint>>,
    finding: Flight<Result<Arc<str>, ServerError>>,
}

#[derive(Clone)]
struct Endpoint {
    url: Arc<str>,
    renew_at: Timestamp,
}

impl<T: Transport> Caller<T> {
    pub(super) fn new(server: Arc<AuthorizationServer<T>>, client_id: &str, client_secret: &str) -> Self {
        let authorization = Credential::new(basic(client_id, client_secret));
        Self { server, authorization, known: Mutex::default(), finding: Flight::default() }
    }

    async fn endpoint(&self, now: Timestamp) -> Result<Arc<str>, ServerError> {
        if let Some(known) = self.known().filter(|known| now < known.renew_at) {
            return Ok(known.url);
        }
        let attempt = async {
            let known = self.known();
            let found = match (known, self.server.where_to_introspect().await) {
                (_, Ok(url)) => Endpoint { url, renew_at: now + FRESH },
                (Some(known), Err(_)) => Endpoint { renew_at: now + PAUSE, ..known },
                (None, Err(error)) => return Err(error),
            };
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
            Ok(found.url)
        };
        self.finding.share(attempt).await
    }

    fn known(&self) -> Option<Endpoint> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn request(&self, endpoint: &str, token: &str) -> Result<Request<String>, http::Error> {
        let mut authorization = HeaderValue::try_from(self.authorization.reveal())?;
        authorization.set_sensitive(true);
        let form = [("token", token), ("token_type_hint", "access_token")];
        Request::post(endpoint)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish())
    }
}

impl<T: Transport> Ask for Caller<T> {
    fn ask<'a>(&'a self, token: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Vec<u8>, ServerError>> {
        Box::pin(async move {
            let endpoint = self.endpoint(now).await?;
            self.server.exchange(self.request(&endpoint, token)?, MOST_RESPONSE).await
        })
    }
}

/// Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1).
fn basic(client_id: &str, client_secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(client_secret))))
}
