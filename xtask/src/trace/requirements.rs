//! The rows of docs/requirements.md: `| DF-3.5-2 | MUST | statement | source |`.

pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) level: String,
}

impl Row {
    /// The row's id as it stands in the name of a test: `DF-3.5-2` is `df_3_5_2`.
    pub(crate) fn slug(&self) -> String {
        self.id.to_lowercase().replace(['-', '.'], "_")
    }
}

pub(crate) fn parse(text: &str) -> Vec<Row> {
    text.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").map(str::trim).collect();
    let (id, level) = (cells.first()?, cells.get(1)?);
    let (family, number) = id.split_once('-')?;
    let is_id = family.chars().all(|c| c.is_ascii_uppercase()) && number.chars().all(is_number_part);
    // Rows of the last section state decisions instead of levels.
    let level = if LEVELS.contains(&level.trim_end_matches('*')) { level } else { "decision" };
    is_id.then(|| Row { id: (*id).to_owned(), level: level.to_owned() })
}

const LEVELS: &[&str] = &["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"];

fn is_number_part(c: char) -> bool {
    c.is_ascii_digit() || c.is_ascii_uppercase() || matches!(c, '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn rows_are_told_from_other_table_lines() {
        let rows = parse(
            "| ID | L | Requirement | Source |\n|---|---|---|---|\n| DF-3.1-1 | MUST* | AS: it | 8628 |\n\
             | CF-2 | two documents | omit both |\n| DF-X-1 | MAY | PKCE | ours |\n| `name` | x |",
        );
        let found: Vec<_> = rows.iter().map(|row| (row.slug(), row.level.as_str())).collect();
        assert_eq!(found, [("df_3_1_1".into(), "MUST*"), ("cf_2".into(), "decision"), ("df_x_1".into(), "MAY")]);
    }
}
