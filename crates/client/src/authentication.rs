//! Who the application is, and how it proves that (RFC 6749 §2.3, RFC 7523 §2.2). One method per request, never two.
//! Writes requests in the dialect of their provider.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as STANDARD_BASE64;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use jose::client_assertion;
use proto::wire::token::Credential;
use std::time::Duration;
use zeroize::Zeroizing;

use crate::provider::dialect::camel;
use crate::provider::{Carrier, ClientIdPlace, Dialect, SecretPlace};
use crate::transport::Request;
use crate::{ClientKey, Endpoint, Environment, Error, Server};

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

/// What a request says, before the application's own part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// By GET, with everything in the address; else by POST.
    pub(crate) by_get: bool,
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

    /// A request in this application's name. Made anew for every attempt: an assertion is good once.
    pub(crate) fn request<E: Environment>(
        &self,
        form: &Form<'_>,
        server: &Server,
        environment: &E,
    ) -> Result<Request, Error> {
        let dialect = &server.provider.dialect;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Authentication::Basic(secret) = &self.authentication
            && let Ok(mut value) = HeaderValue::from_str(&self.basic(secret))
        {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let assertion = match &self.authentication {
            Authentication::PrivateKey(key) => {
                Some(key.assertion(&self.client_id, server.issuer.as_str(), environment)?)
            }
            Authentication::Basic(_) | Authentication::None | Authentication::Post(_) => None,
        };
        let joined = self.joined(dialect);
        let mut pairs: Vec<(&str, &str)> = form.pairs.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        pairs.extend(self.own(dialect, joined.as_deref().map(String::as_str), assertion.as_deref()));

        let mut url = form.endpoint.url().clone();
        if dialect.client_id == ClientIdPlace::Query {
            url.query_pairs_mut().append_pair("client_id", &self.client_id);
        }
        if form.by_get {
            url.query_pairs_mut().extend_pairs(&pairs);
            let (body, method) = (Zeroizing::default(), Method::GET);
            return Ok(Request { body, headers, method, most: MOST_REPLY, timeout: form.timeout, url });
        }
        let (kind, body) = match dialect.carrier {
            Carrier::Form => {
                let mut body = form_urlencoded::Serializer::new(String::new());
                ("application/x-www-form-urlencoded", body.extend_pairs(&pairs).finish())
            }
            Carrier::CamelJson => {
                let members: serde_json::Map<String, serde_json::Value> =
                    pairs.iter().map(|(name, value)| (camel(name), (*value).into())).collect();
                ("application/json", serde_json::Value::from(members).to_string())
            }
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let (body, method) = (Zeroizing::new(body.into_bytes()), Method::POST);
        Ok(Request { body, headers, method, most: MOST_REPLY, timeout: form.timeout, url })
    }

    /// Identifier and secret in one, where that is the way.
    fn joined(&self, dialect: &Dialect) -> Option<Zeroizing<String>> {
        match &self.authentication {
            Authentication::Post(secret) if dialect.secret == SecretPlace::Joined => {
                Some(Zeroizing::new(format!("{}|{}", self.client_id, secret.reveal())))
            }
            _ => None,
        }
    }

    /// The application's own parameters.
    fn own<'a>(
        &'a self,
        dialect: &Dialect,
        joined: Option<&'a str>,
        assertion: Option<&'a str>,
    ) -> Vec<(&'static str, &'a str)> {
        if let Some(joined) = joined {
            return vec![("access_token", joined)];
        }
        let beside = match (&self.authentication, dialect.client_id) {
            (_, ClientIdPlace::Query) | (Authentication::Basic(_), ClientIdPlace::Usual) => None,
            _ => Some(("client_id", self.client_id.as_str())),
        };
        let mut own: Vec<_> = beside.into_iter().collect();
        match &self.authentication {
            Authentication::Basic(_) | Authentication::None => {}
            Authentication::Post(secret) => own.push(("client_secret", secret.reveal())),
            Authentication::PrivateKey(_) => own.extend([
                ("client_assertion_type", client_assertion::TYPE),
                ("client_assertion", assertion.unwrap_or_default()),
            ]),
        }
        own
    }

    /// Id and secret are form-encoded first (RFC 6749 §2.3.1). Beside it no `client_id` goes into the body: Okta refuses it.
    fn basic(&self, secret: &Credential) -> String {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!("{}:{}", encode(&self.client_id), encode(secret.reveal())));
        format!("Basic {}", STANDARD_BASE64.encode(pair.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::GENERIC;
    use crate::provider::dialect::STANDARD;
    use crate::{Issuer, Plaintext, Provider, System};

    fn post_in(dialect: Dialect, authentication: Authentication) -> (Request, String) {
        let application = Application { authentication, client_id: "a b:c".to_owned() };
        let endpoint = Endpoint::parse("https://id.example.com/t", Plaintext::Refused).unwrap();
        let provider: &'static Provider = Box::leak(Box::new(Provider { dialect, ..GENERIC }));
        let server = Server::at(
            Issuer::parse("https://id.example.com", Plaintext::Refused).unwrap(),
            provider,
            (endpoint.clone(), endpoint.clone()),
        );
        let pairs = &[("x_y", "1 &"), ("empty", "")];
        let form = Form { endpoint: &endpoint, by_get: dialect.starts_by_get, pairs, timeout: Duration::from_secs(1) };
        let request = application.request(&form, &server, &System::new()).unwrap();
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        (request, body)
    }

    fn post(authentication: Authentication) -> (String, Option<String>) {
        let (request, body) = post_in(STANDARD, authentication);
        let header = request.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        (body, header)
    }

    #[test]
    fn oa_2_3_1_exactly_one_method() {
        let secret = || Credential::new("s%c:r");
        assert_eq!(post(Authentication::None), ("x_y=1+%26&client_id=a+b%3Ac".to_owned(), None));
        assert_eq!(
            post(Authentication::Post(secret())),
            ("x_y=1+%26&client_id=a+b%3Ac&client_secret=s%25c%3Ar".to_owned(), None)
        );
        let (body, header) = post(Authentication::Basic(secret()));
        assert_eq!(
            (body.as_str(), header),
            ("x_y=1+%26", Some(format!("Basic {}", STANDARD_BASE64.encode("a+b%3Ac:s%25c%3Ar"))))
        );
    }

    #[test]
    fn each_dialect_is_spoken_with_one_method() {
        let secret = || Credential::new("s");
        let aws = Dialect { carrier: Carrier::CamelJson, secret: SecretPlace::Body, ..STANDARD };
        let (request, body) = post_in(aws, Authentication::Post(secret()));
        assert_eq!(body, r#"{"clientId":"a b:c","clientSecret":"s","xY":"1 &"}"#);
        assert_eq!(request.headers[CONTENT_TYPE], "application/json");
        let facebook = Dialect { secret: SecretPlace::Joined, ..STANDARD };
        assert_eq!(post_in(facebook, Authentication::Post(secret())).1, "x_y=1+%26&access_token=a+b%3Ac%7Cs");
        let zoom = Dialect { client_id: ClientIdPlace::Query, ..STANDARD };
        let (request, body) = post_in(zoom, Authentication::Basic(secret()));
        assert_eq!((request.url.query(), body.as_str()), (Some("client_id=a+b%3Ac"), "x_y=1+%26"));
        assert!(request.headers.contains_key(AUTHORIZATION));
        let wso2 = Dialect { client_id: ClientIdPlace::BesideBasic, ..STANDARD };
        assert_eq!(post_in(wso2, Authentication::Basic(secret())).1, "x_y=1+%26&client_id=a+b%3Ac");
        let baidu = Dialect { starts_by_get: true, ..STANDARD };
        let (request, body) = post_in(baidu, Authentication::None);
        assert_eq!((request.method, body.as_str()), (Method::GET, ""));
        assert_eq!(request.url.query(), Some("x_y=1+%26&client_id=a+b%3Ac"));
    }
}
