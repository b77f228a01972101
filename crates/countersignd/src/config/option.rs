//! The kinds of `[[client]]` as options of commands: one name, form and bound for a thing, in file and command line.

use std::fs;
use std::path::Path;
use std::time::Duration;

use flow::admin::read_jwks;
use proto::model::{ClientKeys, Origin, Resource, SigningAlg};
use proto::secret::Alphabet;

use super::choice::choice;
use super::input::{Given, Input};
use super::kinds::{Read, between, seconds, words};
use super::sections::{ACCESS_LIFETIME, DAY, HOLD, INTERVAL, LIFETIME, MINUTE, REFRESH_ABSOLUTE, REFRESH_IDLE};
use super::{client_kinds, web};

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

/// How long access tokens are good.
pub(crate) fn access_lifetime(text: &str) -> Read<Duration> {
    seconds(ACCESS_LIFETIME.0, ACCESS_LIFETIME.1)(&input(text))
}

/// How long a device may stay away.
pub(crate) fn refresh_idle(text: &str) -> Read<Duration> {
    seconds(REFRESH_IDLE.0, REFRESH_IDLE.1)(&input(text))
}

/// How long a device may stay signed in.
pub(crate) fn refresh_absolute(text: &str) -> Read<Duration> {
    seconds(REFRESH_ABSOLUTE.0, REFRESH_ABSOLUTE.1)(&input(text))
}

/// How long an initial access token is good.
pub(crate) fn token_lifetime(text: &str) -> Read<Duration> {
    seconds(MINUTE, DAY * 365)(&input(text))
}

/// A signature algorithm.
pub(crate) fn signing_alg(text: &str) -> Read<SigningAlg> {
    choice(&input(text))
}

/// The public keys in a file.
pub(crate) fn jwks_file(path: &str) -> Read<ClientKeys> {
    let text = fs::read(path).map_err(|error| format!("cannot read it: {error}"))?;
    read_jwks(&text).map_err(|error| error.to_string())
}

/// Where keys are fetched from.
pub(crate) fn jwks_uri(text: &str) -> Read<ClientKeys> {
    client_kinds::jwks_uri(&input(text)).map(|address| ClientKeys::At(address.into()))
}

/// An API.
pub(crate) fn resource(text: &str) -> Read<Resource> {
    client_kinds::resource(text)
}

/// A host that pairwise subjects are for.
pub(crate) fn sector(text: &str) -> Read<Box<str>> {
    client_kinds::sector(&input(text)).map(Into::into)
}

/// A web origin.
pub(crate) fn origin(text: &str) -> Read<Origin> {
    web::origin(text)
}

fn input(text: &str) -> Input<'_> {
    Input { given: Given::Text(text.into()), base: Path::new("") }
}
