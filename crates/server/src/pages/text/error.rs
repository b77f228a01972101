//! Words of the page for what went wrong on the way.

use super::time;
use crate::pages::view::ErrorKind;

/// Before the id of the request.
pub const REQUEST_ID: &str = "For support:";
/// Link to the beginning.
pub const START: &str = "Connect a device";

/// The heading.
#[must_use]
pub fn heading(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::BadForm | ErrorKind::TooLarge => "We could not read that",
        ErrorKind::Busy { .. } => "A lot is going on here",
        ErrorKind::NotFound => "There is no such page",
        ErrorKind::OldForm => "This page is too old",
        ErrorKind::Ours => "We made a mistake",
        ErrorKind::WrongMethod => "This page can’t be used like that",
    }
}

/// What happened.
#[must_use]
pub fn what(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::BadForm => "What your browser sent is not what this page asks for. Nothing was changed.",
        ErrorKind::Busy { .. } => "More people want something than we can help at once. Nothing was changed.",
        ErrorKind::NotFound => "The address may be mistyped, or the page has moved.",
        ErrorKind::OldForm => {
            "It was open for too long, or your browser keeps no cookies for this site. Nothing was changed."
        }
        ErrorKind::Ours => "It is not your fault. What you just did may not have been saved.",
        ErrorKind::TooLarge => "Your browser sent more than this page can take. Nothing was changed.",
        ErrorKind::WrongMethod => "It has to be opened from the page before it. Nothing was changed.",
    }
}

/// What to do.
#[must_use]
pub fn advice(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::BadForm | ErrorKind::TooLarge | ErrorKind::WrongMethod => {
            "Start again from the beginning.".to_owned()
        }
        ErrorKind::Busy { wait: Some(wait) } => format!("Try again in {}.", time::wait(wait)),
        ErrorKind::Busy { wait: None } => "Try again in a moment.".to_owned(),
        ErrorKind::NotFound => "To connect a device, start here.".to_owned(),
        ErrorKind::OldForm => "Start again. If it happens once more, allow cookies for this site.".to_owned(),
        ErrorKind::Ours => "Try again in a moment. If it stays like this, tell support the letters below.".to_owned(),
    }
}
