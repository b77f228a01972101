//! Traceability: every row of docs/requirements.md is tested, planned or out, and the build says which.
//!
//! docs/traceability.toml states by hand what is owned, planned and out; which tests cover a row is derived from the
//! names of the tests. docs/traceability.md is the two together, written by `cargo xtask trace --write`.

mod names;
mod requirements;
mod table;

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use crate::check::Findings;
use requirements::Row;
use table::Table;

const REQUIREMENTS: &str = "docs/requirements.md";
const TABLE: &str = "docs/traceability.toml";
const PAGE: &str = "docs/traceability.md";

struct Trace {
    rows: Vec<Row>,
    table: Table,
    /// Row id to the tests named after it.
    tests: BTreeMap<String, Vec<String>>,
    /// Tests whose name starts like a row that does not exist.
    strays: Vec<String>,
}

enum State<'a> {
    Tested(&'a [String]),
    Missing,
    Planned(&'a str),
    Out(&'a str),
}

impl Trace {
    fn load() -> Result<Self> {
        let text = fs::read_to_string(REQUIREMENTS).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
        let rows = requirements::parse(&text);
        let table = fs::read_to_string(TABLE).with_context(|| format!("cannot read {TABLE}"))?;
        let table = toml::from_str(&table).with_context(|| format!("{TABLE} is not understood"))?;
        let (tests, strays) = names::find(&rows)?;
        Ok(Self { rows, table, tests, strays })
    }

    fn state(&self, row: &Row) -> State<'_> {
        if let Some(tests) = self.tests.get(&row.id) {
            return State::Tested(tests);
        }
        match (self.table.out(&row.id), self.table.planned(&row.id)) {
            (Some(reason), _) => State::Out(reason),
            (None, Some(what)) => State::Planned(what),
            (None, None) => State::Missing,
        }
    }

    fn page(&self) -> String {
        let mut page = String::from(
            "# Traceability\n\nEvery row of the [requirements](requirements.md) and where it stands: **tested** by the \
             tests named after it, **planned** with what it waits for, or **out** with the reason. The lists of owned, \
             planned and out are kept in `docs/traceability.toml`; this page is written by `cargo xtask trace --write`, \
             and `cargo xtask check` fails when it is not current, when an owned row has no test, or when a test is \
             named after a row that does not exist.\n\n",
        );
        page.push_str(&self.summary());
        page.push_str("\n\n| Row | Level | State | By |\n|---|---|---|---|\n");
        for row in &self.rows {
            let (state, by) = match self.state(row) {
                State::Tested(tests) => {
                    ("tested", tests.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", "))
                }
                State::Missing => ("**missing**", String::new()),
                State::Planned(what) => ("planned", what.to_owned()),
                State::Out(reason) => ("out", reason.to_owned()),
            };
            page.push_str(&format!("| {} | {} | {state} | {by} |\n", row.id, row.level));
        }
        page
    }

    fn summary(&self) -> String {
        let (mut tested, mut missing, mut planned, mut out) = (0, 0, 0, 0);
        for row in &self.rows {
            match self.state(row) {
                State::Tested(_) => tested += 1,
                State::Missing => missing += 1,
                State::Planned(_) => planned += 1,
                State::Out(_) => out += 1,
            }
        }
        let total = self.rows.len();
        format!("{total} rows: {tested} tested, {missing} missing, {planned} planned, {out} out.")
    }
}

/// `cargo xtask trace`.
pub(crate) fn run(write: bool) -> Result<()> {
    let trace = Trace::load()?;
    let page = trace.page();
    if write {
        fs::write(PAGE, page).with_context(|| format!("cannot write {PAGE}"))?;
        println!("{PAGE}: {}", trace.summary());
    } else {
        print!("{page}");
    }
    Ok(())
}

/// The step of `cargo xtask check`.
pub(crate) fn check(findings: &mut Findings) -> Result<()> {
    let trace = Trace::load()?;
    for problem in trace.table.problems(&trace.rows) {
        findings.problem(format!("{TABLE}: {problem}"));
    }
    for row in trace.rows.iter().filter(|row| trace.table.owns(&row.id) && !trace.tests.contains_key(&row.id)) {
        findings.problem(format!("{} is owned and has no test named {}_…", row.id, row.slug()));
    }
    for stray in &trace.strays {
        findings.problem(format!("{stray} is named after a row that does not exist"));
    }
    if fs::read_to_string(PAGE).unwrap_or_default() != trace.page() {
        findings.problem(format!("{PAGE} is not current: run `cargo xtask trace --write`"));
    }
    findings.note(trace.summary());
    Ok(())
}
