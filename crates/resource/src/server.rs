//! The authorization server as an API sees it: its metadata (RFC 8414), its keys (RFC 7517), its introspection endpoint.
//! Addresses are taken from metadata that names the very issuer that was configured, and from nowhere else.

use std::sync::Arc;

use http::header::ACCEPT;
use http::{Request, StatusCode};
use jose::JwkSet;
use jose::json::{MAX_DEPTH, parse_object};
use proto::wire::metadata::{OAUTH_WELL_KNOWN, OPENID_WELL_KNOWN};
use serde_json::{Map, Value};

use crate::address::{acceptable, is_acceptable, origin};
use crate::{AddressError, KeySource, MOST_BODY, ServerError, SourceError, Transport};

/// Where tokens come from. Shared by the [`crate::Validator`], as the source of its keys, and by its
/// [`crate::Introspection`].
#[derive(Debug)]
pub struct AuthorizationServer<T> {
    issuer: String,
    transport: T,
    jwks_uri: Option<String>,
    introspection_endpoint: Option<String>,
}

impl<T: Transport> AuthorizationServer<T> {
    /// The server with this issuer identifier, reached by `transport`. Its metadata says where the rest is.
    ///
    /// # Errors
    /// [`AddressError`]; an issuer has no query either.
    pub fn new(issuer: &str, transport: T) -> Result<Self, AddressError> {
        let issuer = acceptable(issuer)?;
        if issuer.contains('?') {
            return Err(AddressError);
        }
        Ok(Self { issuer, transport, jwks_uri: None, introspection_endpoint: None })
    }

    /// Takes the keys from here, for a server without metadata.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn jwks_uri(mut self, url: &str) -> Result<Self, AddressError> {
        self.jwks_uri = Some(acceptable(url)?);
        Ok(self)
    }

    /// Introspects here, for a server without metadata, or with an endpoint on another network.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn introspection_endpoint(mut self, url: &str) -> Result<Self, AddressError> {
        self.introspection_endpoint = Some(acceptable(url)?);
        Ok(self)
    }

    /// The issuer identifier, as it was given.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where to introspect.
    pub(crate) async fn where_to_introspect(&self) -> Result<Arc<str>, ServerError> {
        match &self.introspection_endpoint {
            Some(url) => Ok(url.as_str().into()),
            None => address(&self.metadata().await?, "introspection_endpoint").map(Into::into),
        }
    }

    /// One exchange, of which only a 200 no longer than this counts.
    pub(crate) async fn exchange(&self, request: Request<String>, most: usize) -> Result<Vec<u8>, ServerError> {
        let response = self.transport.send(request).await?;
        match response.status() {
            StatusCode::OK if response.body().len() > most => Err(ServerError::TooLong),
            StatusCode::OK => Ok(response.into_body()),
            status => Err(ServerError::Status(status)),
        }
    }

    async fn keys(&self) -> Result<JwkSet, ServerError> {
        let url = match &self.jwks_uri {
            Some(url) => url.clone(),
            None => address(&self.metadata().await?, "jwks_uri")?.to_owned(),
        };
        Ok(JwkSet::parse(&self.get(&url).await?)?)
    }

    /// The document of RFC 8414, else that of OpenID Connect Discovery.
    async fn metadata(&self) -> Result<Map<String, Value>, ServerError> {
        let origin = origin(&self.issuer).unwrap_or_default();
        let path = self.issuer.get(origin.len()..).unwrap_or_default().trim_end_matches('/');
        let document = match self.get(&format!("{origin}{OAUTH_WELL_KNOWN}{path}")).await {
            Err(ServerError::Status(_)) => self.get(&format!("{origin}{path}{OPENID_WELL_KNOWN}")).await?,
            document => document?,
        };
        let metadata = parse_object(&document, MAX_DEPTH)?;
        match metadata.get("issuer") {
            Some(Value::String(issuer)) if *issuer == self.issuer => Ok(metadata),
            _ => Err(ServerError::Issuer),
        }
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, ServerError> {
        let request = Request::get(url).header(ACCEPT, "application/json").body(String::new())?;
        self.exchange(request, MOST_BODY).await
    }
}

impl<T: Transport> KeySource for AuthorizationServer<T> {
    async fn fetch(&self) -> Result<JwkSet, SourceError> {
        Ok(self.keys().await?)
    }
}

fn address<'m>(metadata: &'m Map<String, Value>, member: &'static str) -> Result<&'m str, ServerError> {
    match metadata.get(member) {
        Some(Value::String(url)) if is_acceptable(url) => Ok(url),
        Some(Value::String(_)) => Err(ServerError::Address(member)),
        _ => Err(ServerError::Missing(member)),
    }
}
