//! What was written for a key: in the file, in the environment, in a file of its own, or not at all.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use toml::de::DeValue;
use zeroize::Zeroizing;

/// What was written, and the folder that relative paths in it start from.
pub(crate) struct Input<'a> {
    pub(super) given: Given<'a>,
    pub(super) base: &'a Path,
}

/// The forms it comes in.
pub(crate) enum Given<'a> {
    /// The content of a file that holds a secret or a document.
    Content(Zeroizing<String>, PathBuf),
    /// Nothing.
    Nothing,
    /// The text of an environment variable.
    Text(Cow<'a, str>),
    /// A value of the file.
    Toml(&'a DeValue<'a>),
}

impl<'a> Input<'a> {
    /// Whether nothing was written.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.given, Given::Nothing)
    }

    /// A text; `expected` says what should stand there.
    pub(super) fn text(&self, expected: &str) -> Result<&str, String> {
        match &self.given {
            Given::Content(text, _) => Ok(text.as_str()),
            Given::Text(text) | Given::Toml(DeValue::String(text)) => Ok(text),
            Given::Nothing | Given::Toml(_) => Err(self.mismatch(expected)),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn integer(&self, expected: &str) -> Result<u64, String> {
        let read = match &self.given {
            Given::Text(text) => text.trim().replace('_', "").parse().ok(),
            Given::Toml(DeValue::Integer(number)) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            Given::Content(..) | Given::Nothing | Given::Toml(_) => None,
        };
        read.ok_or_else(|| self.mismatch(expected))
    }

    /// Yes or no.
    pub(super) fn truth(&self, expected: &str) -> Result<bool, String> {
        match &self.given {
            Given::Text(text) => text.trim().parse().map_err(|_| self.mismatch(expected)),
            Given::Toml(DeValue::Boolean(truth)) => Ok(*truth),
            Given::Content(..) | Given::Nothing | Given::Toml(_) => Err(self.mismatch(expected)),
        }
    }

    /// A number.
    pub(super) fn number(&self, expected: &str) -> Result<f64, String> {
        let read = match &self.given {
            Given::Text(text) => text.trim().parse().ok(),
            Given::Toml(DeValue::Float(number)) => number.as_str().parse().ok(),
            Given::Toml(DeValue::Integer(number)) => number.as_str().parse().ok(),
            Given::Content(..) | Given::Nothing | Given::Toml(_) => None,
        };
        read.filter(|number: &f64| number.is_finite()).ok_or_else(|| self.mismatch(expected))
    }

    /// The members of a list. In the environment they are separated by commas.
    pub(super) fn list(&self, expected: &str) -> Result<Vec<Input<'_>>, String> {
        match &self.given {
            Given::Text(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Input { given: Given::Text(part.into()), base: self.base })
                .collect()),
            Given::Toml(DeValue::Array(members)) => Ok(members
                .iter()
                .map(|member| Input { given: Given::Toml(member.get_ref()), base: self.base })
                .collect()),
            Given::Content(..) | Given::Nothing | Given::Toml(_) => Err(self.mismatch(expected)),
        }
    }

    /// A list, or one member alone.
    pub(super) fn one_or_list(&self, expected: &str) -> Result<Vec<Input<'_>>, String> {
        match &self.given {
            Given::Toml(value @ DeValue::String(_)) => Ok(vec![Input { given: Given::Toml(value), base: self.base }]),
            Given::Content(..) | Given::Nothing | Given::Text(_) | Given::Toml(_) => self.list(expected),
        }
    }

    /// `expected` and what stands there instead.
    pub(super) fn mismatch(&self, expected: &str) -> String {
        format!("expected {expected}, found {}", self.found())
    }

    /// What stands there, in words.
    pub(super) fn found(&self) -> String {
        match &self.given {
            Given::Content(_, path) => format!("the content of {}", path.display()),
            Given::Nothing => "nothing".to_owned(),
            Given::Text(text) | Given::Toml(DeValue::String(text)) => quoted(text),
            Given::Toml(DeValue::Integer(number)) => format!("the number {number}"),
            Given::Toml(DeValue::Float(number)) => format!("the number {number}"),
            Given::Toml(DeValue::Boolean(value)) => value.to_string(),
            Given::Toml(DeValue::Datetime(value)) => format!("the date {value}"),
            Given::Toml(DeValue::Array(_)) => "a list".to_owned(),
            Given::Toml(DeValue::Table(_)) => "a table".to_owned(),
        }
    }
}

/// A text in quotes, cut where it is long, without anything that moves the cursor.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
