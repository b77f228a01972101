//! Reads members of a JSON object (or of a form reply turned into one) the way real providers fill them.
//! Owns what is tolerated: numbers as strings or fractions, null as absent. Whether a member is needed is its caller's rule.

use serde_json::Value;

use super::error::Unusable;

/// The members of a reply, after the caller's parser has refused repeated names (RFC 8628 §3.1).
pub type Members = serde_json::Map<String, Value>;

/// The largest number of seconds taken at its word: ten years. Larger ones are cut to it.
const MOST_SECONDS: u64 = 315_360_000;

/// A number as it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seconds {
    /// Whole seconds, a fraction rounded up.
    pub(super) value: u64,
    /// It was not a JSON integer.
    pub(super) odd: bool,
}

/// A non-empty string; absent, null and empty count as not sent.
pub(super) fn text(members: &Members, name: &'static str, most: usize) -> Result<Option<String>, Unusable> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) if value.is_empty() => Ok(None),
        Some(Value::String(value)) if value.len() > most => Err(Unusable::TooLong(name)),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(Unusable::WrongType(name)),
    }
}

/// A string that must be there.
pub(super) fn required(members: &Members, name: &'static str, most: usize) -> Result<String, Unusable> {
    text(members, name, most)?.ok_or(Unusable::Missing(name))
}

/// A positive number of seconds. Zero, negative numbers and numbers that are none at all count as not sent.
pub(super) fn seconds(members: &Members, name: &'static str) -> Result<Option<Seconds>, Unusable> {
    let (number, odd) = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => match number.as_u64() {
            Some(whole) => return Ok(positive(whole, false)),
            None => (number.as_f64(), true),
        },
        Some(Value::String(value)) => (value.trim().parse::<f64>().ok(), true),
        Some(_) => return Err(Unusable::WrongType(name)),
    };
    let Some(number) = number.filter(|number| number.is_finite() && *number > 0.0) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and `as` saturates")]
    let whole = number.ceil() as u64;
    Ok(positive(whole, odd))
}

fn positive(value: u64, odd: bool) -> Option<Seconds> {
    (value > 0).then(|| Seconds { value: value.min(MOST_SECONDS), odd })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::authorize::AuthorizationResponse;
    use crate::wire::metadata::AuthorizationServerMetadata;
    use crate::wire::token::{Reply, TokenResponse};

    fn read(value: Value) -> Result<Option<Seconds>, Unusable> {
        seconds(&Members::from_iter([("interval".to_owned(), value)]), "interval")
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map(".{0,8}", inner, 0..4).prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        /// Whatever stands in the members that are looked at: an answer or a reason, never a panic.
        #[test]
        fn t26_no_reply_makes_a_parser_panic(values in proptest::collection::vec(any_json(), 16)) {
            let names = [
                "device_code", "user_code", "verification_uri", "verification_url", "verification_uri_complete",
                "expires_in", "interval", "access_token", "token_type", "refresh_token", "scope", "id_token", "error",
                "error_description", "message", "issuer",
            ];
            let members: Members = names.into_iter().map(str::to_owned).zip(values).collect();
            drop(AuthorizationResponse::parse(&members));
            drop(Reply::parse(&members));
            drop(TokenResponse::parse(&members));
            if let Ok(metadata) = AuthorizationServerMetadata::parse(members) {
                prop_assert!(serde_json::to_string(&metadata).is_ok());
            }
        }
    }

    #[test]
    fn numbers_are_read_as_providers_send_them() {
        let plain = |value| Ok(Some(Seconds { value, odd: false }));
        let odd = |value| Ok(Some(Seconds { value, odd: true }));
        assert_eq!(read(json!(5)), plain(5));
        assert_eq!(read(json!("5")), odd(5));
        assert_eq!(read(json!(1.5)), odd(2));
        assert_eq!(read(json!("1.2")), odd(2));
        assert_eq!(read(json!(1e300)), odd(MOST_SECONDS));
        assert_eq!(read(json!(u64::MAX)), plain(MOST_SECONDS));
        for nothing in [json!(0), json!(-5), json!("0"), json!("soon"), json!("NaN"), json!("inf"), json!(null)] {
            assert_eq!(read(nothing), Ok(None));
        }
        for wrong in [json!([5]), json!({}), json!(true)] {
            assert_eq!(read(wrong), Err(Unusable::WrongType("interval")));
        }
    }
}
