//! What wakes a sleeping wait: the Enter key, and coming back from a pause.

use std::io::{self, IsTerminal};
use std::thread;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use client::terminal::Terminal;

/// Each press of Enter, where somebody can press it: on a terminal that is ours to read from.
pub(crate) fn enter(terminal: Terminal) -> Option<UnboundedReceiver<()>> {
    if !(terminal.present && io::stdin().is_terminal() && in_foreground()) {
        return None;
    }
    let (sender, receiver) = unbounded_channel();
    // A thread of its own, which the end of the program need not wait for.
    thread::spawn(move || {
        let mut line = String::new();
        while io::stdin().read_line(&mut line).is_ok_and(|read| read > 0) && sender.send(()).is_ok() {
            line.clear();
        }
    });
    Some(receiver)
}

/// A background job that reads its controlling terminal is stopped by it. Another terminal stops nobody.
#[cfg(unix)]
fn in_foreground() -> bool {
    rustix::termios::tcgetpgrp(io::stdin()).map_or(true, |group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn in_foreground() -> bool {
    true
}

/// The process was continued: after Ctrl-Z and `fg`, or when the machine woke up.
#[derive(Debug)]
pub(crate) struct Woken {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Woken {
    #[cfg(unix)]
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { signal: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok() }
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> Self {
        Self {}
    }

    /// The next time; never where there is no such thing.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
