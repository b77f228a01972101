//! One exchange with an endpoint of the server: the application's part, a new proof of the key where there is one, and
//! the one repetition RFC 9449 §8 asks for. A poll does the same in steps, since when it is repeated is the machine's.

use http::HeaderValue;
use proto::device::MOST_NONCES;
use proto::wire::error::{ErrorCode, ErrorReply, Unusable};
use proto::wire::members::Members;

use crate::authentication::Form;
use crate::nonces::Role;
use crate::proof_key::PROOF;
use crate::transport::{Request, Response};
use crate::{Client, Environment, Error, ProofKey, Transport, body};

/// What is posted, and under which key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Post<'a> {
    pub(crate) form: Form<'a>,
    /// The key that tokens are to be bound to.
    pub(crate) key: Option<&'a ProofKey>,
}

impl Post<'_> {
    /// The nonce of a reply, remembered and returned; `None` without a key to use it with.
    pub(crate) fn learn(&self, response: &Response) -> Option<String> {
        self.key?.learn(Role::Authorization, self.form.endpoint.url(), &response.headers)
    }
}

impl<T, E> Client<T, E> {
    /// The members of a reply, in the dialect of the provider.
    pub(crate) fn read(&self, response: &Response) -> Result<Members, Unusable> {
        self.server.provider.dialect.read(response)
    }
}

impl<T: Transport, E: Environment> Client<T, E> {
    /// The request, good for one attempt: proof and assertion in it have names of their own (RFC 9449 §11.1).
    pub(crate) fn request(&self, post: &Post<'_>) -> Result<Request, Error> {
        let mut request = self.application.request(&post.form, &self.server, &self.environment)?;
        if let Some(key) = post.key {
            let place = (Role::Authorization, request.method.as_str(), post.form.endpoint.url());
            let proof = key.proof(place, None, &self.environment)?;
            if let Ok(value) = HeaderValue::from_str(&proof) {
                request.headers.insert(PROOF, value);
            }
        }
        Ok(request)
    }

    /// Posts, and repeats at once where the server demands a nonce and gave a new one. `what` names the answer.
    pub(crate) async fn exchange(&self, post: &Post<'_>, what: &'static str) -> Result<Response, Error> {
        let mut used = Vec::new();
        loop {
            let sent = self.transport.send(self.request(post)?).await;
            let response = sent.map_err(|error| Error::transport(what, error))?;
            match post.learn(&response) {
                Some(nonce) if demands_nonce(&response) && !used.contains(&nonce) && used.len() < MOST_NONCES => {
                    used.push(nonce);
                }
                _ => return Ok(response),
            }
        }
    }
}

fn demands_nonce(response: &Response) -> bool {
    let error = body::members(response).ok().and_then(|members| ErrorReply::find(&members));
    error.is_some_and(|error| error.code == Some(ErrorCode::UseDpopNonce))
}
