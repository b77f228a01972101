//! The line that waits: a spinner and a countdown where somebody watches, one plain line elsewhere.

use std::io::{self, Write};
use std::time::Duration;

use client::{Event, Retry};

use crate::explain;
use client::terminal::Terminal;

/// How the wait looks. Drawn over itself, and gone without a trace when it ends.
#[derive(Debug)]
pub(crate) struct Progress {
    drawn: bool,
    frame: usize,
    terminal: Terminal,
    trouble: Option<Trouble>,
}

/// What keeps the answer from coming.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    Busy,
    Unreachable,
}

impl Progress {
    pub(crate) const fn new(terminal: Terminal) -> Self {
        Self { drawn: false, frame: 0, terminal, trouble: None }
    }

    /// Takes in what the sign-in reports; a sentence when it is news to somebody who sees no redrawn line.
    pub(crate) fn note(&mut self, event: Event) -> Option<&'static str> {
        let trouble = match event {
            Event::Pending => None,
            Event::Retry { reason: Retry::Failure(_), .. } => Some(Trouble::Unreachable),
            Event::Retry { reason: Retry::Status(_), .. } | Event::SlowDown { .. } => Some(Trouble::Busy),
        };
        let news = trouble != self.trouble && !self.terminal.lively;
        self.trouble = trouble;
        match trouble {
            Some(Trouble::Unreachable) if news => {
                Some("The server cannot be reached. Trying again until the code runs out.")
            }
            None if news => Some("The server can be reached again."),
            Some(_) | None => None,
        }
    }

    /// Draws the line with this much time left.
    pub(crate) fn draw(&mut self, left: Duration) {
        if !self.terminal.lively {
            return;
        }
        self.frame = self.frame.wrapping_add(1);
        self.drawn = true;
        let line = self.line(left);
        let mut stderr = io::stderr().lock();
        drop(write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush()));
    }

    /// Removes the line, so that what follows starts at the left.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut stderr = io::stderr().lock();
            drop(write!(stderr, "\r\x1b[2K").and_then(|()| stderr.flush()));
        }
    }

    fn line(&self, left: Duration) -> String {
        let dot = self.terminal.dot();
        let what = match self.trouble {
            None => "Waiting for you",
            Some(Trouble::Busy) => "The server is busy",
            Some(Trouble::Unreachable) => "The server cannot be reached, trying again",
        };
        let spinner = self.terminal.spinner(self.frame);
        let long = format!("  {spinner} {what} {dot} {} left {dot} Ctrl-C to stop", clock(left));
        let short = format!("  {spinner} {what} {dot} {} left", clock(left));
        // A line that wraps cannot be drawn over.
        let fitting = [long, short].into_iter().find(|line| line.chars().count() < self.terminal.width);
        fitting.unwrap_or_else(|| format!("  {spinner} {}", clock(left)))
    }
}

/// The one line where nothing is redrawn.
pub(crate) fn plain(left: Duration, until: &str) -> String {
    let left = explain::spoken(left.as_secs().max(1));
    format!("  Waiting for you. The code works for {left}, until {until}. Ctrl-C stops.")
}

/// Minutes and seconds, rounded up: the last second is still there to be used.
fn clock(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_millis() > 0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use client::Failure;

    use super::*;

    fn terminal(width: usize) -> Terminal {
        Terminal { colour: true, lively: true, light: false, present: true, unicode: true, width }
    }

    #[test]
    fn the_line_fits_its_terminal() {
        let line = |width| Progress::new(terminal(width)).line(Duration::from_millis(580_400));
        assert_eq!(line(80), "  ⠋ Waiting for you · 9:41 left · Ctrl-C to stop");
        assert_eq!(line(40), "  ⠋ Waiting for you · 9:41 left");
        assert_eq!(line(12), "  ⠋ 9:41");
    }

    #[test]
    fn trouble_is_told_once_and_its_end_too() {
        let retry = Event::Retry { reason: Retry::Failure(Failure::Timeout), delay: Duration::from_secs(10) };
        let mut plain = Progress::new(Terminal { lively: false, ..terminal(80) });
        assert_eq!(plain.note(Event::Pending), None);
        assert!(plain.note(retry).unwrap().contains("cannot be reached"));
        assert_eq!(plain.note(retry), None);
        assert!(plain.note(Event::Pending).unwrap().contains("again"));
        let mut lively = Progress::new(terminal(80));
        assert_eq!(lively.note(retry), None);
        assert!(lively.line(Duration::from_secs(5)).contains("cannot be reached"));
    }

    #[test]
    fn the_countdown_ends_at_zero() {
        assert_eq!(clock(Duration::from_millis(59_001)), "1:00");
        assert_eq!(clock(Duration::from_millis(1)), "0:01");
        assert_eq!(clock(Duration::ZERO), "0:00");
        assert_eq!(clock(Duration::from_secs(3600)), "60:00");
    }
}
