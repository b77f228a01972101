//! docs/traceability.toml: what is owned, what is planned and for when, what is out and why.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Row;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Rows that must have a test.
    owned: Vec<String>,
    /// What is waited for, to the rows that wait for it.
    planned: BTreeMap<String, Vec<String>>,
    /// Row to the reason why it will not be built.
    out: BTreeMap<String, String>,
}

impl Table {
    pub(crate) fn owns(&self, id: &str) -> bool {
        self.owned.iter().any(|owned| owned == id)
    }

    pub(crate) fn planned(&self, id: &str) -> Option<&str> {
        self.planned.iter().find(|(_, rows)| rows.iter().any(|row| row == id)).map(|(what, _)| what.as_str())
    }

    pub(crate) fn out(&self, id: &str) -> Option<&str> {
        self.out.get(id).map(String::as_str)
    }

    /// Rows that the table names twice or not at all, and names that are no rows.
    pub(crate) fn problems(&self, rows: &[Row]) -> Vec<String> {
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        for id in self.owned.iter().chain(self.planned.values().flatten()).chain(self.out.keys()) {
            *named.entry(id).or_default() += 1;
        }
        let mut problems = Vec::new();
        for row in rows {
            match named.remove(row.id.as_str()) {
                None => problems.push(format!("{} is neither owned, planned nor out", row.id)),
                Some(1) => {}
                Some(times) => problems.push(format!("{} is listed {times} times", row.id)),
            }
        }
        problems.extend(named.keys().map(|id| format!("{id} is no row of the requirements")));
        problems
    }
}
