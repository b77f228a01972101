//! Keys that are set in the environment: `COUNTERSIGN__SECTION__KEY`, `COUNTERSIGN__ISSUER`, and for the n-th declared
//! client, counted from 0, `COUNTERSIGN__CLIENT__0__NAME`; issuers of software statements likewise.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::nearest::nearest;
use super::place::{Mistake, Place, Report};
use super::section::Section;
use super::{REPEATED, SECTIONS};

const PREFIX: &str = "COUNTERSIGN__";

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// Its whole name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
}

/// The variables of one section by key.
pub(super) type Entries = BTreeMap<String, Variable>;

/// All variables by the path of their section: `device`, `client[0]`.
#[derive(Debug, Default)]
pub(super) struct Variables(BTreeMap<String, Entries>);

impl Variables {
    /// Sorts out those of `environment` that are ours; unknown names are mistakes.
    pub(super) fn sort(environment: &[(OsString, OsString)], report: &mut Report) -> Self {
        let mut variables = Self::default();
        for (name, value) in environment {
            let Some((name, rest)) = name.to_str().and_then(|name| Some((name, name.strip_prefix(PREFIX)?))) else {
                continue;
            };
            let mut wrong = |text: String| {
                report.mistakes.push(Mistake { place: Place::Variable(name.to_owned()), text });
            };
            match (locate(rest), value.to_str()) {
                (None, _) => wrong(unknown(name)),
                (Some(_), None) => wrong("the value is not UTF-8 text".to_owned()),
                (Some((path, key)), Some(value)) => {
                    let variable = Variable { name: name.to_owned(), value: value.to_owned() };
                    variables.0.entry(path).or_default().insert(key, variable);
                }
            }
        }
        variables
    }

    /// Those of the section with this path.
    pub(super) fn of(&self, path: &str) -> Option<&Entries> {
        self.0.get(path)
    }

    /// The numbers of the blocks called `name` that variables speak of.
    pub(super) fn numbers(&self, name: &str) -> impl Iterator<Item = usize> {
        self.0
            .keys()
            .filter_map(move |path| path.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
    }
}

/// Name of the variable that sets `key` in the section with `path`.
#[cfg(test)]
pub(super) fn name_of(path: &str, key: &str) -> String {
    let section = path.replace('[', "__").replace(']', "");
    let separator = if section.is_empty() { "" } else { "__" };
    format!("{PREFIX}{section}{separator}{key}").to_ascii_uppercase()
}

/// Path of the section and key that a name stands for.
fn locate(rest: &str) -> Option<(String, String)> {
    let rest = rest.to_ascii_lowercase();
    let mut parts = rest.split("__");
    let (path, name, key) = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
        (key, None, None, None) => (String::new(), "", key),
        (section, Some(key), None, None) if !REPEATED.contains(&section) => (section.to_owned(), section, key),
        (section, Some(number), Some(key), None) if REPEATED.contains(&section) => {
            (format!("{section}[{}]", number.parse::<usize>().ok()?), section, key)
        }
        _ => return None,
    };
    let section = SECTIONS.iter().find(|section| section.name == name)?;
    section.names().any(|name| name == key).then(|| (path, key.to_owned()))
}

fn unknown(given: &str) -> String {
    let number = given.split("__").nth(2).and_then(|number| number.parse::<usize>().ok()).unwrap_or_default();
    let names = SECTIONS.iter().flat_map(|section| names(section, number)).collect::<Vec<_>>();
    // Compared without what all of them begin with, or a short name would be near to every other.
    let bare = given.strip_prefix(PREFIX).unwrap_or(given);
    match nearest(bare, names.iter().filter_map(|name| name.strip_prefix(PREFIX))) {
        Some(name) => format!("there is no such key; did you mean {PREFIX}{name}?"),
        None => "there is no such key; `countersignd config example` lists them all".to_owned(),
    }
}

fn names(section: &Section, number: usize) -> Vec<String> {
    let prefix = match section.name {
        "" => PREFIX.to_owned(),
        name if REPEATED.contains(&name) => format!("{PREFIX}{name}__{number}__"),
        name => format!("{PREFIX}{name}__"),
    };
    section.names().map(|key| format!("{prefix}{key}").to_ascii_uppercase()).collect()
}
