//! The page *Sign in*: name and password, the same answer to every wrong pair.

use std::time::Duration;

use askama::Template;
use serde::{Deserialize, Serialize};

use super::{Plain, Site};
use crate::pages::text::sign_in as text;

/// `/sign-in`: asks who is there.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    /// The frame.
    pub site: &'a Site,
    /// Token of the form, for `POST /sign-in`.
    pub csrf: &'a str,
    /// What the person is signing in for.
    pub purpose: Purpose,
    /// The name that was typed, kept while the person corrects it.
    pub username: Plain,
    /// Why the last try did not work.
    pub problem: Option<SignInProblem>,
    /// What happened before this page.
    pub notice: Option<SignInNotice>,
}

/// What the person is signing in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To see the account.
    Account,
    /// To connect a device.
    Device,
}

/// Why a try to sign in did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// Name or password is missing.
    Missing,
    /// Name or password is not right, or the account may not sign in: never which.
    NotRight,
    /// Too many tries.
    TooManyTries {
        /// How long until the next try counts.
        wait: Duration,
    },
}

/// What happened before the person came to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInNotice {
    /// The session ended by itself.
    SessionEnded,
    /// The person signed out.
    SignedOut,
    /// The person signed out everywhere.
    SignedOutEverywhere {
        /// Whether devices were disconnected too.
        devices: bool,
    },
}

impl SignInPage<'_> {
    fn title(&self) -> String {
        match self.problem {
            Some(_) => text::title_with_problem(),
            None => text::HEADING.to_owned(),
        }
    }

    fn problem_text(&self) -> Option<String> {
        self.problem.map(text::problem)
    }

    fn notice_text(&self) -> Option<&'static str> {
        self.notice.map(text::notice)
    }
}
