//! What a server says about itself (RFC 8414, OpenID Connect Discovery): fetched, checked, completed with what is known
//! about its provider. Everything or nothing: a document with another issuer or a bad URL is not used at all.

use std::time::Duration;

use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, HeaderValue, Method};
use proto::wire::error::Unusable;
use proto::wire::metadata::AuthorizationServerMetadata;
use url::Url;
use zeroize::Zeroizing;

use crate::endpoint::EndpointError;
use crate::transport::{Request, Response, Transport, TransportError};
use crate::{Endpoint, Issuer, Plain, Plaintext, Provider, body};

/// For the whole of one document.
const TIMEOUT: Duration = Duration::from_secs(5);
const MOST: usize = 256 * 1024;
const MOST_REDIRECTS: usize = 3;

/// Why a server's documents cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// A URL in the document is not acceptable (RFC 8628 §3.1).
    #[error("the server's {member} {why}")]
    Endpoint {
        /// Which.
        member: &'static str,
        /// Why not.
        why: EndpointError,
    },
    /// The document is another issuer's (RFC 8414 §3.3).
    #[error("the server calls itself {0}, which is not what was asked for")]
    Issuer(Plain),
    /// Neither document is there.
    #[error("there is no discovery document (status {0})")]
    Missing(u16),
    /// The server has no device flow, as far as it says.
    #[error("the server offers no device_authorization_endpoint")]
    NoDeviceFlow,
    /// It redirects to another origin.
    #[error("the discovery document redirects elsewhere")]
    Redirect,
    /// The server cannot be reached.
    #[error("the server cannot be reached: {0}")]
    Unreachable(Plain),
    /// Known not to work.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The document is malformed.
    #[error("the discovery document cannot be used: {0}")]
    Unusable(Unusable),
}

/// A server, ready to be used.
#[derive(Clone, Debug)]
pub struct Server {
    /// RFC 8628 §3.1.
    pub device_authorization: Endpoint,
    /// Its identifier, as configured and as it says.
    pub issuer: Issuer,
    /// Its public keys.
    pub jwks: Option<Endpoint>,
    /// What else it says.
    pub metadata: AuthorizationServerMetadata,
    /// Whether http on loopback is acceptable for what it sends.
    pub plaintext: Plaintext,
    /// What is known about it.
    pub provider: &'static Provider,
    /// RFC 7009.
    pub revocation: Option<Endpoint>,
    /// RFC 6749 §3.2.
    pub token: Endpoint,
    /// OpenID Connect Core §5.3.
    pub userinfo: Option<Endpoint>,
}

impl Server {
    /// A server at known endpoints, for codes and for tokens, that says nothing else about itself.
    #[must_use]
    pub fn at(issuer: Issuer, provider: &'static Provider, (codes, tokens): (Endpoint, Endpoint)) -> Self {
        let metadata = AuthorizationServerMetadata { issuer: issuer.as_str().to_owned(), ..Default::default() };
        let plaintext = if codes.url().scheme() == "http" { Plaintext::OnLoopback } else { Plaintext::Refused };
        Self {
            device_authorization: codes,
            issuer,
            jwks: None,
            metadata,
            plaintext,
            provider,
            revocation: None,
            token: tokens,
            userinfo: None,
        }
    }
}

/// Finds out where a server's endpoints are.
///
/// # Errors
/// [`DiscoveryError`].
pub async fn discover<T: Transport>(
    transport: &T,
    issuer: Issuer,
    provider: &'static Provider,
    plaintext: Plaintext,
) -> Result<Server, DiscoveryError> {
    if let Some(why) = Provider::why_not(issuer.host()) {
        return Err(DiscoveryError::Unsupported(why));
    }
    let nothing = || AuthorizationServerMetadata { issuer: issuer.as_str().to_owned(), ..Default::default() };
    let suffices = provider.device_authorization.is_some() && provider.token.is_some();
    let metadata = if provider.discovery {
        match documents(transport, &issuer, provider, plaintext).await {
            // Where it is known what stands in a document, one that is not there is not missed.
            Err(DiscoveryError::Missing(400..=499)) if suffices => nothing(),
            other => other?,
        }
    } else {
        nothing()
    };
    let known = |path: Option<&'static str>| {
        path.map(|path| if path.starts_with('/') { issuer.below(path) } else { path.to_owned() })
    };
    let endpoint = |member, published: &Option<String>, known: Option<String>| {
        let text = published.clone().or(known);
        text.map(|text| Endpoint::parse(&text, plaintext).map_err(|why| DiscoveryError::Endpoint { member, why }))
            .transpose()
    };
    let device = endpoint(
        "device_authorization_endpoint",
        &metadata.device_authorization_endpoint,
        known(provider.device_authorization),
    )?;
    let token = endpoint("token_endpoint", &metadata.token_endpoint, known(provider.token))?;
    Ok(Server {
        device_authorization: device.ok_or(DiscoveryError::NoDeviceFlow)?,
        jwks: endpoint("jwks_uri", &metadata.jwks_uri, None)?,
        revocation: endpoint("revocation_endpoint", &metadata.revocation_endpoint, known(provider.revocation))?,
        token: token.ok_or(DiscoveryError::Unusable(Unusable::Missing("token_endpoint")))?,
        userinfo: endpoint("userinfo_endpoint", &metadata.userinfo_endpoint, None)?,
        issuer,
        metadata,
        plaintext,
        provider,
    })
}

