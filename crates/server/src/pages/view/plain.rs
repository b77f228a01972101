//! Text that a stranger chose, made safe to show: one line, visible characters only, of bounded length.
//!
//! Removes control, bidirectional, zero-width and other invisible characters, so that a name cannot reorder, hide or
//! imitate what stands around it. HTML is left alone here: the templates escape on output.

use std::fmt;

/// Longest name shown, in characters.
pub const NAME_MAX: usize = 64;

/// Longest input shown again, in characters: the `maxlength` of the fields for code and name.
const TYPED_MAX: usize = 256;

/// Combining marks kept on one letter; more of them would grow over the lines above and below.
const MARKS_MAX: usize = 3;

/// One line of cleaned text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plain(String);

impl Plain {
    /// Cleans `text` and cuts it to `max` characters, the last of which is then an ellipsis.
    #[must_use]
    pub fn new(text: &str, max: usize) -> Self {
        let mut kept = String::with_capacity(text.len().min(max.saturating_mul(4)));
        let mut length = 0_usize;
        let mut marks = 0_usize;
        let mut gap = false;
        for c in text.chars() {
            if c.is_whitespace() || c.is_control() {
                gap = length > 0;
                continue;
            }
            marks = if is_mark(c) { marks.saturating_add(1) } else { 0 };
            if is_invisible(c) || marks > MARKS_MAX {
                continue;
            }
            let wanted = if gap { 2 } else { 1 };
            if length.saturating_add(wanted) > max {
                if length == max {
                    kept.pop();
                }
                kept.truncate(kept.trim_end().len());
                kept.push('…');
                break;
            }
            if gap {
                kept.push(' ');
                gap = false;
            }
            kept.push(c);
            length = length.saturating_add(wanted);
        }
        Self(kept)
    }

    /// A name, of at most [`NAME_MAX`] characters.
    #[must_use]
    pub fn name(text: &str) -> Self {
        Self::new(text, NAME_MAX)
    }

    /// What a person typed, to be shown in its field again: as much of it as the field takes.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self::new(text, TYPED_MAX)
    }

    /// The cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing visible was left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Plain {
    fn from(text: &str) -> Self {
        Self::name(text)
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that take no room of their own but change what is around them (Unicode Cf), that show as blank though
/// they are letters, or that mean nothing outside one program (private use).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// The blocks of combining marks that can be stacked on any letter.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["Living-room TV", "Jürgens Fernseher", "客厅电视", "تلفاز غرفة الجلوس", "O'Neill & Sons <TV>"]
        {
            assert_eq!(Plain::name(name).as_str(), name);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_removed() {
        assert_eq!(Plain::name("T\u{202e}V\u{2066}\u{200b}\u{feff}\u{ad}\u{e0041}\u{3164}!").as_str(), "TV!");
        assert_eq!(Plain::name(" a\r\n\tb \u{85}\u{2028} c\u{0}\u{1b}[31m ").as_str(), "a b c [31m");
        assert!(Plain::name("\u{200b} \u{2800}\u{7f}").is_empty());
    }

    #[test]
    fn long_text_ends_in_an_ellipsis_within_the_limit() {
        assert_eq!(Plain::new("abcdef", 6).as_str(), "abcdef");
        assert_eq!(Plain::new("abcdefg", 6).as_str(), "abcde…");
        assert_eq!(Plain::new("abcd  efg", 6).as_str(), "abcd…");
        assert_eq!(Plain::name(&"é".repeat(500)).as_str().chars().count(), NAME_MAX);
    }

    #[test]
    fn marks_do_not_pile_up() {
        let zalgo = format!("e{}x", "\u{301}".repeat(40));
        assert_eq!(Plain::name(&zalgo).as_str(), "e\u{301}\u{301}\u{301}x");
    }
}
