//! Long files are reported, not refused: a warning asks for a second look, the reviewer decides.

use std::fs;

use anyhow::Result;

use super::Findings;
use crate::process;

const LIMIT: usize = 400;

pub(crate) fn check(findings: &mut Findings) -> Result<()> {
    for path in process::tracked(&["*.rs", "*.mjs", "*.js", "*.css", "*.html", "*.py", "*.sh"])? {
        let lines = fs::read_to_string(&path)?.lines().count();
        if lines > LIMIT {
            findings.note(format!("warning: {} has {lines} lines; look whether it owns one thing", path.display()));
        }
    }
    Ok(())
}
