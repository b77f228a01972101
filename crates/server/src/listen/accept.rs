//! Where connections come from, and what to do when none can be taken.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A source of connections: a TCP listener, or the memory of a test.
pub trait Accept: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection and the address of its peer. Cancel safe.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = Self::accept(self).await?;
        // Answers are small and written whole: never wait to fill a segment. A peer that is gone already fails later.
        stream.set_nodelay(true).ok();
        Ok((stream, address))
    }
}

/// A listening socket on `address`. An address in use by a server that has just ended can be taken at once.
pub(super) fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// How long to leave the listener alone after a failure.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    pause: Duration,
}

impl BackOff {
    const FIRST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_secs(1);

    /// The pause after `error`; none when it concerns a single connection. Without file descriptors (EMFILE, ENFILE)
    /// every attempt fails at once, and trying on would only burn the time that the open connections need to end.
    pub(super) fn after(&mut self, error: &io::Error) -> Option<Duration> {
        match error.kind() {
            ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted => None,
            _ => {
                self.pause = (self.pause * 2).clamp(Self::FIRST, Self::LONGEST);
                Some(self.pause)
            }
        }
    }

    /// Whether this is the first failure in a row.
    pub(super) fn is_first(&self) -> bool {
        self.pause == Self::FIRST
    }

    pub(super) fn reset(&mut self) {
        self.pause = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;

    #[test]
    fn want_of_file_descriptors_backs_off_and_recovers() {
        let mut back_off = BackOff::default();
        let pauses: Vec<u128> = (0..10)
            .map(|n| io::Error::from_raw_os_error(if n % 2 == 0 { EMFILE } else { ENFILE }))
            .filter_map(|error| back_off.after(&error))
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        back_off.reset();
        assert_eq!(back_off.after(&io::Error::from_raw_os_error(EMFILE)), Some(BackOff::FIRST));
        assert!(back_off.is_first());
    }

    #[test]
    fn a_connection_that_is_gone_already_costs_no_pause() {
        let mut back_off = BackOff::default();
        for kind in [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted] {
            assert_eq!(back_off.after(&io::Error::from(kind)), None, "{kind:?}");
        }
    }
}
