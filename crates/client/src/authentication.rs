//! Who the application is, and how it proves that (RFC 6749 §2.3, RFC 7523 §2.2). One method per request, never two.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use jose::client_assertion;
use proto::wire::token::Credential;
use std::time::Duration;
use zeroize::Zeroizing;

use crate::transport::Request;
use crate::{ClientKey, Endpoint, Environment, Error, Issuer};

/// The largest reply of an endpoint that answers with codes, tokens or errors.
pub(crate) const MOST_REPLY: usize = 64 * 1024;

/// How the application authenticates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Authentication {
    /// `client_secret_basic`.
    Basic(Credential),
    /// `none`: a public client is named, not authenticated.
    None,
    /// `client_secret_post`.
    Post(Credential),
    /// `private_key_jwt`.
    PrivateKey(ClientKey),
}

/// The application, as it is registered with the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// How it authenticates.
    pub authentication: Authentication,
    /// Its identifier.
    pub client_id: String,
}

/// What a POST says, before the application's own part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// Those with an empty value are left out.
    pub(crate) pairs: &'a [(&'a str, &'a str)],
    pub(crate) timeout: Duration,
}

impl Application {
    /// A public client.
    #[must_use]
    pub fn public(client_id: impl Into<String>) -> Self {
        Self { authentication: Authentication::None, client_id: client_id.into() }
    }

    /// A form POST in this application's name. Made anew for every attempt: an assertion is good once.
    pub(crate) fn post<E: Environment>(
        &self,
        form: &Form<'_>,
        issuer: &Issuer,
        environment: &E,
    ) -> Result<Request, Error> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form.pairs.iter().filter(|(_, value)| !value.is_empty()));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match &self.authentication {
            Authentication::None => {
                body.append_pair("client_id", &self.client_id);
            }
            Authentication::Post(secret) => {
                body.append_pair("client_id", &self.client_id).append_pair("client_secret", secret.reveal());
            }
            Authentication::PrivateKey(key) => {
                let assertion = key.assertion(&self.client_id, issuer.as_str(), environment)?;
                body.append_pair("client_id", &self.client_id)
                    .append_pair("client_assertion_type", client_assertion::TYPE)
                    .append_pair("client_assertion", &assertion);
            }
            Authentication::Basic(secret) => {
                if let Ok(mut value) = HeaderValue::from_str(&self.basic(secret)) {
                    value.set_sensitive(true);
                    headers.insert(AUTHORIZATION, value);
                }
            }
        }
        let body = Zeroizing::new(body.finish().into_bytes());
        let (method, url) = (Method::POST, form.endpoint.url().clone());
        Ok(Request { body, headers, method, most: MOST_REPLY, timeout: form.timeout, url })
    }

    /// Id and secret are form-encoded first (RFC 6749 §2.3.1). Beside it no `client_id` goes into the body: Okta refuses it.
    fn basic(&self, secret: &Credential) -> String {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!("{}:{}", encode(&self.client_id), encode(secret.reveal())));
        format!("Basic {}", STANDARD.encode(pair.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plaintext, System};

    fn post(authentication: Authentication) -> (String, Option<String>) {
        let application = Application { authentication, client_id: "a b:c".to_owned() };
        let endpoint = Endpoint::parse("https://id.example.com/t", Plaintext::Refused).unwrap();
        let issuer = Issuer::parse("https://id.example.com", Plaintext::Refused).unwrap();
        let form = Form { endpoint: &endpoint, pairs: &[("x", "1 &"), ("empty", "")], timeout: Duration::from_secs(1) };
        let request = application.post(&form, &issuer, &System::new()).unwrap();
        let header = request.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        (String::from_utf8(request.body.to_vec()).unwrap(), header)
    }

    #[test]
    fn oa_2_3_1_exactly_one_method() {
        let secret = || Credential::new("s%c:r");
        assert_eq!(post(Authentication::None), ("x=1+%26&client_id=a+b%3Ac".to_owned(), None));
        assert_eq!(
            post(Authentication::Post(secret())),
            ("x=1+%26&client_id=a+b%3Ac&client_secret=s%25c%3Ar".to_owned(), None)
        );
        let (body, header) = post(Authentication::Basic(secret()));
        assert_eq!(
            (body.as_str(), header),
            ("x=1+%26", Some(format!("Basic {}", STANDARD.encode("a+b%3Ac:s%25c%3Ar"))))
        );
    }
}
