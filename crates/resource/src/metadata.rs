//! The document a resource publishes about itself (RFC 9728): who issues tokens for it and how to present them.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, Uri};
use jose::Algorithm;
use serde_json::{Map, Value, json};

use crate::address::{is_acceptable, origin};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Why something cannot be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The `jwks_uri` is not an https URL (RFC 9728 §2).
    #[error("the jwks_uri is not an https URL")]
    JwksUri,
    /// The resource is not an https URL without fragment (RFC 9728 §1.2), nor http on a loopback address.
    #[error("the resource identifier is not an https URL without fragment")]
    Resource,
}

/// Protected resource metadata, ready to be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    resource: String,
    members: Map<String, Value>,
}

impl Metadata {
    /// For the resource of this identifier, whose tokens come from `issuer`, in the `Authorization` header only.
    ///
    /// # Errors
    /// [`MetadataError::Resource`].
    pub fn new(resource: &str, issuer: &str) -> Result<Self, MetadataError> {
        if !is_acceptable(resource) {
            return Err(MetadataError::Resource);
        }
        let metadata = Self { resource: resource.to_owned(), members: Map::new() };
        Ok(metadata
            .with("resource", resource.into())
            .with("authorization_servers", json!([issuer]))
            .with("bearer_methods_supported", json!(["header"])))
    }

    /// The scopes there are.
    #[must_use]
    pub fn scopes(self, scopes: &[&str]) -> Self {
        self.with("scopes_supported", json!(scopes))
    }

    /// A name for people.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.with("resource_name", name.into())
    }

    /// A page for developers.
    #[must_use]
    pub fn documentation(self, url: &str) -> Self {
        self.with("resource_documentation", url.into())
    }

    /// The algorithms of DPoP proofs, and whether tokens must be bound.
    #[must_use]
    pub fn dpop(self, algorithms: &[Algorithm], is_required: bool) -> Self {
        let required = if is_required { Value::Bool(true) } else { Value::Null };
        self.with("dpop_signing_alg_values_supported", names(algorithms))
            .with("dpop_bound_access_tokens_required", required)
    }

    /// The keys and algorithms with which the resource signs its answers, if it does.
    ///
    /// # Errors
    /// [`MetadataError::JwksUri`].
    pub fn signs(self, algorithms: &[Algorithm], jwks_uri: &str) -> Result<Self, MetadataError> {
        if !jwks_uri.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("https")) {
            return Err(MetadataError::JwksUri);
        }
        Ok(self.with("jwks_uri", jwks_uri.into()).with("resource_signing_alg_values_supported", names(algorithms)))
    }

    /// The path and query it is to be served at, by GET: the well-known name between host and path (RFC 9728 §3.1).
    #[must_use]
    pub fn path(&self) -> String {
        let rest = self.resource.get(origin(&self.resource).unwrap_or_default().len()..).unwrap_or_default();
        let rest = match rest.strip_prefix('/') {
            Some(after) if after.is_empty() || after.starts_with('?') => after,
            _ => rest,
        };
        format!("{WELL_KNOWN}{rest}")
    }

    /// The URL it is found at.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", origin(&self.resource).unwrap_or_default(), self.path())
    }

    /// The document.
    #[must_use]
    pub fn json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    /// The answer to a GET of [`Self::path`].
    #[must_use]
    pub fn response<B: From<String>>(&self) -> Response<B> {
        let mut response = Response::new(B::from(self.json()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        response
    }

    /// Empty lists and absent values are left out (RFC 9728 §3.2).
    fn with(mut self, name: &str, value: Value) -> Self {
        let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if is_empty {
            self.members.remove(name);
        } else {
            self.members.insert(name.to_owned(), value);
        }
        self
    }
}

fn names(algorithms: &[Algorithm]) -> Value {
    algorithms.iter().flat_map(|algorithm| algorithm.names()).map(|name| Value::from(*name)).collect()
}
