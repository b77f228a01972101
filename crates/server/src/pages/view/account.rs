//! The account page: the password, and where the person is signed in.

use std::time::Duration;

use askama::Template;
use serde::{Deserialize, Serialize};

use super::{Plain, Site};
use crate::pages::text::{account as text, time};

/// `/account`: what the signed-in person may see and change.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// The frame.
    pub site: &'a Site,
    /// Token of the forms for `POST /account`.
    pub csrf: &'a str,
    /// Token of the form *Sign out*, for `POST /sign-out`.
    pub sign_out_csrf: &'a str,
    /// Who is signed in.
    pub account: Plain,
    /// Where they are signed in, this browser first.
    pub sessions: Vec<SessionRow>,
    /// Least number of characters of a new password.
    pub least: usize,
    /// Why the password was not changed.
    pub problem: Option<PasswordProblem>,
    /// What was just done.
    pub notice: Option<AccountNotice>,
}

/// One browser session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Handle of the session in the form.
    pub handle: String,
    /// Whether it is the session of this very request.
    pub here: bool,
    /// The browser in words, as [`SessionRow::new`] reads it from `User-Agent`.
    pub browser: Plain,
    /// Address it was last seen at.
    pub address: Plain,
    /// How long ago it began.
    pub started: Duration,
    /// How long ago it was last used.
    pub used: Duration,
}

/// Why a password was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// It stands on a list of passwords that people try first.
    Common,
    /// It holds the name of the account or of the service.
    HoldsName,
    /// A field was left empty.
    Missing,
    /// It is the password in use.
    Same,
    /// It is longer than can be stored.
    TooLong,
    /// Too many tries at the current password.
    TooManyTries {
        /// How long until the next try counts.
        wait: Duration,
    },
    /// It is shorter than allowed.
    TooShort,
    /// The current password is not right.
    WrongCurrent,
}

/// What was just done on the account page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountNotice {
    /// The password was changed.
    PasswordChanged {
        /// Whether all other sessions were ended with it.
        others_ended: bool,
    },
    /// A session was ended.
    SessionEnded,
    /// A session was ended as not the person's own; what it approved was taken back.
    SessionReported,
    /// The session had already ended.
    SessionGone,
}

impl SessionRow {
    /// A row for the session `handle`, with the browser's `User-Agent` turned into words.
    #[must_use]
    pub fn new(handle: &str, user_agent: &str, address: &str, started: Duration, used: Duration) -> Self {
        Self {
            handle: handle.to_owned(),
            here: false,
            browser: Plain::name(&text::browser(user_agent)),
            address: Plain::name(address),
            started,
            used,
        }
    }

    /// Marks the row as the session of this very request.
    #[must_use]
    pub fn here(mut self) -> Self {
        self.here = true;
        self
    }

    fn used(&self) -> String {
        time::ago(self.used)
    }

    fn started(&self) -> String {
        time::ago(self.started)
    }
}

impl AccountPage<'_> {
    fn title(&self) -> String {
        match self.problem {
            Some(_) => text::title_with_problem(),
            None => text::HEADING.to_owned(),
        }
    }

    fn problem_text(&self) -> Option<String> {
        self.problem.map(|problem| text::problem(problem, self.least))
    }

    /// Whether the mistake is in the current password rather than in the new one.
    fn problem_is_current(&self) -> bool {
        matches!(self.problem, Some(PasswordProblem::WrongCurrent | PasswordProblem::TooManyTries { .. }))
    }

    fn notice_text(&self) -> Option<&'static str> {
        self.notice.map(text::notice)
    }
}
