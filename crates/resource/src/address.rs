//! Which addresses are acceptable: https, and http on this very machine (RFC 8414 §2, RFC 9728 §1.2), with neither a user
//! nor a fragment in them. Owns the look of a URL; leaves resolving and connecting to the host.

use http::Uri;

/// An address that is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an https URL without fragment, nor http on a loopback address")]
pub struct AddressError;

/// Whether tokens, keys and secrets may travel to this address.
pub(crate) fn is_acceptable(url: &str) -> bool {
    let Some(uri) = url.parse::<Uri>().ok().filter(|_| !url.contains('#')) else { return false };
    let is_loopback = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let is_safe = uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_loopback;
    origin(url).is_some() && is_safe && !has_user
}

pub(crate) fn acceptable(url: &str) -> Result<String, AddressError> {
    if is_acceptable(url) { Ok(url.to_owned()) } else { Err(AddressError) }
}

/// Scheme and authority of an http or https URL.
pub(crate) fn origin(url: &str) -> Option<&str> {
    let after = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = after.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    url.get(..url.len() - after.len() + authority.len())
}
