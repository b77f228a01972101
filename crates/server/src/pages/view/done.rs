//! The page after a decision: what came of it and what to do now.

use askama::Template;
use serde::{Deserialize, Serialize};

use super::{Plain, Site};
use crate::pages::text::done as text;

/// `/device/done`: tells the outcome, now and whenever it is asked again.
#[derive(Clone, Debug, Template)]
#[template(path = "done.html")]
pub struct DonePage<'a> {
    /// The frame.
    pub site: &'a Site,
    /// Name of the application.
    pub application: Plain,
    /// What came of the request.
    pub outcome: Outcome,
    /// Whether that was decided just now or before.
    pub when: When,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The device was allowed.
    Approved,
    /// The device was refused.
    Denied {
        /// The person said that they had not started it.
        reported: bool,
    },
    /// The code ran out first.
    Expired,
}

/// Whether the outcome is new to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// It was decided before: by another click, in another window, or before Back was pressed.
    Before,
    /// It was decided just now.
    Now,
}

impl DonePage<'_> {
    fn name(&self) -> &str {
        if self.application.is_empty() { text::UNNAMED } else { self.application.as_str() }
    }

    fn title(&self) -> String {
        match self.outcome {
            Outcome::Approved => text::CONNECTED.name(self.name()),
            Outcome::Denied { .. } => text::NOT_CONNECTED.to_owned(),
            Outcome::Expired => text::RAN_OUT.to_owned(),
        }
    }

    fn slug(&self) -> &'static str {
        match self.outcome {
            Outcome::Approved => "approved",
            Outcome::Denied { .. } => "denied",
            Outcome::Expired => "expired",
        }
    }

    fn lines(&self) -> Vec<String> {
        text::lines(self.outcome, self.when, self.site.name.as_str())
    }
}
