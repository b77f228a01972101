//! What an API says about itself (RFC 9728): who gives tokens for it, and under which name it is to be asked for. Found by
//! its address, else through its own 401. Believed only about itself, and never followed to another origin or into a
//! private network (§7.7).

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderMap, Method};
use proto::wire::error::Unusable;
use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::challenge::Challenge;
use crate::discovery::{self, DiscoveryError};
use crate::endpoint::{EndpointError, is_loopback};
use crate::transport::{Request, Response, Transport, TransportError};
use crate::{Endpoint, Issuer, Plain, Plaintext, body};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const TIMEOUT: Duration = Duration::from_secs(10);
const MOST: usize = 64 * 1024;

/// An API, on its own checked word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProtectedResource {
    /// Those who give tokens for it; at least one.
    pub authorization_servers: Vec<Issuer>,
    /// It takes only tokens bound to a key (RFC 9449).
    pub demands_binding: bool,
    /// Its name in a request for tokens (RFC 8707): what it was asked by.
    pub resource: String,
    /// The scopes it knows.
    pub scopes: Vec<String>,
}

/// Why an API's document cannot be used. Nothing of it is, then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ResourceError {
    /// The address itself is not acceptable.
    #[error("the address {0}")]
    Address(EndpointError),
    /// It names an authorization server that must not be talked to.
    #[error("it names the authorization server {issuer}, which {why}")]
    AuthorizationServer {
        /// Which.
        issuer: Plain,
        /// Why not.
        why: EndpointError,
    },
    /// It names an authorization server inside a private network, and is outside of it.
    #[error("it names an authorization server in a private network")]
    Internal,
    /// It names no authorization server.
    #[error("it does not say who gives tokens for it")]
    NoAuthorizationServer,
    /// The document is another resource's (§3.3).
    #[error("it calls itself {0}, which is not what was asked for")]
    Resource(Plain),
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] DiscoveryError),
}

/// The members that matter here (RFC 9728 §2); others are ignored.
#[derive(Deserialize)]
struct Document {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
    #[serde(default)]
    dpop_bound_access_tokens_required: bool,
}

/// Asks the API at `address` about itself.
///
/// # Errors
/// [`ResourceError`].
pub async fn protected_resource<T: Transport>(
    transport: &T,
    address: &str,
    plaintext: Plaintext,
) -> Result<ProtectedResource, ResourceError> {
    let api = Endpoint::parse(address, plaintext).map_err(ResourceError::Address)?;
    let response = match discovery::fetch(transport, well_known(api.url()), plaintext).await {
        Err(DiscoveryError::Missing(status)) => {
            let pointed = pointed_to(transport, &api, plaintext).await?;
            discovery::fetch(transport, pointed.ok_or(DiscoveryError::Missing(status))?, plaintext).await?
        }
        other => other?,
    };
    read(&response, address, &api, plaintext)
}

/// §3.1: the well-known name between the host and what follows it.
fn well_known(api: &Url) -> Url {
    let mut url = api.clone();
    let path = if api.path() == "/" { "" } else { api.path() };
    url.set_path(&format!("{WELL_KNOWN}{path}"));
    url
}

/// Where a 401 says that the document is (§5.1): within the API's own origin, or nowhere.
async fn pointed_to<T: Transport>(
    transport: &T,
    api: &Endpoint,
    plaintext: Plaintext,
) -> Result<Option<Url>, DiscoveryError> {
    let request = Request {
        body: Zeroizing::default(),
        headers: HeaderMap::new(),
        method: Method::GET,
        most: MOST,
        timeout: TIMEOUT,
        url: api.url().clone(),
    };
    let response = match transport.send(request).await {
        Ok(response) if response.status == 401 => response,
        Ok(_) | Err(TransportError::TooLarge) => return Ok(None),
        Err(TransportError::Failed { detail, .. }) => return Err(DiscoveryError::Unreachable(detail)),
    };
    let all = Challenge::all(&response.headers);
    let Some(text) = all.iter().find_map(|challenge| challenge.parameter("resource_metadata")) else { return Ok(None) };
    match Endpoint::parse(text, plaintext) {
        Ok(found) if found.url().origin() == api.url().origin() => Ok(Some(found.url().clone())),
        _ => Err(DiscoveryError::Redirect),
    }
}

fn read(
    response: &Response,
    address: &str,
    api: &Endpoint,
    plaintext: Plaintext,
) -> Result<ProtectedResource, ResourceError> {
    let members = body::members(response).map_err(DiscoveryError::Unusable)?;
    let document: Document = serde_json::from_value(Value::Object(members))
        .map_err(|_| DiscoveryError::Unusable(Unusable::WrongType("metadata")))?;
    if !is_same(&document.resource, address) {
        return Err(ResourceError::Resource(Plain::new(&document.resource, 200)));
    }
    let outside = !is_internal(api.url());
    let mut authorization_servers = Vec::new();
    for text in &document.authorization_servers {
        // An identifier is kept as it is written, and this one is a stranger's: nothing in it may be hidden from people.
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let issuer = Issuer::parse(text, plaintext)
            .and_then(|issuer| if is_visible { Ok(issuer) } else { Err(EndpointError::NotUrl) })
            .map_err(|why| ResourceError::AuthorizationServer { issuer: Plain::new(text, 200), why })?;
        if outside && is_internal(issuer.url()) {
            return Err(ResourceError::Internal);
        }
        authorization_servers.push(issuer);
    }
    if authorization_servers.is_empty() {
        return Err(ResourceError::NoAuthorizationServer);
    }
    Ok(ProtectedResource {
        authorization_servers,
        demands_binding: document.dpop_bound_access_tokens_required,
        resource: document.resource,
        scopes: document.scopes_supported,
    })
}

/// §3.3: equal code point by code point. A bare host and the same with a slash make one address, so both may stand for it.
fn is_same(resource: &str, address: &str) -> bool {
    let bare = |text: &str| Url::parse(text).is_ok_and(|url| url.path() == "/" && url.query().is_none());
    let slashless = |text: &str| text.strip_suffix('/').unwrap_or(text).to_owned();
    resource == address || (bare(resource) && bare(address) && slashless(resource) == slashless(address))
}

/// A host that is this machine or an address of a private network. Names are not resolved: behind https they would have
/// to hold a certificate for the name.
fn is_internal(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => address.to_canonical(),
        Some(Host::Domain(_)) | None => return is_loopback(url),
    };
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified() || is_shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pr_2_the_document_of_an_api_has_one_place() {
        for (api, place) in [
            ("https://a.example", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example:8443/v1", "https://a.example:8443/.well-known/oauth-protected-resource/v1"),
            ("https://a.example/v1/?t=2", "https://a.example/.well-known/oauth-protected-resource/v1/?t=2"),
        ] {
            assert_eq!(well_known(&api.parse().unwrap()).as_str(), place);
        }
    }

    #[test]
    fn pr_5_private_networks_are_known() {
        for internal in
            ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
                .into_iter()
                .chain(["localhost", "[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]"])
        {
            assert!(is_internal(&format!("https://{internal}/").parse().unwrap()), "{internal}");
        }
        for outside in ["id.example.com", "1.1.1.1", "[2606:4700::1111]", "100.128.0.1"] {
            assert!(!is_internal(&format!("https://{outside}/").parse().unwrap()), "{outside}");
        }
    }
}
