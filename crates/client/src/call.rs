//! A request to an API with the token of a session (RFC 6750 §2.1, RFC 9449 §7.1): the headers it needs, a new proof for
//! every attempt, and the one repetition that an API may ask for with a nonce (§9). Follows no redirect.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use zeroize::Zeroizing;

use crate::nonces::{Role, is_nonce};
use crate::proof_key::PROOF;
use crate::transport::{Request, Response};
use crate::{Endpoint, Environment, Error, Session, Transport, challenge};

const TIMEOUT: Duration = Duration::from_secs(30);
/// Larger answers are for other tools.
const MOST: usize = 16 * 1024 * 1024;
const REPLY: &str = "the answer of the API";

/// What is asked of an API.
#[derive(Clone, Debug)]
pub struct Call {
    /// Empty when there is none.
    pub body: Zeroizing<Vec<u8>>,
    /// Besides those that carry the token.
    pub headers: HeaderMap,
    /// The method.
    pub method: Method,
    /// The largest answer that is read.
    pub most: usize,
    /// For one attempt, from connecting to the last byte.
    pub timeout: Duration,
    /// Where. The token goes there, so it must be the API's.
    pub url: Endpoint,
}

impl Call {
    /// A GET.
    #[must_use]
    pub fn get(url: Endpoint) -> Self {
        let (body, headers, method) = (Zeroizing::default(), HeaderMap::new(), Method::GET);
        Self { body, headers, method, most: MOST, timeout: TIMEOUT, url }
    }
}

impl Session {
    /// The headers that carry the token to an API, by name: for a request another program makes. With a bound token they
    /// are good for this method and this URL, once, within a minute.
    ///
    /// # Errors
    /// [`Error::Signing`].
    pub fn headers<E: Environment>(
        &self,
        method: &Method,
        url: &Endpoint,
        environment: &E,
    ) -> Result<Vec<(&'static str, Zeroizing<String>)>, Error> {
        let mut headers = vec![("Authorization", Zeroizing::new(self.header_value()))];
        if let Some(key) = &self.proof_key {
            let place = (Role::Resource, method.as_str(), url.url());
            headers.push(("DPoP", key.proof(place, Some(self.access_token.reveal()), environment)?));
        }
        Ok(headers)
    }

    /// Takes a nonce that an API gave to another program; whether it is one. Proofs for that API then have it.
    pub fn take_nonce(&self, url: &Endpoint, nonce: &str) -> bool {
        let Some(key) = self.proof_key.as_ref().filter(|_| is_nonce(nonce)) else { return false };
        key.remember(Role::Resource, url.url(), nonce);
        true
    }
}

/// Sends `call` in the session's name, and repeats it once at once where the API demands a nonce and gave one: nothing
/// was done yet then. Any other answer is returned as it is, whatever its status.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Unusable`] for an answer that is too large, [`Error::Signing`].
pub async fn call<T: Transport, E: Environment>(
    transport: &T,
    environment: &E,
    session: &Session,
    call: &Call,
) -> Result<Response, Error> {
    let mut repeated = false;
    loop {
        let mut headers = call.headers.clone();
        let own = session.headers(&call.method, &call.url, environment)?;
        for (name, (_, text)) in [AUTHORIZATION, PROOF].into_iter().zip(&own) {
            if let Ok(mut value) = HeaderValue::from_str(text) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        let request = Request {
            body: call.body.clone(),
            headers,
            method: call.method.clone(),
            most: call.most,
            timeout: call.timeout,
            url: call.url.url().clone(),
        };
        let response = transport.send(request).await.map_err(|error| Error::transport(REPLY, error))?;
        let nonce = session.proof_key.as_ref();
        let nonce = nonce.and_then(|key| key.learn(Role::Resource, call.url.url(), &response.headers));
        let demanded =
            response.status == 401 && challenge::error(&response.headers).as_deref() == Some("use_dpop_nonce");
        if !demanded || nonce.is_none() || std::mem::replace(&mut repeated, true) {
            return Ok(response);
        }
    }
}

/// Whether an answer says that the token is no longer good, so that a renewed one is worth a second attempt.
#[must_use]
pub fn refuses_token(response: &Response) -> bool {
    response.status == 401 && challenge::error(&response.headers).is_none_or(|error| error == "invalid_token")
}
