//! Text of a server, made fit for a terminal: the one place where that happens (RFC 8628 §5.4, CVE-2025-6514 and kin).
//! Nothing a server sent is shown to a person unless it went through here.

use std::fmt;

use proto::wire::is_invisible;
use serde::{Serialize, Serializer};

/// One line of text without control, bidirectional or invisible characters, and not longer than it was allowed to be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Plain(String);

impl Plain {
    /// What is left of `text`: what moves the cursor or shows nothing is dropped, runs of white space become one space,
    /// and what is longer than `most` characters ends in an ellipsis.
    #[must_use]
    pub fn new(text: &str, most: usize) -> Self {
        let mut plain = String::new();
        let (mut count, mut gap) = (0_usize, false);
        for c in text.chars() {
            if c.is_whitespace() {
                gap = count > 0;
                continue;
            }
            if c.is_control() || is_invisible(c) || is_private(c) {
                continue;
            }
            let needed = usize::from(gap) + 1;
            if count + needed > most {
                plain.pop();
                plain.push('…');
                break;
            }
            if gap {
                plain.push(' ');
            }
            plain.push(c);
            count += needed;
            gap = false;
        }
        Self(plain)
    }

    /// Text written by ourselves.
    #[must_use]
    pub fn own(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Text of many lines, such as a document: lines and indentation stay, whatever else moves the cursor or shows nothing goes.
#[must_use]
pub fn document(text: &str) -> String {
    let shows = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || is_invisible(*c) || is_private(*c));
    text.chars().filter(shows).collect()
}

/// Characters without a meaning that is agreed on, which fonts of terminals draw as they please, and variation selectors.
const fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{f0000}'..='\u{10ffff}' | '\u{e0100}'..='\u{e01ef}')
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t26_escapes_and_invisible_characters_do_not_reach_a_terminal() {
        let cases = [
            ("WDJB-MJHT", "WDJB-MJHT"),
            ("\u{1b}[2J\u{1b}[1;31mWDJB", "[2J[1;31mWDJB"),
            ("a\u{9b}31mb", "a31mb"),
            ("\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}", "]8;;https://evil.exampleclick]8;;"),
            ("pay\u{202e}gpj.exe", "paygpj.exe"),
            ("a\u{2066}b\u{2069}c\u{200b}d\u{feff}e\u{ad}f", "abcdef"),
            ("one\r\ntwo\tthree\u{2028}four\u{85}five", "one two three four five"),
            ("\u{0}\u{8}\u{7f}", ""),
            ("  spaced   out  ", "spaced out"),
            ("grün 漢字 שלום", "grün 漢字 שלום"),
            ("tag\u{e0041}s \u{f8ff}", "tags"),
        ];
        for (hostile, plain) in cases {
            assert_eq!(Plain::new(hostile, 100).as_str(), plain, "{hostile:?}");
        }
    }

    #[test]
    fn t26_documents_keep_their_lines_and_nothing_else_that_moves() {
        let hostile = "{\r\n\t\"a\": \"\u{1b}[2J\u{202e}x\u{9b}31m\"\n}\u{7}";
        assert_eq!(document(hostile), "{\n\t\"a\": \"[2Jx31m\"\n}");
    }

    #[test]
    fn t26_text_is_capped() {
        assert_eq!(Plain::new(&"x".repeat(1_000_000), 5).as_str(), "xxxx…");
        assert_eq!(Plain::new("12345", 5).as_str(), "12345");
        assert_eq!(Plain::new("1234 5", 5).as_str(), "123…");
        assert_eq!(Plain::new("", 5).as_str(), "");
    }
}
