//! The challenges of an API that refused a token: `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9449 §7.1).
//! Read tolerantly, since it only decides whether a second attempt is worth it.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// One scheme with its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// As sent: `Bearer`, `DPoP`, …
    pub scheme: String,
    /// Names in lower case.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is about access tokens.
    #[must_use]
    pub fn is_about_tokens(&self) -> bool {
        ["bearer", "dpop"].iter().any(|scheme| self.scheme.eq_ignore_ascii_case(scheme))
    }

    /// All challenges of a reply; what cannot be read ends the list of its header line.
    #[must_use]
    pub fn all(headers: &HeaderMap) -> Vec<Self> {
        let mut all = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
            read(value, &mut all);
        }
        all
    }
}

/// The `error` of the challenges about access tokens, if there is one.
#[must_use]
pub fn error(headers: &HeaderMap) -> Option<String> {
    let all = Challenge::all(headers);
    let about = all.iter().filter(|challenge| challenge.is_about_tokens());
    about.filter_map(|challenge| challenge.parameter("error")).next().map(str::to_owned)
}

fn read(value: &str, all: &mut Vec<Challenge>) {
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (name, after) = token(rest);
        if name.is_empty() {
            return;
        }
        let after_name = after.trim_start_matches([' ', '\t']);
        match (after_name.strip_prefix('='), all.last_mut()) {
            // `name=value` belongs to the scheme before it.
            (Some(text), Some(challenge)) => {
                let Some((value, after)) = argument(text.trim_start_matches([' ', '\t'])) else { return };
                challenge.parameters.push((name.to_ascii_lowercase(), value));
                rest = after;
            }
            (Some(_), None) => return,
            (None, _) => {
                all.push(Challenge { scheme: name.to_owned(), parameters: Vec::new() });
                rest = after;
            }
        }
    }
}

/// A token (RFC 9110 §5.6.2) and what follows it.
fn token(text: &str) -> (&str, &str) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(c);
    text.split_at(text.find(|c| !is_token(c)).unwrap_or(text.len()))
}

/// A token or a quoted string, and what follows it.
fn argument(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = token(text);
        return Some((value.to_owned(), after));
    };
    let (mut value, mut chars) = (String::new(), quoted.chars());
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect()
    }

    fn error_of(values: &[&str]) -> Option<String> {
        error(&headers(values))
    }

    #[test]
    fn dp_9_1_challenges_are_read_in_the_shapes_of_the_field() {
        for values in [
            &["DPoP error=\"use_dpop_nonce\", error_description=\"Resource server requires nonce in DPoP proof\""][..],
            &["Bearer realm=\"a, b\", DPoP algs=\"ES256 PS256\", error=\"use_dpop_nonce\""],
            &["Basic realm=\"x\", error=\"no\"", "dpop  error = use_dpop_nonce"],
            &["DPoP realm=\"say \\\"hi\\\"\",error=\"use_dpop_nonce\""],
        ] {
            assert_eq!(error_of(values).as_deref(), Some("use_dpop_nonce"), "{values:?}");
        }
        assert_eq!(error_of(&["Bearer"]), None);
        assert_eq!(error_of(&["Negotiate YII=", "Basic error=\"x\""]), None);
        let all = Challenge::all(&headers(&["Bearer realm=\"a\", scope=\"b c\"", "DPoP algs=\"ES256\""]));
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].parameter("scope"), all[1].parameter("algs")), (Some("b c"), Some("ES256")));
    }

    #[test]
    fn t26_noise_ends_the_reading() {
        for noise in ["", ",,,", "=", "\"", "Bearer error=\"open", "Bearer error=\"x\\", "Bearer =", "é"] {
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, http::HeaderValue::from_bytes(noise.as_bytes()).unwrap());
            assert_eq!(error(&headers).filter(|error| !error.is_empty()), None, "{noise}");
        }
    }
}
