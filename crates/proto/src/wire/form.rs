//! Strict reading of `application/x-www-form-urlencoded` bodies (RFC 6749 §3.2, App. B).
//!
//! An empty value counts as not sent, unknown parameters are kept and ignored, a repeated one is an
//! error. Blanks that were not encoded are tolerated, since real clients send them.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode;

/// Bytes of a body.
pub const MAX_BODY: usize = 16 * 1024;
/// Parameters in a body.
pub const MAX_FIELDS: usize = 64;
/// Bytes of one name or value, as sent.
pub const MAX_FIELD: usize = 8 * 1024;

/// The one parameter that may stand there more than once (RFC 8707 §2, CF-4).
const MAY_REPEAT: &str = "resource";

/// The parameters of a request, in the order in which they came.
#[derive(Clone, Default)]
pub struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// Why a body is not a form that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidForm {
    /// A name or a value is longer than [`MAX_FIELD`].
    #[error("a parameter is longer than {MAX_FIELD} bytes")]
    FieldTooLong,
    /// Percent-encoding that is not UTF-8.
    #[error("a parameter is not UTF-8")]
    NotUtf8,
    /// This parameter stands there more than once.
    #[error("a parameter is sent more than once")]
    Repeated,
    /// The body is longer than [`MAX_BODY`].
    #[error("the body is longer than {MAX_BODY} bytes")]
    TooLong,
    /// More than [`MAX_FIELDS`] parameters.
    #[error("more than {MAX_FIELDS} parameters")]
    TooManyFields,
}

impl<'a> Form<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// It is too long, repeats a parameter or is not UTF-8.
    pub fn parse(body: &'a [u8]) -> Result<Self, InvalidForm> {
        if body.len() > MAX_BODY {
            return Err(InvalidForm::TooLong);
        }
        let mut fields: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(8);
        for field in body.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
            if fields.len() == MAX_FIELDS {
                return Err(InvalidForm::TooManyFields);
            }
            let at = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
            let (name, value) = field.split_at(at);
            let name = decode(name)?;
            let value = decode(value.strip_prefix(b"=").unwrap_or(value))?;
            if name != MAY_REPEAT && fields.iter().any(|(earlier, _)| *earlier == name) {
                return Err(InvalidForm::Repeated);
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The value of a parameter; `None` when it is absent or empty (RFC 8628 §3.1).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    /// Every `resource` that is not empty (RFC 8707 §2).
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(own, value)| own == MAY_REPEAT && !value.is_empty()).map(|(_, value)| &**value)
    }
}

/// Names only: values may be secret.
impl fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn decode(raw: &[u8]) -> Result<Cow<'_, str>, InvalidForm> {
    if raw.len() > MAX_FIELD {
        return Err(InvalidForm::FieldTooLong);
    }
    if !raw.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return std::str::from_utf8(raw).map(Cow::Borrowed).map_err(|_| InvalidForm::NotUtf8);
    }
    let spaced: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).collect();
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| InvalidForm::NotUtf8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn df_3_1_8_oa_3_2_2_an_empty_value_counts_as_not_sent() {
        let form = Form::parse(b"client_id=&scope&x=1&&").unwrap();
        assert_eq!((form.get("client_id"), form.get("scope"), form.get("x")), (None, None, Some("1")));
    }

    #[test]
    fn df_3_1_10_a_repeated_parameter_is_refused() {
        for body in [&b"a=1&a=2"[..], b"a=1&%61=1", b"a=&a=1", b"unknown=1&b=2&unknown=3"] {
            assert_eq!(Form::parse(body).err(), Some(InvalidForm::Repeated));
        }
    }

    #[test]
    fn cf_4_ri_2_only_resource_may_be_repeated() {
        let form = Form::parse(b"resource=https%3A%2F%2Fa&scope=x&resource=&resource=https://b").unwrap();
        assert_eq!(form.resources().collect::<Vec<_>>(), ["https://a", "https://b"]);
        assert_eq!(Form::parse(b"Resource=a&Resource=b").err(), Some(InvalidForm::Repeated));
    }

    #[test]
    fn blanks_are_read_in_every_spelling() {
        let form = Form::parse(b"a=x+y&b=x%20y&c=x y").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("x y"), Some("x y"), Some("x y")));
    }

    #[test]
    fn limits_hold() {
        let long = |n| [b"a=".as_slice(), &vec![b'x'; n]].concat();
        assert!(Form::parse(&long(MAX_FIELD)).is_ok());
        assert_eq!(Form::parse(&long(MAX_FIELD + 1)).err(), Some(InvalidForm::FieldTooLong));
        assert_eq!(Form::parse(&long(MAX_BODY)).err(), Some(InvalidForm::TooLong));
        let many = |n: usize| (0..n).map(|i| format!("p{i}=1&")).collect::<String>();
        assert!(Form::parse(many(64).as_bytes()).is_ok());
        assert_eq!(Form::parse(many(65).as_bytes()).err(), Some(InvalidForm::TooManyFields));
        assert_eq!(Form::parse(b"a=%ff").err(), Some(InvalidForm::NotUtf8));
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(Form::parse(&body));
        }
    }
}
