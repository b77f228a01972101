//! A user code as a person reads it: in the groups the device shows, and spelled for those who listen.

/// Longest shown form, in characters: beyond any code, short enough for any page.
const MAX: usize = 24;

/// A code to compare with the device's, in its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCode {
    groups: Vec<String>,
}

impl ShownCode {
    /// From the shown form, such as `WDJB-MJHT`: groups are what stands between hyphens or spaces.
    #[must_use]
    pub fn new(shown: &str) -> Self {
        let shown: String = shown.chars().take(MAX).collect();
        let groups = shown
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|group| !group.is_empty())
            .map(str::to_ascii_uppercase)
            .collect();
        Self { groups }
    }

    /// As the device shows it: `WDJB-MJHT`.
    #[must_use]
    pub fn shown(&self) -> String {
        self.groups.join("-")
    }

    /// Letter by letter, with a pause between groups: `W D J B, M J H T`.
    #[must_use]
    pub fn spelled(&self) -> String {
        let spaced = |group: &String| group.chars().map(String::from).collect::<Vec<_>>().join(" ");
        self.groups.iter().map(spaced).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_in_groups_and_spelled() {
        let code = ShownCode::new("wdjb-mjht");
        assert_eq!(code.shown(), "WDJB-MJHT");
        assert_eq!(code.spelled(), "W D J B, M J H T");
        assert_eq!(ShownCode::new("BCD FGH JKL").shown(), "BCD-FGH-JKL");
        assert_eq!(ShownCode::new("<b>\u{202e}").shown(), "B");
    }
}
