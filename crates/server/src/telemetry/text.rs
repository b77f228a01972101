//! Text of strangers, made safe for a log line: it cannot forge a line, hide what it says or carry a secret of a URL.

use std::fmt;

use http::Uri;

/// Longest text of a stranger in a log line, in characters.
const MAX: usize = 128;

/// A text without control, bidirectional and other invisible characters, cut to 128 characters.
#[derive(Clone, Copy, Debug)]
pub struct LogText<'a>(pub &'a str);

/// The path of a URL as far as it may be logged: no query, and no user code of `/D/{CODE}`.
#[derive(Clone, Copy, Debug)]
pub struct LoggedPath<'a>(pub &'a Uri);

impl fmt::Display for LogText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut visible = self.0.chars().filter(|c| !is_hidden(*c));
        for c in visible.by_ref().take(MAX) {
            fmt::Write::write_char(f, c)?;
        }
        if visible.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}

impl fmt::Display for LoggedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.path();
        match link(path) {
            Some(before) => write!(f, "{}…", LogText(before)),
            None => LogText(path).fmt(f),
        }
    }
}

/// What comes before the code, when `path` holds a `/D/{CODE}`, in any case and under any path of an issuer.
fn link(path: &str) -> Option<&str> {
    let at = path.as_bytes().windows(3).position(|window| window.eq_ignore_ascii_case(b"/d/"))?;
    path.get(..at.saturating_add(3))
}

/// Control characters, and format characters that reorder or hide what is around them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_stranger_stays_on_its_line() {
        assert_eq!(LogText("tv\r\n{\"event\":\"approve\"}").to_string(), "tv{\"event\":\"approve\"}");
        assert_eq!(LogText("a\u{1b}[2Jb\u{202e}c\u{2028}d\u{0}").to_string(), "a[2Jbcd");
        assert_eq!(LogText(&"x".repeat(500)).to_string(), format!("{}…", "x".repeat(MAX)));
        assert_eq!(LogText(&"x".repeat(MAX)).to_string(), "x".repeat(MAX));
    }

    #[test]
    fn a_logged_path_holds_no_query_and_no_code() {
        for (uri, logged) in [
            ("/device?user_code=WDJB-MJHT", "/device"),
            ("/D/WDJB-MJHT", "/D/…"),
            ("/id/d/wdjb-mjht", "/id/d/…"),
            ("https://id.example.com/oauth2/token?client_secret=x", "/oauth2/token"),
            ("/device/done", "/device/done"),
        ] {
            assert_eq!(LoggedPath(&uri.parse().unwrap()).to_string(), logged);
        }
    }
}
