//! The documentation stands on its own: links stay inside the repository or go to a public standard, links that stay
//! inside lead somewhere, and no lock file carries the address of a registry.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Findings;
use crate::process;

/// Publishers of the standards that the documentation may link to.
const STANDARDS: &[&str] = &[
    "www.rfc-editor.org",
    "datatracker.ietf.org",
    "openid.net",
    "www.iana.org",
    "www.w3.org",
    "www.unicode.org",
    "pages.nist.gov",
    "owasp.org",
    "keepachangelog.com",
    "semver.org",
    "spdx.org",
    "toml.io",
];

pub(crate) fn check(findings: &mut Findings) -> Result<()> {
    for path in process::tracked(&["*.md"])? {
        let text = fs::read_to_string(&path)?;
        for target in links(&text) {
            if let Some(problem) = broken(&path, &target) {
                findings.problem(format!("{}: {problem}", path.display()));
            }
        }
    }
    for path in process::tracked(&["*package-lock.json"])? {
        if fs::read_to_string(&path)?.contains("\"resolved\"") {
            let path = path.display();
            findings.problem(format!("{path} names a registry: npm install --omit-lockfile-registry-resolved"));
        }
    }
    Ok(())
}

/// Targets of inline links, reference definitions and bare addresses, outside code.
fn links(markdown: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for line in prose(markdown) {
        let mut rest = line.as_str();
        while let Some((_, after)) = rest.split_once("](") {
            let (target, tail) = after.split_once(')').unwrap_or((after, ""));
            targets.push(target.split_whitespace().next().unwrap_or_default().to_owned());
            rest = tail;
        }
        if let Some((_, target)) = line.split_once("]: ").filter(|_| line.starts_with('[')) {
            targets.push(target.trim().to_owned());
        }
        let bare = line.split(|c: char| c.is_whitespace() || "<>()[]\"'".contains(c));
        targets.extend(bare.filter(|word| word.contains("://")).map(|word| word.trim_end_matches('.').to_owned()));
    }
    targets
}

/// The lines of a page without fenced blocks and code spans, where examples live.
fn prose(markdown: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push(line.split('`').step_by(2).collect::<Vec<_>>().join("`"));
        }
    }
    lines
}

fn broken(page: &Path, target: &str) -> Option<String> {
    if let Some(rest) = target.strip_prefix("https://") {
        let host = rest.split(['/', '#', '?']).next().unwrap_or_default();
        return (!STANDARDS.contains(&host)).then(|| format!("{target} leaves the repository"));
    }
    if target.contains("://") || target.starts_with("mailto:") {
        return Some(format!("{target} leaves the repository"));
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { page.to_owned() } else { page.parent()?.join(file) };
    if !inside(&path) {
        return Some(format!("{target} leaves the repository"));
    }
    if !path.exists() {
        return Some(format!("{target} leads nowhere"));
    }
    let missing = !anchor.is_empty() && !anchors(&path).contains(anchor);
    missing.then(|| format!("{target}: the page has no such heading"))
}

fn inside(path: &Path) -> bool {
    let mut depth = 0_i32;
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => depth -= 1,
            std::path::Component::Normal(_) => depth += 1,
            std::path::Component::CurDir => {}
            std::path::Component::RootDir | std::path::Component::Prefix(_) => return false,
        }
        if depth < 0 {
            return false;
        }
    }
    true
}

/// Anchors that the headings of a page get: lower case, spaces to dashes, punctuation dropped.
fn anchors(path: &PathBuf) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::links;

    #[test]
    fn links_are_found_in_prose_and_not_in_code() {
        let page = "See [a](b.md#c), <https://www.w3.org/TR/>.\n`https://id.example.com`\n```\n[x](y)\n```\n[r]: z.md";
        assert_eq!(links(page), ["b.md#c", "https://www.w3.org/TR/", "z.md"]);
    }
}
