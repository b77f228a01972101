//! The page that asks a person to go to a browser, as text. Pure: what is shown where, at which width.
//! Reads in order without colour, UTF-8 or a terminal; code and address stand alone on their lines.

use client::Prompt;

use super::{Picture, spell};
use client::terminal::Terminal;

/// Below this many columns the picture goes under the text.
const NARROW: usize = 60;
/// Between the text and the picture.
const GAP: usize = 4;

/// What goes onto the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    /// Leave the code out for now: others can see the screen (RFC 8628 §5.5).
    pub(crate) hidden: bool,
    /// The name of what one signs in to.
    pub(crate) host: &'a str,
    /// The server did not say how long the code lives.
    pub(crate) lifetime_assumed: bool,
    /// The address as a picture.
    pub(crate) picture: Option<&'a Picture>,
    pub(crate) prompt: &'a Prompt,
    /// Scopes asked for, if any were.
    pub(crate) scopes: &'a str,
    /// Spell the code.
    pub(crate) spell: bool,
}

/// A line and how many columns it takes.
struct Line {
    text: String,
    width: usize,
}

impl Line {
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), width: text.chars().count() }
    }

    fn styled(text: &str, style: impl FnOnce(&str) -> String) -> Self {
        Self { text: style(text), width: text.chars().count() }
    }

    fn indented(self) -> Self {
        Self { text: format!("    {}", self.text), width: self.width + 4 }
    }
}

/// The page, ending in a line break.
pub(crate) fn page(page: Page<'_>, terminal: Terminal) -> String {
    let mut lines = vec![String::new(), format!("  {}", terminal.bold(&format!("Sign in to {}", page.host)))];
    if !page.scopes.is_empty() {
        lines.extend(wrapped("What for: ", page.scopes, terminal).into_iter().map(|line| terminal.dim(&line)));
    }
    lines.push(String::new());

    let mut text = instructions(page, terminal);
    match page.picture {
        None => lines.extend(text.iter().map(indent)),
        Some(picture) if fits_beside(&text, picture, terminal) => {
            text.extend([Line::plain(""), Line::plain(if terminal.unicode { "or scan →" } else { "or scan ->" })]);
            lines.extend(beside(&text, picture));
        }
        Some(picture) => {
            lines.extend(text.iter().map(indent));
            if picture.width <= terminal.width {
                lines.extend([String::new(), "  or scan".to_owned(), String::new()]);
                lines.extend(picture.lines.iter().cloned());
            }
        }
    }
    lines.push(String::new());
    if let Some(host) = &page.prompt.foreign_host {
        let note = format!("Note: that address is at {host}, not at {}.", page.host);
        lines.extend(wrapped("", &note, terminal).into_iter().map(|line| terminal.amber(&line)));
    }
    if page.lifetime_assumed {
        lines.extend(wrapped("", "Note: the server did not say how long the code works.", terminal));
    }
    lines.extend(wrapped("", "Only continue if you started this yourself.", terminal));
    lines.join("\n") + "\n"
}

/// What to do, in the order to do it.
fn instructions(page: Page<'_>, terminal: Terminal) -> Vec<Line> {
    let mut lines = vec![
        Line::plain("Open on your phone or computer"),
        Line::plain(""),
        Line::styled(page.prompt.verification_uri.as_str(), |text| terminal.link(text)).indented(),
        Line::plain(""),
        Line::plain("and enter"),
        Line::plain(""),
        match page.hidden {
            true => Line::plain("(press Enter to show the code)").indented(),
            false => Line::styled(page.prompt.user_code.as_str(), |text| terminal.bold(text)).indented(),
        },
    ];
    if page.spell && !page.hidden {
        lines.push(Line::plain(""));
        let words = spell::groups(page.prompt.user_code.as_str());
        lines.extend(words.iter().map(|group| Line::plain(group).indented()));
    }
    lines
}

fn fits_beside(text: &[Line], picture: &Picture, terminal: Terminal) -> bool {
    terminal.width >= NARROW && column(text) + picture.width <= terminal.width
}

/// How wide the column of text is, with its margins.
fn column(text: &[Line]) -> usize {
    2 + text.iter().map(|line| line.width).max().unwrap_or_default() + GAP
}

fn beside(text: &[Line], picture: &Picture) -> Vec<String> {
    let column = column(text);
    let rows = text.len().max(picture.lines.len());
    let row = |index: usize| {
        let left = text.get(index).map(indent).unwrap_or_default();
        let used = text.get(index).filter(|line| line.width > 0).map_or(0, |line| 2 + line.width);
        match picture.lines.get(index) {
            Some(right) => format!("{left}{}{right}", " ".repeat(column - used)),
            None => left,
        }
    };
    (0..rows).map(row).collect()
}

fn indent(line: &Line) -> String {
    if line.text.is_empty() { String::new() } else { format!("  {}", line.text) }
}

/// Words in lines no wider than the terminal, indented by two.
fn wrapped(label: &str, text: &str, terminal: Terminal) -> Vec<String> {
    let most = terminal.width.saturating_sub(2).max(20);
    let mut lines = Vec::new();
    let mut line = format!("  {label}");
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > most {
            lines.push(std::mem::replace(&mut line, "  ".to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests;
