//! What options and arguments are read into. Choices have the names of the configuration, and help lists them.

use std::ffi::OsStr;
use std::marker::PhantomData;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use proto::model::{ClientId, Scope, UserName};
use proto::wire::is_invisible;

pub(super) use crate::config::name;
use crate::config::{Named, option};

/// A value, or the word `default` for the server's own setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own<T> {
    /// This client's own.
    Is(T),
    /// The server's.
    Default,
}

impl<T> Own<T> {
    /// The value, unless it is the server's.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Default => None,
        }
    }
}

/// Reads `default` or what `read` reads.
pub(super) fn own<T, R>(read: R) -> impl Fn(&str) -> Result<Own<T>, String> + Clone
where
    R: Fn(&str) -> Result<T, String> + Clone,
{
    move |text| if text == "default" { Ok(Own::Default) } else { read(text).map(Own::Is) }
}

/// Reads one of the names of `T`.
#[derive(Debug)]
pub(super) struct Choice<T>(PhantomData<fn() -> T>);

impl<T> Choice<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Choice<T> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<T: Named + Send + Sync> TypedValueParser for Choice<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        let named = |text: &OsStr| T::NAMES.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if let Some(value) = named(value) {
            return Ok(value);
        }
        if let Some(later) = T::LATER.iter().find(|later| **later == value) {
            let error = Error::raw(ErrorKind::ValueValidation, format!("{later} is not in this version\n"));
            return Err(error.with_cmd(command));
        }
        let known = PossibleValuesParser::new(names::<T>()).parse_ref(command, arg, value)?;
        named(OsStr::new(&known)).ok_or_else(|| Error::new(ErrorKind::InvalidValue).with_cmd(command))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(names::<T>().into_iter()))
    }
}

/// Every value once, under its first name.
fn names<T: Named>() -> Vec<PossibleValue> {
    let is_first = |index: usize, value: T| T::NAMES.iter().position(|(_, other)| *other == value) == Some(index);
    let first = T::NAMES.iter().enumerate().filter(|(index, (_, value))| is_first(*index, *value));
    first.map(|(_, (name, _))| PossibleValue::new(*name)).collect()
}

/// Reads the identifier of a client.
pub(super) fn client_id(text: &str) -> Result<ClientId, String> {
    ClientId::parse(text).ok_or_else(|| "a client id is 1 to 128 printable ASCII characters such as tv".to_owned())
}

/// Reads one scope or several, separated by blanks.
pub(super) fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).map_err(|error| error.to_string())
}

/// All scopes that were given.
pub(super) fn scopes(given: &[Scope]) -> Result<Scope, String> {
    scope(&given.iter().map(Scope::to_string).collect::<Vec<_>>().join(" "))
}

/// Reads a sign-in name.
pub(super) fn user_name(text: &str) -> Result<UserName, String> {
    UserName::parse(text)
        .ok_or_else(|| "a name is 1 to 64 characters without blanks, control or invisible characters".to_owned())
}

/// Reads what a person is called; an empty text takes it away.
pub(super) fn display_name(text: &str) -> Result<String, String> {
    if text.is_empty() { Ok(String::new()) } else { option::name(text) }
}

/// Reads an address of a mailbox; an empty text takes it away.
pub(super) fn email(text: &str) -> Result<String, String> {
    let (mailbox, host) = text.rsplit_once('@').unwrap_or_default();
    let readable = !text.chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c));
    // RFC 5321 §4.5.3.1.3: 256 octets with the brackets around them.
    let fits = !mailbox.is_empty() && !host.is_empty() && text.len() <= 254;
    if text.is_empty() || (readable && fits) {
        Ok(text.to_owned())
    } else {
        Err("an e-mail address is like maria@example.com, at most 254 characters".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::model::GrantType;

    use super::*;

    #[test]
    fn choices_have_the_names_of_the_configuration_and_list_each_value_once() {
        let read = |text: &str| Choice::<GrantType>::new().parse_ref(&Command::new("x"), None, OsStr::new(text));
        assert_eq!(read("device").unwrap(), GrantType::DeviceCode);
        assert_eq!(read("urn:ietf:params:oauth:grant-type:device_code").unwrap(), GrantType::DeviceCode);
        assert_eq!(read("devise").unwrap_err().kind(), ErrorKind::InvalidValue);
        let listed: Vec<String> = names::<GrantType>().iter().map(|value| value.get_name().to_owned()).collect();
        assert_eq!(listed, ["device", "refresh_token"]);
        assert_eq!(name(GrantType::DeviceCode), "device");
    }

    #[test]
    fn what_comes_later_says_so() {
        let read = Choice::<GrantType>::new().parse_ref(&Command::new("x"), None, OsStr::new("client_credentials"));
        let error = read.unwrap_err();
        assert!(error.to_string().contains("client_credentials is not in this version"), "{error}");
    }

    #[test]
    fn a_client_may_return_to_the_servers_setting() {
        assert_eq!(own(option::hold)("default"), Ok(Own::Default));
        assert_eq!(own(option::hold)("0s").map(Own::value), Ok(Some(Duration::ZERO)));
        assert!(own(option::interval)("1500ms").unwrap_err().contains("whole number of seconds"));
    }

    #[test]
    fn names_that_could_deceive_are_refused() {
        for text in ["", "mar ia", "maria\u{202e}", "maria\u{7}", "mar\u{200b}ia", &"m".repeat(65)] {
            assert!(user_name(text).is_err(), "{text:?}");
        }
        for text in ["Living\u{202e}room", "TV\u{1b}[2J", "TV\u{200d}", &"x".repeat(65)] {
            assert!(display_name(text).is_err(), "{text:?}");
        }
        for text in ["maria", "@example.com", "maria@", "ma ria@example.com", "maria@exam\u{ad}ple.com"] {
            assert!(email(text).is_err(), "{text:?}");
        }
        assert_eq!(email("maria@example.com").as_deref(), Ok("maria@example.com"));
        assert_eq!((email(""), display_name("")), (Ok(String::new()), Ok(String::new())));
    }

    #[test]
    fn scopes_are_given_one_by_one_or_together() {
        let given = [scope("openid profile").unwrap(), scope("email").unwrap()];
        assert_eq!(scopes(&given).unwrap().to_string(), "openid profile email");
        assert!(scope("a\"b").is_err());
    }
}
