//! `GET /D/{CODE}`, `verification_uri_complete` (RFC 8628 §3.3.1): saves the typing, and nothing else.
//!
//! Every code that can be one is answered alike, and none is looked up: that is for after sign-in.

use proto::grant::lookup::Arrival;

use super::code;
use super::cookies::{Flash, Visit};
use crate::reply::Reply;
use crate::request::Ask;

/// Longest text of a link that is shown in the field for its mistake to be mended.
const MAX_SHOWN: usize = 24;

pub(crate) fn get(ask: &Ask<'_>, text: &str) -> Reply {
    let mut visit = Visit::of(ask);
    match code::read(ask, text) {
        Ok(code) => {
            visit.bring(&code, Arrival::Link);
            visit.flash = Some(Flash::Linked);
        }
        Err(_) => visit.drop_code(Flash::Misread, mendable(text)),
    }
    visit.go(ask, "/device")
}

/// The text, if it looks like the rest of a code: nobody gets to put sentences on our page.
fn mendable(text: &str) -> &str {
    let fits = text.len() <= MAX_SHOWN && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { text } else { "" }
}
