//! Reads a file and the environment against the declared sections. Everything that is wrong is noted with its place;
//! reading goes on, so that one run names all mistakes.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::input::{Given, Input};
use super::kinds::Read;
use super::place::{Mistake, Place, Places, Report, label, place_of};
use super::section::{Fallback, Key, Section};
use super::variables::Entries;

/// What has been read so far.
pub(crate) struct Reader<'a> {
    /// The text of the file.
    pub(super) text: &'a str,
    /// Where relative paths of the file start.
    pub(super) base: &'a Path,
    /// What is wrong.
    pub(super) report: Report,
    /// Where keys were set.
    pub(super) places: Places,
}

/// One section, ready to be read.
pub(crate) struct Table<'r, 'a> {
    /// Takes the mistakes.
    pub(super) reader: &'r mut Reader<'a>,
    /// The declaration.
    pub(super) section: &'static Section,
    /// Its path: empty, `device`, `client[0]`.
    pub(super) path: String,
    /// What the file says.
    pub(super) file: Option<&'a DeTable<'a>>,
    /// What the environment says.
    pub(super) variables: Option<&'a Entries>,
}

impl<'a> Reader<'a> {
    /// Notes a mistake at a place of the file.
    pub(super) fn wrong_at(&mut self, offset: usize, text: String) {
        let place = place_of(self.text, offset);
        self.report.mistakes.push(Mistake { place, text });
    }
}

impl<'a> Table<'_, 'a> {
    /// The value of a key, or what holds when it is not set or wrong.
    pub(super) fn read<T>(&mut self, name: &str, kind: impl Fn(&Input<'_>) -> Read<T>) -> Option<T> {
        let key = self.section.keys.iter().find(|key| key.name == name)?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        match self.given(key, &path) {
            Some(Ok((place, input))) => {
                self.reader.places.set(&path, place.clone());
                match kind(&input) {
                    Ok(value) => return Some(value),
                    Err(wrong) => self.wrong(&path, place, &wrong),
                }
            }
            Some(Err((place, wrong))) => self.wrong(&path, place, &wrong),
            None => {
                if let Fallback::Required(example) = key.fallback {
                    let place = self.place_of_table();
                    self.wrong(&path, place, &format!("is missing; write it like `{name} = {example}`"));
                }
            }
        }
        match key.fallback {
            Fallback::Default(text) | Fallback::DefaultOrFile(text) | Fallback::Required(text) => {
                self.fallback(&path, text, kind)
            }
            Fallback::Document(_) | Fallback::Secret(_) | Fallback::Unset(_) => kind(&self.input(Given::Nothing)).ok(),
        }
    }

    /// A declared default, read like what an operator writes.
    fn fallback<T>(&mut self, path: &str, text: &'static str, kind: impl Fn(&Input<'_>) -> Read<T>) -> Option<T> {
        let value = DeValue::parse(text).map_err(|error| error.message().to_owned());
        match value.and_then(|value| kind(&self.input(Given::Toml(value.get_ref())))) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(path, Place::Default, &format!("the default {text} is wrong: {wrong}"));
                None
            }
        }
    }

    /// What was written for `key`: the environment stands above the file, and for a secret or document `x` either may name `x_file`.
    fn given(&self, key: &Key, path: &str) -> Option<Result<(Place, Input<'a>), (Place, String)>> {
        let file_name = key.file_name();
        if let Some(entries) = self.variables {
            let direct = entries.get(key.name);
            let file = file_name.as_deref().and_then(|name| entries.get(name));
            match (direct, file) {
                (Some(direct), None) => {
                    let given = Given::Text(Cow::Borrowed(&direct.value));
                    let base = Path::new("");
                    return Some(Ok((Place::Variable(direct.name.clone()), Input { given, base })));
                }
                (None, Some(file)) => {
                    return Some(content(Place::Variable(file.name.clone()), Path::new(&file.value)));
                }
                (Some(_), Some(file)) => return Some(Err((Place::Variable(file.name.clone()), both(key.name)))),
                (None, None) => {}
            }
        }
        let direct = self.file.and_then(|table| table.get(key.name));
        let file = file_name.as_deref().and_then(|name| self.file.and_then(|table| table.get(name)));
        match (direct, file) {
            (Some(direct), None) => Some(Ok((self.place(direct), self.input(Given::Toml(direct.get_ref()))))),
            (None, Some(file)) => Some(match file.get_ref().as_str() {
                Some(name) => content(self.place(file), &self.reader.base.join(name)),
                None => Err((self.place(file), format!("{}_file must be the path of a file", label(path)))),
            }),
            (Some(_), Some(file)) => Some(Err((self.place(file), both(key.name)))),
            (None, None) => None,
        }
    }

    fn input<'i>(&self, given: Given<'i>) -> Input<'i>
    where
        'a: 'i,
    {
        Input { given, base: self.reader.base }
    }

    fn place<T>(&self, value: &Spanned<T>) -> Place {
        place_of(self.reader.text, value.span().start)
    }

    /// Where the section begins: at its first key.
    fn place_of_table(&self) -> Place {
        let first = self
            .file
            .filter(|_| !self.path.is_empty())
            .and_then(|table| table.keys().map(|key| key.span().start).min());
        match (first, self.variables.and_then(|entries| entries.values().next())) {
            (Some(offset), _) => place_of(self.reader.text, offset),
            (None, Some(variable)) if !self.path.is_empty() => Place::Variable(variable.name.clone()),
            (None, _) => Place::Default,
        }
    }

    fn wrong(&mut self, path: &str, place: Place, wrong: &str) {
        self.reader.places.spoil(path);
        let separator = if wrong.starts_with("is missing") { " " } else { ": " };
        self.reader.report.mistakes.push(Mistake { place, text: format!("{}{separator}{wrong}", label(path)) });
    }
}

fn both(name: &str) -> String {
    format!("`{name}` and `{name}_file` are both set; keep one of them")
}

/// A secret or document that stands in a file of its own.
fn content<'i>(place: Place, path: &Path) -> Result<(Place, Input<'i>), (Place, String)> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let given = Given::Content(Zeroizing::new(text), path.to_owned());
            Ok((place, Input { given, base: Path::new("") }))
        }
        Err(error) => Err((place, format!("cannot read {}: {error}", path.display()))),
    }
}
