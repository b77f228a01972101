//! Where a fetch goes, read from the text a stranger gave: an https address of the one shape that an honest one has.

use std::net::IpAddr;

use rustls_pki_types::ServerName;
use url::{Host, Url};

use super::networks::Allowed;

/// Longest address.
const MAX_LEN: usize = 2_048;

/// Ports of public addresses. Others speak other protocols, or are for their owners.
const PUBLIC_PORTS: [u16; 2] = [443, 8_443];

/// Why a text is not an address to fetch from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// A user name or password.
    #[error("the address has a user name in it")]
    Credentials,
    /// A fragment, which would never be sent.
    #[error("the address has a fragment")]
    Fragment,
    /// The host is neither a name of the DNS nor an address.
    #[error("the host of the address is not a name of the DNS")]
    Host,
    /// Over 2,048 characters.
    #[error("the address is too long")]
    Length,
    /// Port 0.
    #[error("the port of the address is none")]
    Port,
    /// Not https.
    #[error("the address is not https")]
    Scheme,
    /// Not a URL, or one that programs read differently.
    #[error("not an address")]
    Syntax,
}

/// Where a fetch goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Over TLS. Without it, this machine alone may be fetched from.
    pub(super) is_secure: bool,
    pub(super) place: Place,
    pub(super) port: u16,
    /// The host, and the port unless it is the usual one.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

/// What is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Address(IpAddr),
    Name(String),
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, UrlRefusal> {
        if text.len() > MAX_LEN {
            return Err(UrlRefusal::Length);
        }
        // The URL standard drops tabs, turns `\` into `/` and forgives missing slashes; other readers do not.
        if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
            return Err(UrlRefusal::Syntax);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlRefusal::Syntax)?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(UrlRefusal::Scheme),
        };
        let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty());
        if authority.ok_or(UrlRefusal::Host)?.contains('@') {
            return Err(UrlRefusal::Credentials);
        }
        if text.contains('#') {
            return Err(UrlRefusal::Fragment);
        }
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::InvalidPort => UrlRefusal::Port,
            url::ParseError::EmptyHost
            | url::ParseError::IdnaError
            | url::ParseError::InvalidDomainCharacter
            | url::ParseError::InvalidIpv4Address
            | url::ParseError::InvalidIpv6Address => UrlRefusal::Host,
            _ => UrlRefusal::Syntax,
        })?;
        let place = match url.host().ok_or(UrlRefusal::Host)? {
            Host::Domain(name) if !name.ends_with('.') && ServerName::try_from(name).is_ok() => {
                Place::Name(name.to_owned())
            }
            Host::Domain(_) => return Err(UrlRefusal::Host),
            Host::Ipv4(ip) => Place::Address(ip.into()),
            Host::Ipv6(ip) => Place::Address(ip.into()),
        };
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(UrlRefusal::Port)?;
        let host = url.host_str().ok_or(UrlRefusal::Host)?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        Ok(Self { is_secure, place, port, authority, path: format!("{}{query}", url.path()) })
    }

    /// Whether its port may be connected to at an address allowed so.
    pub(super) fn port_is_open(&self, allowed: Allowed) -> bool {
        match allowed {
            Allowed::Listed => true,
            Allowed::Public => PUBLIC_PORTS.contains(&self.port),
        }
    }

    /// Whom the certificate must be for.
    pub(super) fn server_name(&self) -> Result<ServerName<'static>, UrlRefusal> {
        match &self.place {
            Place::Address(ip) => Ok(ServerName::from(*ip)),
            Place::Name(name) => ServerName::try_from(name.clone()).map_err(|_| UrlRefusal::Host),
        }
    }
}
