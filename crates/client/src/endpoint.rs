//! Which URLs this client talks to or shows: https, or http on the loopback interface where the caller allows it
//! (RFC 8628 §3.1, RFC 8414 §2). Owns issuers, endpoints and the addresses of the two discovery documents.

use std::fmt;

use proto::wire::metadata::{OAUTH_WELL_KNOWN, OPENID_WELL_KNOWN};
use url::{Host, Url};

/// Whether http is acceptable on the loopback interface. Never anywhere else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plaintext {
    /// For tests and demonstrations on one machine.
    OnLoopback,
    /// https only.
    Refused,
}

/// Why a URL is not acceptable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EndpointError {
    /// `user:password@` in it.
    #[error("holds credentials")]
    Credentials,
    /// A fragment, or in an issuer a query.
    #[error("has a part it must not have")]
    Excess,
    /// Not https (nor http on loopback, where that is allowed).
    #[error("is not https")]
    NotHttps,
    /// Not a URL with a host.
    #[error("is not a web address")]
    NotUrl,
}

/// A URL that may be talked to, or shown to a person. Parsed and written anew: its host is ASCII, nothing is hidden in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Accepts `text`.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn parse(text: &str, plaintext: Plaintext) -> Result<Self, EndpointError> {
        let url = Url::parse(text).map_err(|_| EndpointError::NotUrl)?;
        if !url.has_host() || url.cannot_be_a_base() {
            return Err(EndpointError::NotUrl);
        }
        match url.scheme() {
            "https" => {}
            "http" if plaintext == Plaintext::OnLoopback && is_loopback(&url) => {}
            _ => return Err(EndpointError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(EndpointError::Excess);
        }
        Ok(Self(url))
    }

    /// The URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The host as it travels, in ASCII.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Whether `text` can name a resource: an absolute URI without fragment, of whichever scheme (RFC 8707 §2).
#[must_use]
pub fn is_resource_indicator(text: &str) -> bool {
    let is_clean = !text.contains(|c: char| c == '#' || c.is_whitespace() || c.is_control());
    is_clean && Url::parse(text).is_ok()
}

/// The host is this machine itself. Names are not resolved; `localhost` is taken at its word (RFC 6761 §6.3).
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// A server's identifier: kept code point by code point, since that is how it is compared (RFC 8414 §3.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// Accepts `text` as it was configured.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn parse(text: &str, plaintext: Plaintext) -> Result<Self, EndpointError> {
        let Endpoint(url) = Endpoint::parse(text, plaintext)?;
        if url.query().is_some() {
            return Err(EndpointError::Excess);
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The identifier as configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Its host, and its port where that is not the usual one: what people call it.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.url[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// Where its documents are: RFC 8414 §3.1 inserts the well-known path before the issuer's own, OpenID Connect
    /// Discovery §4 appends it.
    #[must_use]
    pub fn documents(&self) -> [Url; 2] {
        let path = self.url.path().trim_end_matches('/').to_owned();
        let [mut inserted, mut appended] = [self.url.clone(), self.url.clone()];
        inserted.set_path(&format!("{OAUTH_WELL_KNOWN}{path}"));
        appended.set_path(&format!("{path}{OPENID_WELL_KNOWN}"));
        [inserted, appended]
    }

    /// `path` below the issuer.
    #[must_use]
    pub fn below(&self, path: &str) -> String {
        format!("{}{path}", self.text.trim_end_matches('/'))
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_3_1_5_only_https_and_loopback_where_it_is_allowed() {
        let check = |text, plaintext| Endpoint::parse(text, plaintext).map(|endpoint| endpoint.to_string());
        assert!(check("https://id.example.com/oauth2/token", Plaintext::Refused).is_ok());
        for text in ["http://127.0.0.1:8628/", "http://localhost:8628/t", "http://[::1]:1/", "http://127.8.9.1/"] {
            assert_eq!(check(text, Plaintext::Refused), Err(EndpointError::NotHttps));
            assert!(check(text, Plaintext::OnLoopback).is_ok(), "{text}");
        }
        for text in
            ["http://id.example.com/", "http://localhost.example.com/", "ftp://localhost/", "http://127.0.0.1.nip.io/"]
        {
            assert_eq!(check(text, Plaintext::OnLoopback), Err(EndpointError::NotHttps), "{text}");
        }
        for text in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/device", "https://", ""] {
            assert!(check(text, Plaintext::OnLoopback).is_err(), "{text}");
        }
        assert_eq!(check("https://u:p@id.example.com/", Plaintext::Refused), Err(EndpointError::Credentials));
        assert_eq!(check("https://id.example.com/#x", Plaintext::Refused), Err(EndpointError::Excess));
    }

    #[test]
    fn t26_addresses_are_written_anew_in_ascii() {
        let shown = |text| Endpoint::parse(text, Plaintext::Refused).unwrap().to_string();
        assert_eq!(shown("https://exаmple.com/d"), "https://xn--exmple-4nf.com/d");
        assert_eq!(shown("https://id.example.com/\u{202e}\u{1b}[2J\"x"), "https://id.example.com/%E2%80%AE%1B[2J%22x");
        assert_eq!(shown(" https://id.exam\tple.com/\n "), "https://id.example.com/");
    }

    #[test]
    fn ri_1_a_resource_is_an_absolute_uri_without_fragment() {
        for good in ["https://api.example.com/", "https://api.example.com/v1?x=y", "urn:example:cooperation", "api://x"]
        {
            assert!(is_resource_indicator(good), "{good}");
        }
        for bad in ["", "api", "/v1", "//api.example.com", "https://api.example.com/#x", "https://a b/", "https://"] {
            assert!(!is_resource_indicator(bad), "{bad}");
        }
    }

    #[test]
    fn documents_of_issuers_with_and_without_path() {
        let documents = |text| Issuer::parse(text, Plaintext::Refused).unwrap().documents().map(String::from);
        assert_eq!(
            documents("https://a.example"),
            [
                "https://a.example/.well-known/oauth-authorization-server",
                "https://a.example/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            documents("https://a.example:8443/t/one/"),
            [
                "https://a.example:8443/.well-known/oauth-authorization-server/t/one",
                "https://a.example:8443/t/one/.well-known/openid-configuration"
            ]
        );
        assert_eq!(Issuer::parse("https://a.example/?x", Plaintext::Refused), Err(EndpointError::Excess));
    }
}
