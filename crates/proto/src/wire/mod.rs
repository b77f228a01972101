//! What travels: shapes of requests and replies, and their strict or tolerant parsing.
//!
//! The server reads requests strictly ([`form`], [`credentials`], [`prefer`], [`registration`]); the device reads replies
//! tolerantly ([`authorize`], [`token`], [`error`], [`metadata`]).

pub mod authorize;
pub mod credentials;
pub mod error;
pub mod form;
pub mod members;
pub mod metadata;
pub mod prefer;
pub mod registration;
pub mod token;

/// Whether `c` shows nothing or turns the text around it: zero-width, bidirectional and other format
/// characters, which names and codes from outside must not carry.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