/// The first of the two documents that is there, is the issuer's and names a device endpoint. When neither does, the one
/// without it, for a provider whose endpoint is known; else what was wrong.
async fn documents<T: Transport>(
    transport: &T,
    issuer: &Issuer,
    provider: &Provider,
    plaintext: Plaintext,
) -> Result<AuthorizationServerMetadata, DiscoveryError> {
    let (mut second_best, mut wrong) = (None, None);
    for url in issuer.documents() {
        match document(transport, (issuer, provider), url, plaintext).await {
            Ok(metadata) if metadata.device_authorization_endpoint.is_some() => return Ok(metadata),
            Ok(metadata) => second_best = second_best.or(Some(metadata)),
            Err(error @ DiscoveryError::Unreachable(_)) => return Err(error),
            // An absent document says less than a wrong one.
            Err(error @ DiscoveryError::Missing(_)) => wrong = wrong.or(Some(error)),
            Err(error) => match wrong {
                None | Some(DiscoveryError::Missing(_)) => wrong = Some(error),
                Some(_) => {}
            },
        }
    }
    second_best.ok_or_else(|| wrong.unwrap_or(DiscoveryError::Missing(404)))
}

/// One document, checked.
pub(crate) async fn document<T: Transport>(
    transport: &T,
    (issuer, provider): (&Issuer, &Provider),
    url: Url,
    plaintext: Plaintext,
) -> Result<AuthorizationServerMetadata, DiscoveryError> {
    let response = fetch(transport, url, plaintext).await?;
    let members = body::members(&response).map_err(DiscoveryError::Unusable)?;
    let metadata = AuthorizationServerMetadata::parse(members).map_err(DiscoveryError::Unusable)?;
    if !provider.is_same_issuer(issuer.as_str(), &metadata.issuer) {
        return Err(DiscoveryError::Issuer(Plain::new(&metadata.issuer, 200)));
    }
    Ok(metadata)
}

/// A public document by GET. Redirects are followed within the origin and no further.
pub(crate) async fn fetch<T: Transport>(
    transport: &T,
    mut url: Url,
    plaintext: Plaintext,
) -> Result<Response, DiscoveryError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for _ in 0..=MOST_REDIRECTS {
        let request = Request {
            body: Zeroizing::default(),
            headers: headers.clone(),
            method: Method::GET,
            most: MOST,
            timeout: TIMEOUT,
            url: url.clone(),
        };
        let response = transport.send(request).await.map_err(|error| match error {
            TransportError::Failed { detail, .. } => DiscoveryError::Unreachable(detail),
            TransportError::TooLarge => DiscoveryError::Unusable(Unusable::TooLarge),
        })?;
        match response.status {
            200 => return Ok(response),
            301 | 302 | 303 | 307 | 308 => {
                let target = body::text(&response.headers, LOCATION).and_then(|target| url.join(target).ok());
                let target = target.ok_or(DiscoveryError::Missing(response.status))?;
                let acceptable = Endpoint::parse(target.as_str(), plaintext).is_ok();
                if target.origin() != url.origin() || !acceptable {
                    return Err(DiscoveryError::Redirect);
                }
                url = target;
            }
            status => return Err(DiscoveryError::Missing(status)),
        }
    }
    Err(DiscoveryError::Redirect)
}
