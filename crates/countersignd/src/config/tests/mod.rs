//! The configuration as a whole: what is said about mistakes, what stands above what, what the example holds.

mod clients;
mod defaults;
mod files;
mod layers;
mod mistakes;
mod registration;
mod together;

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Loaded, Report, Source, load};

/// The start of a file that is good.
pub(super) const ISSUER: &str = "issuer = \"http://localhost:8628\"\n";

/// A file called `c.toml` with this text.
pub(super) fn file(text: &str) -> Source {
    Source { file: Some(PathBuf::from("c.toml")), text: text.to_owned(), environment: Vec::new() }
}

/// The same with variables.
pub(super) fn with(text: &str, variables: &[(&str, &str)]) -> Source {
    let environment = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    Source { environment, ..file(text) }
}

/// A file with an issuer on its first line.
pub(super) fn after_issuer(text: &str) -> Source {
    file(&format!("{ISSUER}{text}"))
}

/// What is said about it: the mistakes, or else the advice, or else nothing.
pub(super) fn said(source: &Source) -> String {
    match load(source) {
        Ok(loaded) => loaded.report.to_string(),
        Err(report) => report.to_string(),
    }
}

/// A configuration that must be good.
pub(super) fn good(source: &Source) -> Loaded {
    load(source).unwrap_or_else(|report: Box<Report>| panic!("{report}"))
}
