//! The kinds of `[[client]]` as options of commands: one name, form and bound for a thing, in file and command line.

use std::path::Path;
use std::time::Duration;

use proto::model::Origin;
use proto::secret::Alphabet;

use super::choice::choice;
use super::input::{Given, Input};
use super::kinds::{Read, between, seconds, words};
use super::sections::{HOLD, INTERVAL, LIFETIME};
use super::web;

/// Characters of user codes.
pub(crate) fn alphabet(text: &str) -> Read<Alphabet> {
    choice(&input(text))
}

/// What people see: 1 to 64 characters.
pub(crate) fn name(text: &str) -> Read<String> {
    words(1, 64)(&input(text))
}

/// How long polls are held.
pub(crate) fn hold(text: &str) -> Read<Duration> {
    between(HOLD.0, HOLD.1)(&input(text))
}

/// The polling interval.
pub(crate) fn interval(text: &str) -> Read<Duration> {
    seconds(INTERVAL.0, INTERVAL.1)(&input(text))
}

/// How long codes live.
pub(crate) fn lifetime(text: &str) -> Read<Duration> {
    seconds(LIFETIME.0, LIFETIME.1)(&input(text))
}

/// A web origin.
pub(crate) fn origin(text: &str) -> Read<Origin> {
    web::origin(text)
}

fn input(text: &str) -> Input<'_> {
    Input { given: Given::Text(text.into()), base: Path::new("") }
}
