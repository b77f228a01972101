//! Whether `htu` names the URL of a request: equal after the normalisation of RFC 3986 §6.2.2 and §6.2.3, query and
//! fragment left aside (RFC 9449 §4.3). What a browser would mend, and what no HTTP URL has, matches nothing.

use std::net::Ipv6Addr;

pub(super) fn matches(htu: &str, url: &str) -> bool {
    normalised(htu).is_some_and(|htu| normalised(url).is_some_and(|url| htu == url))
}

/// Without query and fragment: what a client puts into a proof.
pub(super) fn target(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

fn normalised(uri: &str) -> Option<String> {
    let is_forbidden = |byte: u8| !byte.is_ascii_graphic() || br#""<>\`"#.contains(&byte);
    if uri.bytes().any(is_forbidden) {
        return None;
    }
    let (scheme, rest) = target(uri).split_once("://")?;
    let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => ("http", 80),
        "https" => ("https", 443),
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = host_and_port(authority)?;
    let port = port.filter(|port| *port != default_port).map(|port| format!(":{port}")).unwrap_or_default();
    let path = without_dot_segments(&unreserved_decoded(path)?);
    Some(format!("{scheme}://{host}{port}{path}"))
}

/// User information is refused: a request has none (RFC 9110 §4.2.4).
fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(literal) = authority.strip_prefix('[') {
        let (address, after) = literal.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        (format!("[{address}]"), if after.is_empty() { "" } else { after.strip_prefix(':')? })
    } else {
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (Some(host).filter(|host| !host.is_empty() && host.bytes().all(is_name))?.to_ascii_lowercase(), port)
    };
    match port {
        "" => Some((host, None)),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some((host, Some(digits.parse().ok()?))),
        _ => None,
    }
}

/// Escapes of characters that need none are undone, the others written in capitals (RFC 3986 §6.2.2.1, §6.2.2.2).
fn unreserved_decoded(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        match u8::from_str_radix(digits, 16).ok()? {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => decoded.push(char::from(byte)),
            _ => {
                decoded.push('%');
                decoded.push_str(&digits.to_ascii_uppercase());
            }
        }
        decoded.push_str(rest);
    }
    Some(decoded)
}

/// RFC 3986 §5.2.4 for a path that is empty or begins with a slash.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
        if is_last && matches!(segment, "." | "..") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{matches, normalised};

    #[test]
    fn dp_4_3_3_spellings_of_one_url_are_equal() {
        for (written, normal) in [
            ("https://as.example/token", "https://as.example/token"),
            ("HTTPS://AS.Example:443/token", "https://as.example/token"),
            ("https://as.example:/token", "https://as.example/token"),
            ("https://as.example:0443/token", "https://as.example/token"),
            ("http://as.example:80", "http://as.example/"),
            ("http://as.example:443/", "http://as.example:443/"),
            ("https://as.example/token?a=/../b#c", "https://as.example/token"),
            ("https://as.example#/x", "https://as.example/"),
            ("https://as.example/%74oken/%7euser", "https://as.example/token/~user"),
            ("https://as.example/a%2fb%c3%bc", "https://as.example/a%2Fb%C3%BC"),
            ("https://as.example/a/b/c/./../../g", "https://as.example/a/g"),
            ("https://as.example/x/%2E%2e/token", "https://as.example/token"),
            ("https://as.example/../..", "https://as.example/"),
            ("https://as.example/a/.", "https://as.example/a/"),
            ("https://as.example//a", "https://as.example//a"),
            ("https://[2001:DB8::0:1]:8443/t", "https://[2001:db8::1]:8443/t"),
            ("https://127.0.0.1:8443/t", "https://127.0.0.1:8443/t"),
            ("https://as.example/a|b^{c}", "https://as.example/a|b^{c}"),
        ] {
            assert_eq!(normalised(written).as_deref(), Some(normal), "{written}");
            assert!(matches(written, normal));
        }
    }

    #[test]
    fn dp_4_3_3_what_is_no_http_url_matches_nothing_not_even_itself() {
        for bad in [
            "",
            "/token",
            "as.example/token",
            "//as.example/token",
            "ftp://as.example/token",
            "https:/as.example/token",
            "https:///token",
            "https://:443/token",
            "https://user@as.example/token",
            "https://as.example@evil.example/token",
            "https://as.example:x/token",
            "https://as.example:65536/token",
            "https://as.example:+443/token",
            "https://a:1:2/token",
            "https://[::1/token",
            "https://[::1]x/token",
            "https://[zz]/token",
            "https://as%2eexample/token",
            "https://as.example\\token",
            "https://as.example/to ken",
            "https://as.example/t\u{f6}ken",
            "https://as.example/%",
            "https://as.example/%2",
            "https://as.example/%zz",
            "https://as.example/%+1",
            "https://as.example/\t",
        ] {
            assert!(!matches(bad, bad), "{bad}");
        }
    }

    #[test]
    fn dp_4_3_3_another_url_is_not_equal() {
        let url = "https://as.example/token";
        for other in [
            "http://as.example/token",
            "https://as.example:8443/token",
            "https://as.example/token/",
            "https://as.example/Token",
            "https://as.example/device_authorization",
            "https://as.example.evil.example/token",
            "https://as.example./token",
            "https://as.example/%2Ftoken",
            "https://as.example//token",
        ] {
            assert!(!matches(other, url) && !matches(url, other), "{other}");
        }
    }
}
