//! Every direct dependency has a row in docs/decisions/dependencies.md, and every row a dependency.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::Findings;
use crate::metadata::Metadata;

const TABLE: &str = "docs/decisions/dependencies.md";
const NPM: [&str; 2] = ["tests/browser/package.json", "tests/foreign/package.json"];
const PYPI: &str = "tests/foreign/requirements.txt";

pub(crate) fn check(metadata: &Metadata, findings: &mut Findings) -> Result<()> {
    let mut declared: BTreeSet<String> = metadata
        .members()
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| dependency.source.is_some())
        .map(|dependency| dependency.name.clone())
        .collect();
    for manifest in NPM {
        declared.extend(npm(manifest)?);
    }
    declared.extend(pypi()?);

    let recorded = recorded(&fs::read_to_string(TABLE).with_context(|| format!("cannot read {TABLE}"))?);
    for name in declared.difference(&recorded) {
        findings.problem(format!("{name} has no row in {TABLE}"));
    }
    for name in recorded.difference(&declared) {
        findings.problem(format!("{TABLE} has a row for {name}, which nothing depends on"));
    }
    Ok(())
}

/// First cells of the table: `` | `name` | … ``.
fn recorded(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name.to_owned()).collect()
}

fn npm(path: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let manifest: serde_json::Value = serde_json::from_str(&text).with_context(|| format!("{path} is not JSON"))?;
    let sections = ["dependencies", "devDependencies"];
    let names = sections.iter().filter_map(|section| manifest.get(section)?.as_object());
    Ok(names.flat_map(|section| section.keys().cloned()).collect())
}

/// Pinned requirements; those that only follow from another stand below a line "# follows".
fn pypi() -> Result<Vec<String>> {
    let text = fs::read_to_string(PYPI).with_context(|| format!("cannot read {PYPI}"))?;
    let direct = text.lines().take_while(|line| !line.starts_with("# follows"));
    Ok(direct.filter_map(|line| line.split_once("==")).map(|(name, _)| name.to_owned()).collect())
}
