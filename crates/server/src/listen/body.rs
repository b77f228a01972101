//! The body of a request, read whole within a limit of bytes and of time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::timeout;

use super::ListenSettings;

/// Limits of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes.
    pub bytes: usize,
    /// Time to read them.
    pub time: Duration,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It stopped before its end, or its length was said in two ways.
    #[error("the body is not complete")]
    Broken,
    /// It is compressed; a small body can grow without limit that way.
    #[error("Content-Encoding is not accepted on requests")]
    Encoded,
    /// It is longer than allowed.
    #[error("the body is longer than allowed")]
    TooLarge,
    /// It took longer than allowed.
    #[error("the body took longer than allowed")]
    TooSlow,
}

impl BodyError {
    /// Status of the answer (RFC 9110 §15.5).
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

impl From<&ListenSettings> for BodyLimits {
    fn from(settings: &ListenSettings) -> Self {
        Self { bytes: settings.body_limit, time: settings.body_timeout }
    }
}

/// Reads `body` to its end.
///
/// # Errors
/// See [`BodyError`]. What its headers already give away is refused before a byte of it is read, so that a client
/// which asked first (`Expect: 100-continue`) need not send it.
pub async fn read_body<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let encodings = headers.get_all(CONTENT_ENCODING);
    if !encodings.iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(BodyError::Encoded);
    }
    if headers.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(BodyError::Broken);
    }
    let most = u64::try_from(limits.bytes).unwrap_or(u64::MAX);
    if body.size_hint().lower() > most {
        return Err(BodyError::TooLarge);
    }
    timeout(limits.time, whole(body, limits.bytes)).await.unwrap_or(Err(BodyError::TooSlow))
}

/// All of it. One piece, the usual case, is not copied.
async fn whole<B: Body<Data = Bytes> + Unpin>(mut body: B, most: usize) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers say nothing that is of use here.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if data.len() > most.saturating_sub(first.len()).saturating_sub(rest.len()) {
            return Err(BodyError::TooLarge);
        }
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(first.len().saturating_add(rest.len()));
    all.extend_from_slice(&first);
    all.extend_from_slice(&rest);
    Ok(all.freeze())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::{Empty, Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { bytes: 8, time: Duration::from_secs(10) };

    fn pieces(pieces: &[&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin + use<> {
        let frames: Vec<_> = pieces.iter().map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))).collect();
        StreamBody::new(stream::iter(frames))
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        for (given, expected) in [
            (&[] as &[&'static str], Ok("")),
            (&["abcdefgh"], Ok("abcdefgh")),
            (&["abcdefghi"], Err(BodyError::TooLarge)),
            (&["abc", "", "def", "gh"], Ok("abcdefgh")),
            (&["abcd", "efgh", "i"], Err(BodyError::TooLarge)),
        ] {
            let read = read_body(&HeaderMap::new(), pieces(given), LIMITS).await;
            assert_eq!(read, expected.map(Bytes::from_static_str), "{given:?}");
        }
        assert_eq!(read_body(&HeaderMap::new(), Empty::<Bytes>::new(), LIMITS).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn what_the_headers_give_away_is_refused_unread() {
        let unread = || StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        for (lines, expected) in [
            (&[("content-encoding", "gzip")] as &[_], BodyError::Encoded),
            (&[("content-encoding", "identity"), ("content-encoding", "br")], BodyError::Encoded),
            (&[("content-encoding", "identity, gzip")], BodyError::Encoded),
            (&[("content-length", "3"), ("content-length", "3")], BodyError::Broken),
        ] {
            assert_eq!(read_body(&headers(lines), unread(), LIMITS).await, Err(expected), "{lines:?}");
        }
        let long = Full::new(Bytes::from_static(b"123456789"));
        assert_eq!(read_body(&HeaderMap::new(), long, LIMITS).await, Err(BodyError::TooLarge));
        let identity = headers(&[("content-encoding", "Identity")]);
        assert!(read_body(&identity, pieces(&["abc"]), LIMITS).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let started = tokio::time::Instant::now();
        assert_eq!(read_body(&HeaderMap::new(), body, LIMITS).await, Err(BodyError::TooSlow));
        assert_eq!(started.elapsed(), LIMITS.time);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_broken() {
        let body = StreamBody::new(stream::iter([Err(std::io::ErrorKind::ConnectionReset)]));
        let body = body.map_err(std::io::Error::from);
        let read: Result<Bytes, _> = read_body(&HeaderMap::new(), body, LIMITS).await;
        assert_eq!(read, Err(BodyError::Broken));
    }

    trait FromStaticStr {
        fn from_static_str(text: &'static str) -> Bytes;
    }

    impl FromStaticStr for Bytes {
        fn from_static_str(text: &'static str) -> Bytes {
            Bytes::from_static(text.as_bytes())
        }
    }
}
