//! A passphrase, typed without being shown.

use std::io::{self, IsTerminal, Write};

use proto::wire::token::Credential;
use zeroize::Zeroizing;

use crate::exit::Failure;

/// Longer ones are not read.
const MOST: usize = 1024;

/// Asks on the terminal.
pub(crate) fn ask(question: &str) -> Result<Credential, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::store("A passphrase is asked for on a terminal.").advise("Set COUNTERSIGN_PASSPHRASE."));
    }
    let mut stderr = io::stderr();
    drop(write!(stderr, "{question}").and_then(|()| stderr.flush()));
    let mut line = Zeroizing::new(String::with_capacity(MOST));
    let read = {
        let _quiet = Quiet::begin();
        io::stdin().read_line(&mut line)
    };
    drop(writeln!(stderr));
    match read {
        Ok(_) => Ok(Credential::new(line.trim_end_matches(['\r', '\n']))),
        Err(error) => Err(Failure::unexpected(format!("The passphrase could not be read: {error}."))),
    }
}

/// While this lives, the terminal does not show what is typed.
struct Quiet {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Quiet {
    #[cfg(unix)]
    fn begin() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).ok();
        }
        Self { before }
    }

    #[cfg(not(unix))]
    fn begin() -> Self {
        Self {}
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, before).ok();
        }
    }
}
