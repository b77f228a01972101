//! What the person who signs in sees: the page of text with code and address, and the line that waits below it.

pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod passphrase;
pub(crate) mod progress;
mod spell;

pub(crate) use client::qr::Picture;
