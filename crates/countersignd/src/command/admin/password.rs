//! Where a new password comes from: typed twice on a terminal that does not show it, or standard input. Never an argument,
//! which other users of the machine could read.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::thread;

use anyhow::{Context as _, anyhow};
use clap::Args;
use flow::Password;
use proto::model::UserName;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Bytes that are read; a password has at most 1,024.
const LONGEST: u64 = 4_096;

/// Where it comes from.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct From {
    /// Reads the password from standard input, without the line break at its end, instead of asking for it
    #[arg(long = "password-stdin")]
    stdin: bool,
}

/// Reads a password and refuses one that `name` must not choose.
pub(super) async fn read(from: From, name: &UserName) -> Result<Password, Failure> {
    if from.stdin {
        let password = Password::typed(piped()?.as_str());
        password.check_strength(name).map_err(anyhow::Error::from)?;
        return Ok(password);
    }
    if !io::stdin().is_terminal() {
        let text = "error: there is no terminal to ask for a password; give it with --password-stdin";
        return Err(Failure::Usage(text.to_owned()));
    }
    let first = asked(&format!("New password of {name}: ")).await?;
    let password = Password::typed(&first);
    password.check_strength(name).map_err(anyhow::Error::from)?;
    let second = asked("The same again: ").await?;
    if *first == *second { Ok(password) } else { Err(anyhow!("the two passwords differ; nothing was changed").into()) }
}

fn piped() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    io::stdin().lock().take(LONGEST).read_to_string(&mut text).context("the password cannot be read")?;
    trim_line_break(&mut text);
    if text.is_empty() { Err(anyhow!("there is no password on standard input").into()) } else { Ok(text) }
}

/// Asks once.
async fn asked(question: &str) -> Result<Zeroizing<String>, Failure> {
    let quiet = Quiet::begin().context("the terminal cannot be kept from showing the password")?;
    let mut terminal = io::stderr();
    write!(terminal, "{question}")?;
    terminal.flush()?;
    let (sender, receiver) = oneshot::channel();
    // A thread of its own, which an interrupted command need not wait for.
    thread::spawn(move || {
        let mut line = Zeroizing::new(String::new());
        let read = io::stdin().lock().take(LONGEST).read_line(&mut line).map(|_| line);
        // Nobody waits for the answer when the command was interrupted.
        drop(sender.send(read));
    });
    let line = tokio::select! {
        line = receiver => line.context("nothing was typed")?.context("the password cannot be read")?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            drop(quiet);
            // The answer was not ended by a line break.
            writeln!(terminal)?;
            return Err(anyhow!("stopped; nothing was changed").into());
        }
    };
    let mut line = line;
    trim_line_break(&mut line);
    Ok(line)
}

fn trim_line_break(text: &mut String) {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
}

/// A terminal that does not show what is typed, but for the line break; as it was before when this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.0).unwrap_or_default();
    }
}
