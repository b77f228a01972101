//! Resource indicators (RFC 8707): the APIs that tokens are for.

use std::fmt;

/// An absolute URI without a fragment that names an API (RFC 8707 §2), such as `https://api.example.com/photos`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource(Box<str>);

impl Resource {
    /// Bytes of one.
    pub const MAX_LEN: usize = 512;
    /// How many one grant may name.
    pub const MOST: usize = 8;

    /// Reads one; `None` when it is not absolute, has a fragment, user information or a character that no URI has, names
    /// no host although its scheme has hosts, or is too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        let in_uri = |b: u8| {
            b.is_ascii_graphic() && !matches!(b, b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        };
        let names_host = |rest: &str| {
            let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
            authority.is_some_and(|authority| {
                !authority.is_empty() && !authority.starts_with(':') && !authority.contains('@')
            })
        };
        let web = ["https", "http"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        let fits = is_scheme
            && text.len() <= Self::MAX_LEN
            && !rest.is_empty()
            && rest.bytes().all(in_uri)
            && if web { names_host(rest) } else { !rest.starts_with("//") || names_host(rest) };
        fits.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ri_1_a_resource_is_an_absolute_uri_without_a_fragment() {
        for right in [
            "https://api.example.com",
            "https://api.example.com/photos?v=1",
            "urn:example:api",
            "HTTPS://a",
            "https://[::1]:8443/x",
        ] {
            assert_eq!(Resource::parse(right).unwrap().as_str(), right);
        }
        let long = format!("https://a/{}", "x".repeat(Resource::MAX_LEN));
        for wrong in [
            "",
            "api",
            "/photos",
            "//api.example.com",
            "https:",
            "https://",
            "https:///x",
            "https://:443/",
            "https:a",
            "1a:b",
            "https://a/#f",
            "https://a#",
            "https://user@a/",
            "https://a b",
            "https://a/\u{e9}",
            "https://a/\n",
            "https://a\"",
            "foo://",
            long.as_str(),
        ] {
            assert_eq!(Resource::parse(wrong), None, "{wrong:?}");
        }
    }
}
