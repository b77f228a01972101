//! The page for what went wrong on the way: what happened, what to do, and an id for support.

use std::time::Duration;

use askama::Template;

use super::{Plain, Site};
use crate::pages::text::error as text;

/// Any address, when no other page can be shown.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The frame.
    pub site: &'a Site,
    /// What went wrong.
    pub kind: ErrorKind,
    /// Id of the request, short enough to read out on the telephone.
    pub request_id: Plain,
}

/// What went wrong, as far as a person can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The form lacks a field, repeats one, or is no form (400, 415).
    BadForm,
    /// Too much is going on (429, 503).
    Busy {
        /// How long to wait, if known.
        wait: Option<Duration>,
    },
    /// There is no such page (404).
    NotFound,
    /// The form was open for too long, came from elsewhere, or cookies are off (403).
    OldForm,
    /// Our own mistake (500).
    Ours,
    /// More was sent than any form of ours can hold (413, 431).
    TooLarge,
    /// The page cannot be used in this way (405).
    WrongMethod,
}

impl ErrorPage<'_> {
    fn title(&self) -> &'static str {
        text::heading(self.kind)
    }

    fn what(&self) -> &'static str {
        text::what(self.kind)
    }

    fn advice(&self) -> String {
        text::advice(self.kind)
    }
}
