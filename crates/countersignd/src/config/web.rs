//! Web addresses: the issuer, the verification URI, origins, the help page.

use std::fmt;
use std::net::IpAddr;

use proto::model::Origin;
use url::{Host, Url};

use super::input::{Input, quoted};
use super::kinds::Read;
use super::shown::{Shown, shown_as_text};

/// Characters of the longest verification URI: people type it with a thumb.
pub(super) const LONGEST_VERIFICATION_URI: usize = 64;

/// The issuer identifier (RFC 8414 §2): `https`, or `http` on loopback; no query, no fragment, no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer(Url);

/// What people open to enter their code (RFC 8628 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerificationUri(String);

/// Where people get help: an `https:` or `mailto:` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HelpAddress(String);

impl Issuer {
    /// Whether it is served in the clear, on this machine alone.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The port of its address.
    pub(crate) fn port(&self) -> Option<u16> {
        self.0.port_or_known_default()
    }

    /// The host of its address.
    pub(crate) fn host(&self) -> Option<&str> {
        self.0.host_str()
    }

    /// The path of its address, empty when there is none.
    pub(crate) fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// What people open unless there is a shorter address.
    pub(crate) fn verification_uri(&self) -> String {
        format!("{self}/device")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Display for VerificationUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for HelpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

shown_as_text!(Issuer, VerificationUri, HelpAddress);

/// The issuer.
pub(super) fn issuer(input: &Input<'_>) -> Read<Issuer> {
    let text = input.text("an address such as \"https://id.example.com\"")?;
    let url = web_address(text, "https://id.example.com")?;
    let issuer = Issuer(url);
    let canonical = issuer.to_string();
    if text.len() > canonical.len() && text.trim_end_matches('/') == canonical {
        return Err(format!(
            "{} ends in a slash; clients compare issuers character by character, so write \"{canonical}\" here and in every client",
            quoted(text)
        ));
    }
    if text != canonical {
        return Err(format!("{} has another canonical form; write \"{canonical}\"", quoted(text)));
    }
    Ok(issuer)
}

/// The verification URI.
pub(super) fn verification_uri(input: &Input<'_>) -> Read<VerificationUri> {
    let text = input.text("an address such as \"https://example.com/tv\"")?.trim();
    web_address(text, "https://example.com/tv")?;
    let length = text.chars().count();
    if length > LONGEST_VERIFICATION_URI {
        return Err(format!(
            "{} has {length} characters; people type it, so at most {LONGEST_VERIFICATION_URI} are allowed",
            quoted(text)
        ));
    }
    Ok(VerificationUri(text.to_owned()))
}

/// The help address.
pub(super) fn help(input: &Input<'_>) -> Read<HelpAddress> {
    let text = input.text("an address such as \"https://example.com/help\"")?.trim();
    let fits = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "mailto"));
    if fits {
        Ok(HelpAddress(text.to_owned()))
    } else {
        Err(format!("{} is neither an https: nor a mailto: address", quoted(text)))
    }
}

/// Origins of web applications (RFC 6454 §6.2): scheme, host and port, nothing behind.
pub(super) fn origins(input: &Input<'_>) -> Read<Vec<Origin>> {
    const EXPECTED: &str = "a list of origins such as [\"https://tv.example.com\"]";
    let members = input.list(EXPECTED)?;
    members.iter().map(|member| origin(member.text(EXPECTED)?)).collect()
}

pub(super) fn origin(text: &str) -> Read<Origin> {
    let url = web_address(text, "https://tv.example.com")?;
    let canonical = url.origin().ascii_serialization();
    if text == canonical {
        Ok(Origin(canonical.into()))
    } else {
        Err(format!("{} is not an origin, which has nothing behind the host; write \"{canonical}\"", quoted(text)))
    }
}

