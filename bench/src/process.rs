//! A server under test as a process: started on its core, asked how much processor time it took, killed at the end.

use std::net::SocketAddr;
use std::process::{Child, Command};
use std::time::Duration;
use std::{fs, net};

use anyhow::{Context, Result, bail};

use crate::clock::{Stopwatch, pause};
use crate::pin;

const START: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a program that will listen on `address`, and waits until it does.
    pub(crate) fn start(command: &mut Command, address: SocketAddr) -> Result<Self> {
        let child = pin::on(pin::SERVER, || command.spawn().with_context(|| format!("cannot start {command:?}")))?;
        let mut server = Self { child, address };
        let watch = Stopwatch::start();
        while net::TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended with {status}");
            }
            if watch.elapsed() > START {
                bail!("{command:?} does not listen on {address}");
            }
            pause(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// Processor time that all its threads took so far.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let own: u64 = text.split(' ').next().unwrap_or_default().parse().context("schedstat")?;
            nanoseconds += own;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("the server on {} cannot be stopped: {error}", self.address);
        }
    }
}

/// An address that nobody listens on now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
