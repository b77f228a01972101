//! Strict JSON: no member name twice at any level, bounded nesting, nothing after the value.
//! Two parsers that disagree on which of two equal names counts are a hole (RFC 7515 §4); this one refuses.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The nesting allowed in what this crate parses itself.
pub const MAX_DEPTH: usize = 16;

/// Why a text is not acceptable JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Two members of one object have the same name.
    #[error("a JSON member name occurs twice")]
    DuplicateMember,
    /// A JSON value, but not the object that is wanted.
    #[error("not a JSON object")]
    NotAnObject,
    /// Not JSON, not UTF-8, or something follows the value.
    #[error("malformed JSON")]
    Syntax,
    /// Arrays and objects are nested deeper than allowed.
    #[error("JSON is nested too deeply")]
    TooDeep,
}

/// Parses one JSON text. `max_depth` is how many arrays and objects may stand around a value (0: only a scalar).
///
/// # Errors
/// [`JsonError`]; [`JsonError::NotAnObject`] never occurs.
pub fn parse_strict(bytes: &[u8], max_depth: usize) -> Result<Value, JsonError> {
    let cause = Cell::new(JsonError::Syntax);
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    Strict { depth: max_depth, cause: &cause }
        .deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|_| cause.get())
}

/// [`parse_strict`] for a text that must be an object.
///
/// # Errors
/// [`JsonError`].
pub fn parse_object(bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, JsonError> {
    match parse_strict(bytes, max_depth)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::NotAnObject),
    }
}

/// Builds a [`Value`]; `cause` carries out what serde's error type would only hold as prose.
struct Strict<'c> {
    depth: usize,
    cause: &'c Cell<JsonError>,
}

impl Strict<'_> {
    fn refuse<E: Error>(&self, cause: JsonError) -> E {
        self.cause.set(cause);
        E::custom("")
    }

    fn inner<E: Error>(&self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, cause: self.cause }),
            None => Err(self.refuse(JsonError::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(""))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element_seed(self.inner()?)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        let Self { depth, cause } = self.inner()?;
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.refuse(JsonError::DuplicateMember));
            }
            let value = map.next_value_seed(Strict { depth, cause })?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{JsonError, parse_object, parse_strict};

    #[test]
    fn jw_10_a_member_name_occurring_twice_is_refused_at_any_level() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"[[{"a":[{"b":0,"b":0}]}]]"#,
        ] {
            assert_eq!(parse_strict(text.as_bytes(), 16), Err(JsonError::DuplicateMember), "{text}");
        }
        let apart = r#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#;
        assert_eq!(parse_strict(apart.as_bytes(), 16), Ok(serde_json::from_str(apart).unwrap()));
    }

    #[test]
    fn nesting_is_bounded_exactly() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse_strict(nested(16).as_bytes(), 16).is_ok());
        assert_eq!(parse_strict(nested(17).as_bytes(), 16), Err(JsonError::TooDeep));
        assert_eq!(parse_strict(b"1", 0), Ok(json!(1)));
        assert_eq!(parse_strict(b"{}", 0), Err(JsonError::TooDeep));
        assert!(parse_strict(nested(100_000).as_bytes(), usize::MAX).is_err());
    }

    #[test]
    fn jw_17_only_utf_8_and_one_text() {
        let bad: [&[u8]; 9] =
            [b"", b"{", b"{}{}", b"{} x", b"\"\xff\"", b"\xef\xbb\xbf{}", br#""\ud800""#, b"[1,]", b"1e400"];
        for text in bad {
            assert_eq!(parse_strict(text, 16), Err(JsonError::Syntax), "{text:?}");
        }
        assert_eq!(parse_object(b"[]", 16), Err(JsonError::NotAnObject));
        assert_eq!(
            parse_strict(b" [null, true, -1, 2.5, \"\\n\"] ", 16),
            Ok(json!([Value::Null, true, -1, 2.5, "\n"]))
        );
    }
}
