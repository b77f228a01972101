//! The operator's logo: a file of a kind that browsers show as a picture, small enough for every page.

use bytes::Bytes;

/// Largest logo, in bytes.
const MAX: usize = 256 * 1024;

/// A logo that can be served.
#[derive(Clone, Debug)]
pub struct Logo {
    kind: Kind,
    body: Bytes,
}

/// Why a file is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// The file is larger than 256 KiB.
    #[error("the logo is larger than 256 KiB")]
    TooLarge,
    /// The content is of no kind that every browser shows.
    #[error("the logo is neither SVG nor PNG, JPEG or WebP")]
    UnknownKind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Jpeg,
    Png,
    Svg,
    Webp,
}

impl Logo {
    /// A logo with this content; its kind is read from the content, not from a name.
    ///
    /// # Errors
    /// When it is too large or of an unknown kind.
    pub fn new(body: impl Into<Bytes>) -> Result<Self, LogoError> {
        let body = body.into();
        if body.len() > MAX {
            return Err(LogoError::TooLarge);
        }
        let kind = Kind::of(&body).ok_or(LogoError::UnknownKind)?;
        Ok(Self { kind, body })
    }

    pub(super) fn extension(&self) -> &'static str {
        match self.kind {
            Kind::Jpeg => "jpg",
            Kind::Png => "png",
            Kind::Svg => "svg",
            Kind::Webp => "webp",
        }
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Svg => super::SVG,
            Kind::Webp => "image/webp",
        }
    }

    pub(super) fn body(&self) -> Bytes {
        self.body.clone()
    }
}

impl Kind {
    fn of(body: &[u8]) -> Option<Self> {
        if body.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if body.starts_with(b"\xff\xd8\xff") {
            return Some(Self::Jpeg);
        }
        if body.starts_with(b"RIFF") && body.get(8..12) == Some(b"WEBP") {
            return Some(Self::Webp);
        }
        let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}').trim_start();
        (text.starts_with('<') && text.contains("<svg") && !text.contains("<html")).then_some(Self::Svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_read_from_the_content() {
        assert_eq!(Logo::new(&b"\x89PNG\r\n\x1a\n...."[..]).unwrap().content_type(), "image/png");
        assert_eq!(Logo::new(&b"<?xml version='1.0'?>\n<svg/>"[..]).unwrap().extension(), "svg");
        assert_eq!(Logo::new(&b"RIFF0000WEBPVP8 "[..]).unwrap().extension(), "webp");
        assert_eq!(Logo::new(&b"<html><svg/></html>"[..]).unwrap_err(), LogoError::UnknownKind);
        assert_eq!(Logo::new(&b"GIF89a"[..]).unwrap_err(), LogoError::UnknownKind);
        assert_eq!(Logo::new(vec![0; MAX + 1]).unwrap_err(), LogoError::TooLarge);
    }
}
