//! How results look: tables and facts for people, JSON for programs, times in RFC 3339 and UTC.

use std::io::{self, Write};

use proto::Timestamp;
use proto::wire::is_invisible;
use serde::Serialize;

use crate::failure::Failure;

/// What stands for nothing.
const NOTHING: &str = "-";

/// A table: a head and rows of as many cells.
pub(super) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) const fn new(head: [&'static str; N]) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, row: [String; N]) {
        self.rows.push(row.map(|cell| shown(&cell)));
    }

    /// Writes it; of an empty one nothing, since the head alone would be taken for a result.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let head = self.head.map(str::to_owned);
        let lines: Vec<&[String; N]> = std::iter::once(&head).chain(&self.rows).collect();
        let mut widths = [0; N];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line.iter()) {
                *width = cell.chars().count().max(*width);
            }
        }
        for line in lines {
            let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Facts about one thing, a line each.
pub(super) fn facts(facts: &[(&str, String)], out: &mut dyn Write) -> io::Result<()> {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 1;
    facts.iter().try_for_each(|(name, fact)| writeln!(out, "{:width$}  {}", format!("{name}:"), shown(fact)))
}

/// Writes a result as JSON.
pub(super) fn json(result: &impl Serialize, out: &mut dyn Write) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(result).map_err(anyhow::Error::from)?;
    Ok(writeln!(out, "{text}")?)
}

/// A message for the person. A closed standard error is no reason to stop.
pub(super) fn say(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// RFC 3339, in UTC.
pub(super) fn time(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.as_seconds()).map(|moment| moment.to_string()).unwrap_or_default()
}

/// Nothing in it moves the cursor or turns the text around it, whoever wrote it and whenever.
fn shown(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    if visible.is_empty() { NOTHING.to_owned() } else { visible }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tables_are_aligned_and_an_empty_one_is_nothing() {
        let mut table = Table::new(["ID", "NAME", "STATE"]);
        assert_eq!(written(|out| table.write(out)), "");
        table.row(["tv".into(), "Fernseher im Büro".into(), "enabled".into()]);
        table.row(["a-long-id".into(), String::new(), "disabled".into()]);
        let expected = "ID         NAME               STATE\n\
                        tv         Fernseher im Büro  enabled\n\
                        a-long-id  -                  disabled\n";
        assert_eq!(written(|out| table.write(out)), expected);
    }

    #[test]
    fn facts_are_aligned_and_hold_no_control_characters() {
        let text = written(|out| facts(&[("Id", "tv".into()), ("Name", "a\u{1b}[2J\u{202e}b".into())], out));
        assert_eq!(text, "Id:    tv\nName:  a[2Jb\n");
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        assert_eq!(time(Timestamp::from_millis(1_800_000_000_999)), "2027-01-15T08:00:00Z");
    }
}
