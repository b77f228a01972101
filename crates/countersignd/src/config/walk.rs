//! The names that stand in a file against those that are declared. A name that nobody knows is a mistake: a limit that
//! was misspelt must not silently be the default.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::reader::Reader;
use super::section::{Section, head};
use super::{REPEATED, SECTIONS};

/// The tables of a file, by section.
pub(super) struct Tables<'a> {
    root: &'a DeTable<'a>,
}

impl<'a> Tables<'a> {
    /// Looks at every name of `root`.
    pub(super) fn of(root: &'a DeTable<'a>, reader: &mut Reader<'a>) -> Self {
        for (name, value) in root {
            let at = name.span().start;
            let section = SECTIONS.iter().find(|section| !section.name.is_empty() && section.name == name.get_ref());
            match section {
                Some(section) => check_section(section, at, value, reader),
                None if top().names().any(|own| own == *name.get_ref()) => {}
                None => reader.wrong_at(at, unknown_at_top(name.get_ref(), value)),
            }
        }
        Self { root }
    }

    /// The table of a section that stands once.
    pub(super) fn section(&self, name: &str) -> Option<&'a DeTable<'a>> {
        if name.is_empty() { Some(self.root) } else { self.root.get(name)?.get_ref().as_table() }
    }

    /// The tables of a section that stands several times.
    pub(super) fn sections(&self, name: &str) -> Vec<&'a DeTable<'a>> {
        let array = self.root.get(name).and_then(|value| value.get_ref().as_array());
        array.into_iter().flatten().filter_map(|member| member.get_ref().as_table()).collect()
    }
}

fn top() -> &'static Section {
    &super::sections::Root::SECTION
}

fn check_section(section: &'static Section, at: usize, value: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) {
    match (value.get_ref(), REPEATED.contains(&section.name)) {
        (DeValue::Table(table), false) => check_keys(section, table, reader),
        (DeValue::Array(members), true) if members.iter().all(|member| member.get_ref().is_table()) => {
            for table in members.iter().filter_map(|member| member.get_ref().as_table()) {
                check_keys(section, table, reader);
            }
        }
        (DeValue::Table(table), true) => {
            reader.wrong_at(
                at,
                format!("[{}] must be written {}, since there may be several", section.name, section.head()),
            );
            check_keys(section, table, reader);
        }
        (DeValue::Array(_), false) => {
            reader.wrong_at(at, format!("{0} stands once: write {0}, not [{0}]", section.head()));
        }
        _ => reader
            .wrong_at(at, format!("`{}` is a section: write {} on a line of its own", section.name, section.head())),
    }
}

fn check_keys(section: &'static Section, table: &DeTable<'_>, reader: &mut Reader<'_>) {
    for name in table.keys() {
        let known: Vec<String> = section.names().collect();
        if !known.iter().any(|own| own == name.get_ref()) {
            reader.wrong_at(name.span().start, unknown_key(section, name.get_ref(), &known));
        }
    }
}

fn unknown_key(section: &Section, given: &str, known: &[String]) -> String {
    let unknown = format!("unknown key `{}` in {}", given.escape_debug(), section.head());
    if let Some(home) = home_of(given) {
        return format!("{unknown}; it belongs {}", place_name(home));
    }
    match nearest(given, known.iter().map(String::as_str)) {
        Some(name) => format!("{unknown}; did you mean `{name}`?"),
        None => format!("{unknown}; its keys are {}", known.join(", ")),
    }
}

fn unknown_at_top(given: &str, value: &Spanned<DeValue<'_>>) -> String {
    let shown = given.escape_debug();
    let sections = SECTIONS.iter().map(|section| section.name).filter(|name| !name.is_empty());
    if value.get_ref().is_table() || value.get_ref().is_array() && home_of(given).is_none() {
        return match nearest(given, sections.clone()) {
            Some(name) => format!("unknown section [{shown}]; did you mean {}?", head(name)),
            None => {
                let heads: Vec<String> = sections.map(head).collect();
                format!("unknown section [{shown}]; there are {}", heads.join(", "))
            }
        };
    }
    if let Some(home) = home_of(given) {
        return format!("unknown key `{shown}` above the first section; it belongs {}", place_name(home));
    }
    let keys: Vec<(String, &Section)> =
        SECTIONS.iter().flat_map(|section| section.names().map(move |name| (name, *section))).collect();
    let near = nearest(given, keys.iter().map(|(name, _)| name.as_str()));
    match near.and_then(|near| keys.iter().find(|(name, _)| name == near)) {
        Some((name, section)) if section.name.is_empty() => format!("unknown key `{shown}`; did you mean `{name}`?"),
        Some((name, section)) => format!("unknown key `{shown}`; did you mean `{name}` {}?", place_name(section)),
        None => format!("unknown key `{shown}`; `countersignd config example` lists them all"),
    }
}

/// The section that has this key.
fn home_of(key: &str) -> Option<&'static Section> {
    SECTIONS.iter().copied().find(|section| section.names().any(|own| own == key))
}

fn place_name(section: &Section) -> String {
    if section.name.is_empty() { "above the first section".to_owned() } else { format!("in {}", section.head()) }
}
