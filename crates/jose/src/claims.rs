//! The claims with a meaning of their own, typed (RFC 7519 §4.1, OpenID Connect Core §2, RFC 9068 §2.2).
//! Says whether a claim has the right shape, not whether its value is acceptable.

use std::time::Duration;

use proto::Timestamp;
use serde_json::{Map, Value};

/// The last second of the year 9999. A date beyond is a mistake, or an attempt at an overflow.
const LAST_SECOND: i64 = 253_402_300_799;

/// A claim that is there but has a wrong shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// A date that is no number of seconds between 1970 and 9999.
    #[error("{0} is not an acceptable date")]
    InvalidDate(&'static str),
    /// Not a string, or not an array of strings.
    #[error("{0} is not of the right type")]
    WrongType(&'static str),
}

/// The claims of a token under their registered names; everything else is in `other`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the registered names say it: RFC 7519 §4.1, OpenID Connect Core §2, RFC 9068 §2.2")]
pub struct Claims {
    pub acr: Option<String>,
    pub amr: Vec<String>,
    pub at_hash: Option<String>,
    /// One audience may have been written as a string or as an array of one.
    pub aud: Vec<String>,
    pub auth_time: Option<Timestamp>,
    pub azp: Option<String>,
    pub client_id: Option<String>,
    pub exp: Option<Timestamp>,
    pub iat: Option<Timestamp>,
    pub iss: Option<String>,
    pub jti: Option<String>,
    pub nbf: Option<Timestamp>,
    pub nonce: Option<String>,
    /// Space-separated, as written.
    pub scope: Option<String>,
    pub sub: Option<String>,
    pub other: Map<String, Value>,
}

impl Claims {
    /// Sorts out the members of a payload.
    ///
    /// # Errors
    /// [`ClaimsError`].
    pub fn from_members(mut members: Map<String, Value>) -> Result<Self, ClaimsError> {
        Ok(Self {
            acr: text(&mut members, "acr")?,
            amr: texts(&mut members, "amr", false)?,
            at_hash: text(&mut members, "at_hash")?,
            aud: texts(&mut members, "aud", true)?,
            auth_time: date(&mut members, "auth_time")?,
            azp: text(&mut members, "azp")?,
            client_id: text(&mut members, "client_id")?,
            exp: date(&mut members, "exp")?,
            iat: date(&mut members, "iat")?,
            iss: text(&mut members, "iss")?,
            jti: text(&mut members, "jti")?,
            nbf: date(&mut members, "nbf")?,
            nonce: text(&mut members, "nonce")?,
            scope: text(&mut members, "scope")?,
            sub: text(&mut members, "sub")?,
            other: members,
        })
    }
}

fn text(members: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, ClaimsError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ClaimsError::WrongType(name)),
    }
}

fn texts(members: &mut Map<String, Value>, name: &'static str, or_one: bool) -> Result<Vec<String>, ClaimsError> {
    let as_text = |element| match element {
        Value::String(text) => Ok(text),
        _ => Err(ClaimsError::WrongType(name)),
    };
    match members.remove(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(elements)) => elements.into_iter().map(as_text).collect(),
        Some(Value::String(one)) if or_one => Ok(vec![one]),
        Some(_) => Err(ClaimsError::WrongType(name)),
    }
}

/// NumericDate: seconds, perhaps with a fraction (RFC 7519 §2). Kept to the millisecond, rounded down.
fn date(members: &mut Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, ClaimsError> {
    let Some(value) = members.remove(name) else { return Ok(None) };
    let date = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) => Some(Timestamp::from_seconds(seconds)),
        (None, Some(seconds)) => Duration::try_from_secs_f64(seconds).ok().map(|since| Timestamp::EPOCH + since),
        (None, None) => None,
    };
    let acceptable = Timestamp::EPOCH..=Timestamp::from_seconds(LAST_SECOND);
    date.filter(|date| acceptable.contains(date)).map(Some).ok_or(ClaimsError::InvalidDate(name))
}

#[cfg(test)]
mod tests {
    use proto::Timestamp;

    use super::{Claims, ClaimsError};
    use crate::json::parse_object;

    fn claims(json: &str) -> Result<Claims, ClaimsError> {
        Claims::from_members(parse_object(json.as_bytes(), 16).unwrap())
    }

    #[test]
    fn jw_13_dates_are_numbers_with_or_without_fraction() {
        for (written, millis) in
            [("0", 0), ("1300819380", 1_300_819_380_000), ("1300819380.25", 1_300_819_380_250), ("1.5e3", 1_500_000)]
        {
            let claims = claims(&format!(r#"{{"exp":{written}}}"#)).unwrap();
            assert_eq!(claims.exp, Some(Timestamp::from_millis(millis)), "{written}");
        }
    }

    #[test]
    fn jw_13_huge_negative_and_textual_dates_fail_cleanly() {
        for written in ["-1", "-0.5", "253402300800", "18446744073709551615", "9223372036854775807", "1e300", "1e19"] {
            let refused = claims(&format!(r#"{{"nbf":{written}}}"#));
            assert_eq!(refused, Err(ClaimsError::InvalidDate("nbf")), "{written}");
        }
        for written in [r#""1300819380""#, "null", "true", "[1]", "{}"] {
            let refused = claims(&format!(r#"{{"iat":{written}}}"#));
            assert_eq!(refused, Err(ClaimsError::InvalidDate("iat")), "{written}");
        }
    }

    #[test]
    fn jw_6_aud_is_a_string_or_an_array_and_nothing_else() {
        assert_eq!(claims(r#"{"aud":"a"}"#).unwrap().aud, ["a"]);
        assert_eq!(claims(r#"{"aud":["a","b"]}"#).unwrap().aud, ["a", "b"]);
        for wrong in ["1", "null", "[1]", r#"["a",null]"#, r#"{"a":1}"#] {
            assert_eq!(claims(&format!(r#"{{"aud":{wrong}}}"#)), Err(ClaimsError::WrongType("aud")), "{wrong}");
        }
        assert_eq!(claims(r#"{"sub":7}"#), Err(ClaimsError::WrongType("sub")));
        assert_eq!(claims(r#"{"amr":"pwd"}"#), Err(ClaimsError::WrongType("amr")));
    }

    #[test]
    fn what_has_no_registered_name_is_kept() {
        let claims = claims(r#"{"iss":"i","groups":["x"],"cnf":{"jkt":"t"}}"#).unwrap();
        assert_eq!(claims.iss.as_deref(), Some("i"));
        assert_eq!(claims.other.len(), 2);
    }
}
