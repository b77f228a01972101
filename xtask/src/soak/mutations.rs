//! Checks taken out one at a time: a test that does not notice proves nothing (`xtask/mutations.toml`).
//!
//! The tree is copied below `target`, a mutation is applied to the copy, its own test is run there and must fail, and the
//! file is put back. Nothing is built that the tests did not build; the repository itself is never touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::json;

use super::{Plan, Report};
use crate::process::{self, Stopwatch};

const LIST: &str = "xtask/mutations.toml";
/// A test that never ends without its check has noticed as well.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
struct List {
    mutation: Vec<Mutation>,
}

/// One check that is taken out.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    threat: String,
    file: PathBuf,
    find: String,
    replace: String,
    package: String,
    target: String,
    test: String,
}

/// What a run of one test came to.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Failed,
    NotBuilt(String),
    NotFound,
    Passed,
    TooLong,
}

/// How many there are.
pub(super) fn all() -> Result<u32> {
    Ok(u32::try_from(list()?.len())?)
}

/// `count` of the list, from a place that the seed chooses.
pub(super) fn run(plan: &Plan) -> Result<Report> {
    let all = list()?;
    let tree = copy()?;
    let first = usize::try_from(plan.seed)?.checked_rem(all.len()).unwrap_or(0);
    let chosen: Vec<&Mutation> =
        all.iter().cycle().skip(first).take(all.len().min(usize::try_from(plan.count)?)).collect();
    let mut violations = Vec::new();
    let tests: BTreeSet<_> = chosen.iter().map(|of| (&of.package, &of.target, &of.test)).collect();
    for (package, target, test) in &tests {
        match verdict(&tree, package, target, test)? {
            Verdict::Passed => {}
            other => violations.push(format!("{test} does not pass as it is: {other:?}")),
        }
    }
    let mut killed = 0;
    for mutation in &chosen {
        match attempt(&tree, mutation) {
            Ok(Verdict::Failed | Verdict::TooLong) => killed += 1,
            Ok(Verdict::Passed) => violations.push(format!("survives: {}", mutation.threat)),
            Ok(other) => violations.push(format!("{}: {other:?}", mutation.threat)),
            Err(error) => violations.push(format!("{}: {error:#}", mutation.threat)),
        }
    }
    let figures = json!({ "listed": all.len(), "tried": chosen.len(), "killed": killed, "tests": tests.len() });
    Ok(Report { figures, violations })
}

fn list() -> Result<Vec<Mutation>> {
    let text = fs::read_to_string(process::root()?.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let List { mutation } = toml::from_str(&text).with_context(|| format!("cannot understand {LIST}"))?;
    Ok(mutation)
}

/// Copies what git knows; a file that is the same stays as it is, so that it is not built again.
fn copy() -> Result<PathBuf> {
    let root = process::root()?;
    let tree = root.join("target/mutations");
    let wanted: BTreeSet<PathBuf> = process::tracked(&["."])?.into_iter().collect();
    for file in &wanted {
        let (from, to) = (root.join(file), tree.join(file));
        let text = fs::read(&from).with_context(|| format!("cannot read {}", file.display()))?;
        if fs::read(&to).ok().as_deref() != Some(&text[..]) {
            fs::create_dir_all(to.parent().context("a file without a folder")?)?;
            fs::write(&to, text)?;
        }
    }
    remove_others(&tree, &tree, &wanted)?;
    Ok(tree)
}

/// What an earlier copy left behind must not be built.
fn remove_others(tree: &Path, folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(tree, &path, wanted)?;
        } else if !wanted.contains(path.strip_prefix(tree)?) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn attempt(tree: &Path, mutation: &Mutation) -> Result<Verdict> {
    let path = tree.join(&mutation.file);
    let text = fs::read_to_string(&path).with_context(|| format!("no file {}", mutation.file.display()))?;
    let places = text.matches(&mutation.find).count();
    ensure!(places == 1, "{} has {places} places like `{}`", mutation.file.display(), mutation.find);
    println!("taking out: {}", mutation.threat);
    fs::write(&path, text.replacen(&mutation.find, &mutation.replace, 1))?;
    let verdict = verdict(tree, &mutation.package, &mutation.target, &mutation.test);
    fs::write(&path, text)?;
    verdict
}

fn verdict(tree: &Path, package: &str, target: &str, test: &str) -> Result<Verdict> {
    // Built first, so that what does not build is not taken for a test that fails.
    let built = tests(tree, package, target)?.arg("--no-run").output().context("cannot start cargo")?;
    if !built.status.success() {
        return Ok(Verdict::NotBuilt(errors(&built.stderr)));
    }
    let mut command = tests(tree, package, target)?;
    command.args(["--", test]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().context("cannot start cargo")?;
    let watch = Stopwatch::start();
    while child.try_wait()?.is_none() {
        if watch.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(Verdict::TooLong);
        }
        process::pause(Duration::from_millis(50));
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(match (output.status.success(), text.contains("running 0 tests")) {
        (true, false) => Verdict::Passed,
        (true, true) => Verdict::NotFound,
        (false, _) if text.contains("test result: FAILED") => Verdict::Failed,
        (false, _) => bail!("{test} ended with {}", output.status),
    })
}

/// The tests of a package, built beside those of the repository.
fn tests(tree: &Path, package: &str, target: &str) -> Result<Command> {
    let mut command = process::cargo();
    command.current_dir(tree).env("CARGO_TARGET_DIR", process::root()?.join("target"));
    command.args(["test", "--locked", "--quiet", "-p", package]);
    if target == "lib" {
        command.arg("--lib")
    } else {
        command.args(["--test", target])
    };
    Ok(command)
}

fn errors(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.lines().filter(|line| line.starts_with("error")).take(3).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_still_stands_where_it_is_taken_out_and_has_its_test() {
        let root = process::root().unwrap();
        let mut sources = Vec::new();
        read(&root.join("crates"), &mut sources);
        for Mutation { threat, file, find, replace, test, .. } in list().unwrap() {
            let text = fs::read_to_string(root.join(&file)).unwrap();
            assert_eq!(text.matches(&find).count(), 1, "{threat}: {}", file.display());
            assert_ne!(find, replace, "{threat}");
            let named = |source: &String| source.contains(&format!("{test}(")) || test == "sqlite_conforms";
            assert!(sources.iter().any(named), "{threat}: no test {test}");
        }
    }

    fn read(folder: &Path, sources: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(fs::read_to_string(path).unwrap());
            }
        }
    }
}
