//! The valid name that was probably meant.

/// The nearest of `candidates`, if one is near: at most one slip in three characters.
pub(super) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let given = plain(given);
    let allowed = (given.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (slips(&given, &plain(candidate)), candidate))
        .filter(|(slips, _)| *slips <= allowed)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Characters to add, leave out, replace or swap with their neighbour (optimal string alignment).
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut earlier: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (row, a) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&previous, column + 1) + 1)
                .min(at(&current, column) + 1)
                .min(at(&previous, column) + usize::from(a != *b));
            let before = column.checked_sub(1);
            if last == Some(*b) && before.and_then(|before| to.get(before)) == Some(&a) {
                best = best.min(at(&earlier, before.unwrap_or_default()) + 1);
            }
            current.push(best);
        }
        earlier = std::mem::replace(&mut previous, current);
        last = Some(a);
    }
    previous.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("hold", "hold", 0),
            ("hodl", "hold", 1),
            ("holt", "hold", 1),
            ("lifetme", "lifetime", 1),
            ("ab", "", 2),
        ] {
            assert_eq!(slips(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["lifetime", "interval", "hold"];
        assert_eq!(nearest("lifetim", names), Some("lifetime"));
        assert_eq!(nearest("Life-Time", names), Some("lifetime"));
        assert_eq!(nearest("holds", names), Some("hold"));
        assert_eq!(nearest("password", names), None);
    }
}
