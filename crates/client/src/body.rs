//! Replies turned into members: strict JSON, or a form where a provider answers in one (GitHub without Accept).
//! A name that occurs twice is refused in both (RFC 8628 §3.1). What the members mean is `proto::wire`'s.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use proto::Timestamp;
use proto::wire::error::Unusable;
use proto::wire::members::Members;
use std::time::Duration;

use crate::transport::Response;

/// How deep a reply may be nested.
const MOST_DEPTH: usize = 16;

/// The members of a reply.
///
/// # Errors
/// [`Unusable::NotAnObject`] when it is neither a JSON object nor a form, or repeats a name.
pub fn members(response: &Response) -> Result<Members, Unusable> {
    let start = response.body.iter().find(|byte| !byte.is_ascii_whitespace());
    let form = text(&response.headers, CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/x-www-form-urlencoded" || kind == "text/plain"
    });
    // The first character tells more than the label: some servers say text/html above JSON.
    match start {
        Some(b'{') => jose::json::parse_object(&response.body, MOST_DEPTH).map_err(|_| Unusable::NotAnObject),
        Some(_) if form => from_form(&response.body),
        _ => Err(Unusable::NotAnObject),
    }
}

fn from_form(body: &[u8]) -> Result<Members, Unusable> {
    let text = std::str::from_utf8(body).map_err(|_| Unusable::NotAnObject)?.trim();
    let mut members = Members::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if members.insert(name.into_owned(), value.into_owned().into()).is_some() {
            return Err(Unusable::NotAnObject);
        }
    }
    Ok(members)
}

/// A header that occurs once and is text.
pub(crate) fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `Retry-After` as a duration from now: seconds, or a date (RFC 9110 §10.2.3). At most an hour is believed.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    const MOST: Duration = Duration::from_secs(3600);
    let value = text(headers, RETRY_AFTER)?.trim();
    let after = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(value).ok()?;
            Timestamp::from_seconds(date.timestamp().as_second()).since(now)
        }
    };
    Some(after.min(MOST))
}

/// `Preference-Applied: wait` (RFC 7240 §3): the server held the request.
pub(crate) fn was_held(headers: &HeaderMap) -> bool {
    headers.get_all("preference-applied").iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split([',', ';']).any(|item| {
            let name = item.split('=').next().unwrap_or_default().trim();
            name.eq_ignore_ascii_case("wait")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(kind: &str, body: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        Response { status: 200, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn json_and_forms_are_read_whatever_the_label() {
        let github = "access_token=gho_x&scope=repo%2Cgist&token_type=bearer";
        for kind in ["application/x-www-form-urlencoded; charset=utf-8", "text/plain"] {
            assert_eq!(members(&response(kind, github)).unwrap()["scope"], "repo,gist");
        }
        for kind in ["application/json", "text/html", "text/javascript; charset=utf-8"] {
            assert_eq!(members(&response(kind, " {\"a\": 1}\n")).unwrap()["a"], 1);
        }
    }

    #[test]
    fn df_3_2_11_repeated_names_are_refused() {
        let json = members(&response("application/json", r#"{"device_code":"a","device_code":"b"}"#));
        assert_eq!(json, Err(Unusable::NotAnObject));
        let nested = members(&response("application/json", r#"{"a":{"b":1,"b":2}}"#));
        assert_eq!(nested, Err(Unusable::NotAnObject));
        let form = members(&response("application/x-www-form-urlencoded", "error=a&error=b"));
        assert_eq!(form, Err(Unusable::NotAnObject));
    }

    #[test]
    fn t26_what_is_no_object_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
        for body in ["", "[]", "\"x\"", "<html>504</html>", "{", "{}x", deep.as_str()] {
            assert_eq!(members(&response("application/json", body)), Err(Unusable::NotAnObject), "{body}");
        }
        let bytes = Response { body: vec![b'{', 0xff, b'}'], ..response("application/json", "") };
        assert_eq!(members(&bytes), Err(Unusable::NotAnObject));
    }

    #[test]
    fn df_3_5_20_retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_seconds(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        let after = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("99999999999"), Some(Duration::from_secs(3600)));
        assert_eq!((after("soon"), after("-5")), (None, None));
    }

    #[test]
    fn lp_11_a_held_reply_says_so() {
        let held = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("preference-applied", value.parse().unwrap());
            was_held(&headers)
        };
        assert!(held("wait=30") && held("Wait") && held("respond-async, wait=4"));
        assert!(!held("respond-async") && !held("waiting=1") && !was_held(&HeaderMap::new()));
    }
}
