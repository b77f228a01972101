//! Where a value of the configuration was written, and what is wrong with what stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::section::head;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The configuration file, at this line and column, counted from 1.
    File {
        /// The line.
        line: usize,
        /// The character in it.
        column: usize,
    },
    /// This environment variable.
    Variable(String),
    /// Nowhere: it is the default, or missing.
    Default,
}

/// One mistake, or one piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where to look.
    pub(crate) place: Place,
    /// What is wrong and what to do, in one sentence.
    pub(crate) text: String,
}

/// Everything that is to be said about a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// The file, when one was read.
    pub(crate) file: Option<PathBuf>,
    /// What must be mended before the server starts.
    pub(crate) mistakes: Vec<Mistake>,
    /// What works and is probably not meant.
    pub(crate) advice: Vec<Mistake>,
}

/// Where each key was set. A key is `section.name`, `client[0].name`, or a bare name at the top.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    at: BTreeMap<String, Place>,
    wrong: BTreeSet<String>,
}

impl Places {
    /// Notes where `key` was set.
    pub(super) fn set(&mut self, key: &str, place: Place) {
        self.at.insert(key.to_owned(), place);
    }

    /// Notes that what was written for `key` cannot be read, so that it stands for nothing in further checks.
    pub(super) fn spoil(&mut self, key: &str) {
        self.wrong.insert(key.to_owned());
    }

    /// Where `key` was set.
    pub(crate) fn of(&self, key: &str) -> Place {
        self.at.get(key).cloned().unwrap_or(Place::Default)
    }

    /// Whether `key` was set at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.at.contains_key(key)
    }

    /// Whether all of `keys` could be read, or were not set.
    pub(crate) fn sound(&self, keys: &[&str]) -> bool {
        !keys.iter().any(|key| self.wrong.contains(*key))
    }
}

/// What a key is called in messages: `[device] lifetime`.
pub(crate) fn label(key: &str) -> String {
    match key.rsplit_once('.') {
        Some((section, name)) => format!("{} {name}", head(section)),
        None => key.to_owned(),
    }
}

/// The place of a byte of a file.
pub(super) fn place_of(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rfind('\n').map_or(before, |at| before.get(at + 1..).unwrap_or_default());
    Place::File { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

impl Report {
    /// Sorts by place: the file from top to bottom, then the environment, then what is missing.
    pub(super) fn sort(&mut self) {
        self.mistakes.sort_by(|a, b| a.place.cmp(&b.place));
        self.advice.sort_by(|a, b| a.place.cmp(&b.place));
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, kind: &str, mistake: &Mistake) -> fmt::Result {
        match (&mistake.place, &self.file) {
            (Place::File { line, column }, Some(file)) => write!(f, "{}:{line}:{column}: ", file.display())?,
            (Place::File { line, column }, None) => write!(f, "{line}:{column}: ")?,
            (Place::Variable(name), _) => write!(f, "{name}: ")?,
            (Place::Default, Some(file)) => write!(f, "{}: ", file.display())?,
            (Place::Default, None) => {}
        }
        writeln!(f, "{kind}{}", mistake.text)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistakes.iter().try_for_each(|mistake| self.line(f, "", mistake))?;
        self.advice.iter().try_for_each(|advice| self.line(f, "advice: ", advice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let text = "a = 1\nname = \"ä\" x\n";
        assert_eq!(place_of(text, 0), Place::File { line: 1, column: 1 });
        assert_eq!(place_of(text, 6), Place::File { line: 2, column: 1 });
        assert_eq!(place_of(text, text.find('x').unwrap()), Place::File { line: 2, column: 12 });
        assert_eq!(place_of(text, 999), Place::File { line: 3, column: 1 });
    }

    #[test]
    fn keys_have_the_name_of_their_section() {
        assert_eq!(label("issuer"), "issuer");
        assert_eq!(label("device.lifetime"), "[device] lifetime");
        assert_eq!(label("client[3].secret"), "[[client]] secret");
    }
}
