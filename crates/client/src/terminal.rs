//! What the terminal can do, and the few sequences that are sent to it. Everything else a person sees is plain text.

use std::env;
use std::io::{self, IsTerminal};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The width taken when nobody says.
const WIDTH: usize = 80;

/// What may be sent to the terminal that messages go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// Colours and hyperlinks.
    pub colour: bool,
    /// Somebody is watching, and lines may be redrawn.
    pub lively: bool,
    /// The background is light, as far as the environment says.
    pub light: bool,
    /// It is a terminal.
    pub present: bool,
    /// UTF-8 is understood.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Terminal {
    /// The one on stderr.
    #[must_use]
    pub fn stderr() -> Self {
        let width = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
        Self::detect(io::stderr().is_terminal(), width, set)
    }

    /// The one on stdout.
    #[must_use]
    pub fn stdout() -> Self {
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        Self::detect(io::stdout().is_terminal(), width, set)
    }

    fn detect(present: bool, width: Option<usize>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let dumb = variable("TERM").is_none_or(|term| term == "dumb");
        let colour = present && !dumb && variable("NO_COLOR").is_none();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(&variable);
        let unicode = cfg!(windows)
            || locale.is_some_and(|locale| {
                let locale = locale.to_ascii_lowercase();
                locale.contains("utf-8") || locale.contains("utf8")
            });
        // rxvt, konsole and others: "foreground;background", 7 and 15 being the light ones.
        let light = variable("COLORFGBG").is_some_and(|pair| matches!(pair.rsplit(';').next(), Some("7" | "15")));
        let width = width.filter(|width| *width > 0).unwrap_or(WIDTH);
        // Redrawing a line is a nuisance to screen readers, whose users turn colours off.
        Self { colour, lively: colour, light, present, unicode, width }
    }

    /// Emphasis for what must be found at once.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// For what matters less.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// For "look here".
    #[must_use]
    pub fn amber(self, text: &str) -> String {
        self.wrap("33", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A link that can be clicked where terminals know how (OSC 8), the same text elsewhere. `url` is one of ours: checked
    /// and written anew, so it holds no control character.
    #[must_use]
    pub fn link(self, url: &str) -> String {
        if self.colour { format!("\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\") } else { url.to_owned() }
    }

    /// Before what went well.
    #[must_use]
    pub fn tick(self) -> String {
        if self.unicode { self.wrap("32", "✓") } else { "OK:".to_owned() }
    }

    /// Before what did not.
    #[must_use]
    pub fn cross(self) -> String {
        if self.unicode { self.wrap("31", "✗") } else { "Failed:".to_owned() }
    }

    /// Between facts in one line.
    #[must_use]
    pub fn dot(self) -> &'static str {
        if self.unicode { "·" } else { "-" }
    }

    /// One frame of the spinner.
    #[must_use]
    pub fn spinner(self, frame: usize) -> char {
        const UNICODE: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
        const ASCII: [char; 4] = ['|', '/', '-', '\\'];
        let frames: &[char] = if self.unicode { &UNICODE } else { &ASCII };
        frames.get(frame % frames.len()).copied().unwrap_or(' ')
    }
}

/// The sequence that puts `text` into the clipboard of the terminal, wherever that is (OSC 52).
#[must_use]
pub fn clipboard(text: &str) -> String {
    format!("\x1b]52;c;{}\x1b\\", STANDARD.encode(text))
}

/// A variable of the environment that is set to something.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(present: bool, variables: &[(&str, &str)]) -> Terminal {
        Terminal::detect(present, None, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colour_and_motion_only_where_they_are_welcome() {
        assert!(with(true, &[("TERM", "xterm")]).lively);
        assert!(!with(false, &[("TERM", "xterm")]).colour);
        assert!(!with(true, &[("TERM", "xterm"), ("NO_COLOR", "1")]).lively);
        assert!(!with(true, &[("TERM", "dumb")]).colour);
        assert!(!with(true, &[]).colour);
        assert_eq!(
            with(true, &[("TERM", "xterm"), ("NO_COLOR", "1")]).link("https://a.example/"),
            "https://a.example/"
        );
    }

    #[test]
    fn locale_and_background_come_from_the_environment() {
        assert!(with(true, &[("LANG", "de_DE.UTF-8")]).unicode);
        assert!(!with(true, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]).unicode);
        assert!(with(true, &[("COLORFGBG", "0;15")]).light && !with(true, &[("COLORFGBG", "15;0")]).light);
    }
}
