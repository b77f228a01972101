//! Where providers depart from the wire of RFC 8628 so far that tolerance is not enough: as data, and the one place that
//! reads a reply accordingly. Requests are written by `authentication` and `login`; errors of every shape are found by
//! `proto::wire::error`.

use proto::wire::error::Unusable;
use proto::wire::members::Members;
use proto::wire::token::GRANT_TYPE_DEVICE_CODE;

use crate::body;
use crate::transport::Response;

/// How parameters travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// As RFC 6749 Appendix B has it.
    Form,
    /// A JSON object with names in camel case, both ways.
    CamelJson,
}

/// Where the client identifier goes besides the usual: the body, unless Basic carries it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientIdPlace {
    /// Into the body also beside Basic.
    BesideBasic,
    /// Into the query of the address.
    Query,
    /// Nowhere else.
    Usual,
}

/// Where a secret goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretPlace {
    /// Where discovery says, else into Basic (RFC 8414 §2).
    AsOffered,
    /// Into the body, whatever discovery says.
    Body,
    /// `access_token=ID|SECRET`, in place of both.
    Joined,
}

/// How a provider wants to be spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// A token without a type is a Bearer token.
    pub assumes_bearer: bool,
    /// How parameters travel.
    pub carrier: Carrier,
    /// Where else the client identifier goes.
    pub client_id: ClientIdPlace,
    /// The names under which a poll carries the device code.
    pub code_parameters: &'static [&'static str],
    /// The grant type of a poll; none where it is empty.
    pub grant_type: &'static str,
    /// What else a poll carries.
    pub poll_parameters: &'static [(&'static str, &'static str)],
    /// A poll repeats the user code.
    pub polls_with_user_code: bool,
    /// A poll repeats the resources.
    pub polls_with_resources: bool,
    /// The names under which the scope goes.
    pub scope_parameters: &'static [&'static str],
    /// Where a secret goes.
    pub secret: SecretPlace,
    /// Codes are asked for by GET.
    pub starts_by_get: bool,
    /// What else the request for codes carries.
    pub start_parameters: &'static [(&'static str, &'static str)],
}

/// RFC 8628 §3.1 and §3.4.
pub const STANDARD: Dialect = Dialect {
    assumes_bearer: false,
    carrier: Carrier::Form,
    client_id: ClientIdPlace::Usual,
    code_parameters: &["device_code"],
    grant_type: GRANT_TYPE_DEVICE_CODE,
    poll_parameters: &[],
    polls_with_user_code: false,
    polls_with_resources: false,
    scope_parameters: &["scope"],
    secret: SecretPlace::AsOffered,
    starts_by_get: false,
    start_parameters: &[],
};

impl Dialect {
    /// The members of a reply, under the names of the specifications.
    ///
    /// # Errors
    /// As [`body::members`].
    pub fn read(&self, response: &Response) -> Result<Members, Unusable> {
        let mut members = body::members(response)?;
        if self.carrier == Carrier::CamelJson {
            let mut renamed = Members::new();
            for (name, value) in members {
                if renamed.insert(snake(&name), value).is_some() {
                    return Err(Unusable::NotAnObject);
                }
            }
            members = renamed;
        }
        if self.assumes_bearer && members.contains_key("access_token") && !members.contains_key("token_type") {
            members.insert("token_type".to_owned(), "Bearer".into());
        }
        Ok(members)
    }
}

/// `device_code` as `deviceCode`.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut chars = word.chars();
        camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(chars.as_str());
    }
    camel
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    fn read(dialect: &Dialect, body: &serde_json::Value) -> Result<Members, Unusable> {
        dialect.read(&Response { body: body.to_string().into_bytes(), headers: HeaderMap::new(), status: 200 })
    }

    #[test]
    fn names_are_turned_both_ways() {
        for (ours, theirs) in [("device_code", "deviceCode"), ("scope", "scope"), ("a_b_c", "aBC")] {
            assert_eq!((camel(ours).as_str(), snake(theirs).as_str()), (theirs, ours));
        }
        assert_eq!(camel("startUrl"), "startUrl");
    }

    #[test]
    fn camel_case_is_read_as_the_specifications_have_it_and_nothing_twice() {
        let aws = Dialect { carrier: Carrier::CamelJson, ..STANDARD };
        assert_eq!(read(&aws, &json!({"deviceCode": "d", "expiresIn": 5})).unwrap()["device_code"], "d");
        assert_eq!(read(&aws, &json!({"deviceCode": "d", "device_code": "e"})), Err(Unusable::NotAnObject));
        assert!(!read(&STANDARD, &json!({"deviceCode": "d"})).unwrap().contains_key("device_code"));
    }

    #[test]
    fn a_type_is_assumed_where_it_is_known_to_be_left_out_and_never_changed() {
        let facebook = Dialect { assumes_bearer: true, ..STANDARD };
        assert_eq!(read(&facebook, &json!({"access_token": "t"})).unwrap()["token_type"], "Bearer");
        assert_eq!(read(&facebook, &json!({"access_token": "t", "token_type": "mac"})).unwrap()["token_type"], "mac");
        assert!(!read(&facebook, &json!({"error": "x"})).unwrap().contains_key("token_type"));
        assert!(!read(&STANDARD, &json!({"access_token": "t"})).unwrap().contains_key("token_type"));
    }
}