/// An address with `https`, or with `http` on this machine, that has neither query, fragment nor user.
fn web_address(text: &str, example: &str) -> Read<Url> {
    let shown = quoted(text);
    let url =
        Url::parse(text).map_err(|error| format!("{shown} is not an address ({error}); write it like {example:?}"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(format!(
                "{shown} is http, which only a loopback address may be (such as http://localhost:8628); write https"
            ));
        }
        _ => return Err(format!("{shown} is not a web address; write it like {example:?}")),
    }
    for (part, what) in [
        (url.query().is_some(), "a query (what follows the ?)"),
        (url.fragment().is_some(), "a fragment (what follows the #)"),
        (!url.username().is_empty() || url.password().is_some(), "a user name or password"),
    ] {
        if part {
            return Err(format!("the address has {what}; leave it out"));
        }
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4).is_loopback(),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::input::Given;
    use super::*;

    fn read<T: fmt::Display>(kind: fn(&Input<'_>) -> Read<T>, text: &str) -> String {
        match kind(&Input { given: Given::Text(text.into()), base: Path::new("") }) {
            Ok(value) => format!("ok {value}"),
            Err(wrong) => wrong,
        }
    }

    #[test]
    fn md_2_1_an_issuer_is_https_or_loopback_without_query_and_fragment() {
        for (text, says) in [
            ("https://id.example.com", "ok https://id.example.com"),
            ("https://id.example.com:8443/tenant/a", "ok https://id.example.com:8443/tenant/a"),
            ("http://localhost:8628", "ok http://localhost:8628"),
            ("http://127.0.0.1:8628/id", "ok http://127.0.0.1:8628/id"),
            ("http://[::1]:8628", "ok http://[::1]:8628"),
            (
                "http://id.example.com",
                "\"http://id.example.com\" is http, which only a loopback address may be (such as http://localhost:8628); write https",
            ),
            (
                "http://localhost.example.com",
                "\"http://localhost.example.com\" is http, which only a loopback address may be (such as http://localhost:8628); write https",
            ),
            ("https://id.example.com?x=1", "the address has a query (what follows the ?); leave it out"),
            ("https://id.example.com/#top", "the address has a fragment (what follows the #); leave it out"),
            ("https://me:pw@id.example.com", "the address has a user name or password; leave it out"),
            (
                "https://id.example.com/",
                "\"https://id.example.com/\" ends in a slash; clients compare issuers character by character, so write \"https://id.example.com\" here and in every client",
            ),
            (
                "https://id.example.com/a/",
                "\"https://id.example.com/a/\" ends in a slash; clients compare issuers character by character, so write \"https://id.example.com/a\" here and in every client",
            ),
            (
                "https://ID.example.com:443",
                "\"https://ID.example.com:443\" has another canonical form; write \"https://id.example.com\"",
            ),
            (
                "https://id.example.com/a/../b",
                "\"https://id.example.com/a/../b\" has another canonical form; write \"https://id.example.com/b\"",
            ),
            (
                "id.example.com",
                "\"id.example.com\" is not an address (relative URL without a base); write it like \"https://id.example.com\"",
            ),
            (
                "ftp://id.example.com",
                "\"ftp://id.example.com\" is not a web address; write it like \"https://id.example.com\"",
            ),
        ] {
            assert_eq!(read(issuer, text), says);
        }
    }

    #[test]
    fn df_3_2_5_a_verification_uri_is_https_and_short() {
        assert_eq!(read(verification_uri, "https://example.com/tv"), "ok https://example.com/tv");
        assert!(read(verification_uri, "http://example.com/tv").contains("write https"));
        let long = format!("https://example.com/{}", "a".repeat(60));
        assert!(read(verification_uri, &long).contains("has 80 characters; people type it"));
    }

    #[test]
    fn an_origin_has_nothing_behind_the_host() {
        let read = |text| origin(text).map(|origin| origin.0.into_string());
        assert_eq!(read("https://tv.example.com"), Ok("https://tv.example.com".to_owned()));
        assert_eq!(read("http://localhost:3000"), Ok("http://localhost:3000".to_owned()));
        for (text, meant) in [
            ("https://tv.example.com/", "https://tv.example.com"),
            ("https://tv.example.com/app", "https://tv.example.com"),
            ("https://tv.example.com:443", "https://tv.example.com"),
        ] {
            assert!(read(text).unwrap_err().ends_with(&format!("write \"{meant}\"")), "{text}");
        }
    }

    #[test]
    fn help_is_a_page_or_a_mailbox() {
        assert_eq!(read(help, "mailto:help@example.com"), "ok mailto:help@example.com");
        assert!(read(help, "javascript:alert(1)").contains("neither"));
    }
}
