//! How the program ends: the exit codes scripts rely on, and the sentence that goes with a failure.

use std::io::{self, Write};
use std::process::ExitCode;

use client::terminal::Terminal;

/// The exit codes, as documented.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    Unexpected = 1,
    Usage = 2,
    Declined = 3,
    Expired = 4,
    NotSignedIn = 5,
    Unreachable = 6,
    Refused = 7,
    Store = 8,
    Interrupted = 130,
}

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    pub(crate) const fn number(self) -> u8 {
        self as u8
    }
}

/// Why the program ends early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    /// What to do next, in a sentence.
    pub(crate) advice: Option<String>,
    /// For programs: a registered error code, or a word of our own.
    pub(crate) error: String,
    pub(crate) exit: Exit,
    /// What happened, in a sentence.
    pub(crate) message: String,
    /// It has been told already, as an event.
    pub(crate) told: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<String>, message: impl Into<String>) -> Self {
        Self { advice: None, error: error.into(), exit, message: message.into(), told: false }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    pub(crate) fn store(message: impl Into<String>) -> Self {
        Self::new(Exit::Store, "store", message)
    }

    pub(crate) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Exit::Unexpected, "unexpected", message)
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Tells the person, unless that was done.
    pub(crate) fn tell(&self) {
        if self.told {
            return;
        }
        let terminal = Terminal::stderr();
        let advice = self.advice.as_ref().map(|advice| format!("\n  {advice}")).unwrap_or_default();
        say(&format!("{} {}{advice}", terminal.cross(), self.message));
    }
}

/// A message for the person. A closed stderr is no reason to stop.
pub(crate) fn say(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// A result for whoever called.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::unexpected(format!("The result could not be written: {error}.")))
}
