//! The arguments of `header` and `request`: which call, in whose name.

use clap::Args;
use client::{Endpoint, Plaintext, ProfileName};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method};

use super::Profile;
use crate::exit::Failure;

#[derive(Debug, Args)]
pub(crate) struct Header {
    #[command(flatten)]
    pub(crate) of: Profile,
    /// The method of the call, which a token bound to a key needs; GET if it is left out
    #[arg(long, value_name = "METHOD", requires = "url", value_parser = method)]
    pub(crate) method: Option<Method>,
    /// The address of the call, which a token bound to a key needs
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The DPoP-Nonce of an earlier answer from there
    #[arg(long, value_name = "NONCE", requires = "url")]
    pub(crate) nonce: Option<String>,
}

#[derive(Debug, Args)]
#[command(override_usage = "countersign request [OPTIONS] [PROFILE] [METHOD] URL")]
pub(crate) struct Request {
    /// Whose sign-in ("default" if it is left out); the method in capitals (GET, or POST with --data); the address, https,
    /// or http on this machine
    #[arg(required = true, num_args = 1..=3, value_name = "WORDS", hide_possible_values = true)]
    pub(crate) words: Vec<String>,
    /// The body; @FILE reads it from a file, @- from stdin. JSON unless a Content-Type is given
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
    /// A header, such as "Accept: text/csv"; may be given several times
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Print the status and the headers of the answer, on stderr
    #[arg(short, long)]
    pub(crate) include: bool,
}

/// Who calls what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) profile: ProfileName,
    pub(crate) method: Method,
    pub(crate) url: Endpoint,
}

impl Request {
    /// Sorts the words: the address is last, a word in capitals before it the method, any other the profile.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        let (profile, named, url) = match self.words.as_slice() {
            [url] => (None, None, url),
            [word, url] if is_method(word) => (None, Some(word), url),
            [word, url] => (Some(word), None, url),
            [profile, word, url] => (Some(profile), Some(word), url),
            _ => return Err(Failure::usage("Which address?")),
        };
        let default = if self.data.is_some() { Method::POST } else { Method::GET };
        let profile = profile.map_or("default", String::as_str).parse();
        let named = named.map(|word| method(word)).transpose();
        Ok(Target {
            profile: profile.map_err(|why| Failure::usage(format!("{}.", capitalised(&format!("{why}")))))?,
            method: named.map_err(|why| Failure::usage(format!("{why}.")))?.unwrap_or(default),
            url: address(url)?,
        })
    }
}

/// An address a token may be sent to: never in plain text over a network.
pub(crate) fn address(text: &str) -> Result<Endpoint, Failure> {
    let endpoint = Endpoint::parse(text, Plaintext::OnLoopback);
    endpoint.map_err(|why| Failure::usage(format!("{text:?} {why}: the token is not sent there.")))
}

fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn method(word: &str) -> Result<Method, String> {
    let word = word.to_ascii_uppercase();
    let method = Method::from_bytes(word.as_bytes()).ok().filter(|_| is_method(&word) && word != "CONNECT");
    method.ok_or_else(|| format!("{word:?} is no method"))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written as \"NAME: VALUE\"")?;
    let name: HeaderName = name.trim().parse().map_err(|_| format!("{name:?} is no name of a header"))?;
    let own = [AUTHORIZATION, HeaderName::from_static("dpop")];
    if own.contains(&name) {
        return Err(format!("{name} is what this command adds itself"));
    }
    if [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING].contains(&name) {
        return Err(format!("{name} is the connection's own"));
    }
    let value =
        HeaderValue::from_str(value.trim()).map_err(|_| format!("the value of {name} has line breaks in it"))?;
    Ok((name, value))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(words: &str, data: Option<&str>) -> Result<(String, String, String), Failure> {
        let words = words.split(' ').map(str::to_owned).collect();
        let request = Request { words, data: data.map(str::to_owned), headers: Vec::new(), include: false };
        request.target().map(|target| (target.profile.to_string(), target.method.to_string(), target.url.to_string()))
    }

    #[test]
    fn the_words_are_profile_method_and_address() {
        let url = "https://api.example.com/x";
        let is = |profile: &str, method: &str| Ok((profile.to_owned(), method.to_owned(), url.to_owned()));
        assert_eq!(target(url, None), is("default", "GET"));
        assert_eq!(target(url, Some("{}")), is("default", "POST"));
        assert_eq!(target(&format!("DELETE {url}"), None), is("default", "DELETE"));
        assert_eq!(target(&format!("work {url}"), None), is("work", "GET"));
        assert_eq!(target(&format!("work put {url}"), Some("x")), is("work", "PUT"));
        assert_eq!(target(&format!("WORK GET {url}"), None), is("WORK", "GET"));
    }

    #[test]
    fn bt_5_3_a_token_goes_nowhere_in_plain_text() {
        for url in ["http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]/"] {
            assert!(target(url, None).is_ok(), "{url}");
        }
        for url in
            ["http://api.example.com/", "ftp://api.example.com/", "api.example.com", "https://u:p@api.example.com/"]
        {
            assert_eq!(target(url, None).unwrap_err().exit, crate::exit::Exit::Usage, "{url}");
        }
        assert!(target("../x GET https://api.example.com/", None).is_err());
        assert!(target("work G=T https://api.example.com/", None).is_err());
    }

    #[test]
    fn headers_are_read_and_the_token_is_not_among_them() {
        let (name, value) = header("Accept:  text/csv ").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("accept", "text/csv"));
        assert!(header("X-Empty:").is_ok());
        for bad in ["Accept", "A b: c", "Authorization: Bearer x", "DPoP: x", "Host: x", "Content-Length: 1", "X: a\nb"]
        {
            assert!(header(bad).is_err(), "{bad}");
        }
    }
}
