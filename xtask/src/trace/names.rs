//! Tests carry the ids of the rows they cover in their names: `df_3_1_8_df_3_1_9_unknown_and_empty_parameters`.
//!
//! Looked at are test functions of Rust files and the titles of the browser and foreign suites (`test("df_3_3_1 …")`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Row;
use crate::process;

/// Families whose slug, followed by a digit, is no ordinary word: such a name without a row is a mistake.
const TELLTALE: &[&str] = &["df_", "oa_", "md_", "jw_", "oi_", "lp_", "cf_"];

type Found = (BTreeMap<String, Vec<String>>, Vec<String>);

pub(super) fn find(rows: &[Row]) -> Result<Found> {
    let slugs: Vec<(String, &str)> = rows.iter().map(|row| (row.slug(), row.id.as_str())).collect();
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut strays = Vec::new();
    for path in process::tracked(&["crates/**/*.rs", "xtask/**/*.rs", "tests/**/*.mjs"])? {
        let text = fs::read_to_string(&path)?;
        let names = if path.extension().is_some_and(|ext| ext == "rs") { functions(&text) } else { titles(&text) };
        for name in names {
            let ids = covered(name, &slugs);
            if ids.is_empty() && is_telltale(name) {
                strays.push(format!("{}: {name}", path.display()));
            }
            for id in ids {
                tests.entry(id.to_owned()).or_default().push(format!("{}: {name}", home(&path)));
            }
        }
    }
    tests.values_mut().for_each(|names| {
        names.sort();
        names.dedup();
    });
    Ok((tests, strays))
}

/// Names of functions that stand below an attribute whose path ends in `test`.
fn functions(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some((before, after)) = line.split_once("fn ") {
            let is_function = before.split_whitespace().all(|word| matches!(word, "async" | "pub" | "const"));
            if marked && is_function {
                names.extend(after.split('(').next());
            }
            marked &= !is_function;
        }
    }
    names
}

/// First words of the titles of node's tests.
fn titles(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.trim_start().trim_start_matches("await ").strip_prefix("test("))
        .filter_map(|rest| rest.get(1..)?.split([' ', ':', '"', '\'', '`']).next())
        .collect()
}

/// The ids a name starts with, longest first at each place.
fn covered<'a>(name: &str, slugs: &[(String, &'a str)]) -> Vec<&'a str> {
    let mut rest = name.strip_prefix("s_").unwrap_or(name);
    let mut ids = Vec::new();
    loop {
        let fits = |slug: &str| rest.strip_prefix(slug).is_some_and(|tail| tail.is_empty() || tail.starts_with('_'));
        let Some((slug, id)) = slugs.iter().filter(|(slug, _)| fits(slug)).max_by_key(|(slug, _)| slug.len()) else {
            return ids;
        };
        ids.push(*id);
        rest = rest.strip_prefix(slug.as_str()).unwrap_or_default().trim_start_matches('_');
    }
}

fn is_telltale(name: &str) -> bool {
    let rests = TELLTALE.iter().filter_map(|family| name.strip_prefix(family));
    rests.into_iter().any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The crate or suite a file belongs to: `crates/proto/src/x.rs` is `proto`.
fn home(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    match parts.as_slice() {
        [top, name, ..] if top == "crates" || top == "tests" => name.to_string(),
        [top, ..] => top.to_string(),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{covered, functions, is_telltale, titles};

    fn slugs() -> Vec<(String, &'static str)> {
        [("df_3_1_1", "DF-3.1-1"), ("df_3_1_12", "DF-3.1-12"), ("lp_5", "LP-5")]
            .map(|(s, id)| (s.to_owned(), id))
            .into()
    }

    #[test]
    fn ids_are_read_from_the_front_of_a_name() {
        assert_eq!(covered("df_3_1_12_unknown_client", &slugs()), ["DF-3.1-12"]);
        assert_eq!(covered("s_df_3_1_1_lp_5_both", &slugs()), ["DF-3.1-1", "LP-5"]);
        assert_eq!(covered("df_3_1_1", &slugs()), ["DF-3.1-1"]);
        assert!(covered("about_df_3_1_1", &slugs()).is_empty());
        assert!(is_telltale("df_9_9_nothing") && !is_telltale("md_files_are_read"));
    }

    #[test]
    fn only_test_functions_and_titles_count() {
        let rust = "fn df_3_1_1_helper() {}\n#[tokio::test]\nasync fn lp_5_x() {\n}\nfn helper() {}";
        assert_eq!(functions(rust), ["lp_5_x"]);
        assert_eq!(titles("  test(\"lp_5 a title\", () => {})\nawait test('other')"), ["lp_5", "other"]);
    }
}
