//! The bytes of a connection, watched: what its liveness is told, and how it closes without losing its last answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::liveness::Liveness;

/// What a client that speaks HTTP/2 without TLS says first (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// After our close, this much of what the peer still sends is thrown away before its connection is reset.
const DISCARD: usize = 1024 * 1024;

/// A connection's bytes as they are on the wire.
#[derive(Debug)]
pub(super) struct Watched<S> {
    inner: S,
    life: Arc<Liveness>,
    closing: Closing,
}

#[derive(Clone, Copy, Debug)]
enum Closing {
    Open,
    /// Our side is closed; reading on until the peer's is, or it has sent too much.
    Lingering {
        room: usize,
    },
}

/// A connection's bytes as HTTP sees them.
#[derive(Debug)]
pub(super) enum Transport<S> {
    /// Plain, with what was read of it to tell the version.
    Plain { io: Watched<S>, early: Early },
    /// Encrypted. Boxed, so that plain connections are small.
    Tls(Box<TlsStream<Watched<S>>>),
}

/// The first bytes of a plain connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Early {
    bytes: [u8; PREFACE.len()],
    from: usize,
    to: usize,
}

/// Version of HTTP, which decides how bytes are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Http1,
    Http2,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, life: Arc<Liveness>) -> Self {
        Self { inner, life, closing: Closing::Open }
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Reads until it is clear whether this is HTTP/2. Whatever is not is left to the parser of HTTP/1.
    pub(super) async fn framing(&mut self) -> io::Result<(Framing, Early)> {
        let mut early = Early { bytes: [0; PREFACE.len()], from: 0, to: 0 };
        loop {
            let (_, free) = early.bytes.split_at_mut_checked(early.to).unwrap_or_default();
            let read = self.read(free).await?;
            early.to = early.to.saturating_add(read);
            let whole = early.to == PREFACE.len();
            if read == 0 || !PREFACE.starts_with(early.unread()) {
                return Ok((Framing::Http1, early));
            }
            if whole {
                return Ok((Framing::Http2, early));
            }
        }
    }
}

impl Early {
    fn unread(&self) -> &[u8] {
        self.bytes.get(self.from..self.to).unwrap_or_default()
    }

    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = self.unread().len().min(buffer.remaining());
        buffer.put_slice(self.unread().get(..count).unwrap_or_default());
        self.from = self.from.saturating_add(count);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.life.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    fn note<T>(&self, poll: Poll<T>) -> Poll<T> {
        match poll {
            Poll::Pending => self.life.write_waits(),
            Poll::Ready(_) => self.life.write_goes_on(),
        }
        poll
    }

    /// Throws away what still comes; done when the peer has closed, failed or sent too much.
    fn poll_discard(&mut self, cx: &mut Context<'_>, mut room: usize) -> Poll<()> {
        let mut rubbish = [0; 4096];
        while room > 0 {
            let mut buffer = ReadBuf::new(&mut rubbish);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => room = room.saturating_sub(buffer.filled().len()),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    self.closing = Closing::Lingering { room };
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note(poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.note(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let room = match self.closing {
            Closing::Lingering { room } => room,
            Closing::Open => {
                ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
                let room = if self.life.closes() { DISCARD } else { 0 };
                self.closing = Closing::Lingering { room };
                room
            }
        };
        self.poll_discard(cx, room).map(Ok)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain { early, .. } if !early.unread().is_empty() => {
                early.give(buffer);
                Poll::Ready(Ok(()))
            }
            Self::Plain { io, .. } => Pin::new(io).poll_read(cx, buffer),
            Self::Tls(io) => Pin::new(io).poll_read(cx, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain { io, .. } => Pin::new(io).poll_write(cx, bytes),
            Self::Tls(io) => Pin::new(io).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain { io, .. } => Pin::new(io).poll_write_vectored(cx, slices),
            Self::Tls(io) => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain { io, .. } => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain { io, .. } => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain { io, .. } => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
