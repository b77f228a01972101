//! The page that asks: who wants what, for which account, from where. The one page that can give something away.
//!
//! Order and words follow RFC 8628 §5.4 and RFC 10027 §6.1.14. Enter decides nothing: for Enter in a field a browser
//! presses the first submit button (HTML §4.10.21.2); the first one here is disabled, and the next, for engines that
//! pass over it, closes a dialog that is not there, which does nothing.

use std::time::Duration;

use askama::Template;

use super::{Plain, ShownCode, Site};
use crate::pages::text::{self as words, decision as text};

/// `/device/decision`: lets a person allow or refuse one device.
#[derive(Clone, Debug, Template)]
#[template(path = "decision.html")]
pub struct DecisionPage<'a> {
    /// The frame.
    pub site: &'a Site,
    /// Token of the form, for `POST /device/decision`.
    pub csrf: &'a str,
    /// Token of the form *Use another account*, for `POST /sign-out`.
    pub sign_out_csrf: &'a str,
    /// Sealed handle of the grant shown here, so that the answer is to this question and to no other.
    pub handle: &'a str,
    /// Who is signed in.
    pub account: Plain,
    /// Who asks.
    pub application: Application,
    /// The name the device gave itself.
    pub device_name: Option<Plain>,
    /// When and from where it asked.
    pub origin: Origin,
    /// The code, if it came by link: the person has not seen it on the device yet and is asked to compare.
    pub link_code: Option<ShownCode>,
    /// What the device will be able to do.
    pub permissions: Vec<Permission>,
    /// Which APIs that is limited to; none: whatever takes tokens of this service.
    pub resources: Vec<Plain>,
    /// Why the last answer was not taken.
    pub problem: Option<DecisionProblem>,
}

/// Who asks: the registered client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name; the id stands in for an empty one.
    pub name: Plain,
    /// Its `client_id`.
    pub id: Plain,
    /// Whether the operator vouches for the name; `false` for a client that registered itself.
    pub verified: bool,
}

/// When and from where the device asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How long ago the device asked.
    pub started: Duration,
    /// How long until the code runs out.
    pub remaining: Duration,
    /// Address of the device as this service sees it.
    pub address: Plain,
    /// Whether that is the browser's own network.
    pub network: Network,
}

/// The device's network compared with the browser's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Another network; also said when it cannot be known.
    Different,
    /// The same network.
    Same,
}

/// One thing the device will be able to do, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// In words, after "It will be able to".
    pub words: String,
    /// What it is about.
    pub kind: PermissionKind,
}

/// What a permission is about, in the order in which permissions are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionKind {
    /// Who the person is.
    Identity,
    /// How the person is reached.
    Contact,
    /// Something that only the service itself can explain.
    Other,
    /// Access that goes on while the person is away.
    Lasting,
}

/// Why an answer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionProblem {
    /// What was shown has changed since: the person is asked to look again.
    Changed,
    /// A required confirmation was not given.
    NotConfirmed,
    /// The answer could not be stored just now.
    TryAgain,
}

impl Application {
    /// The client `id`, called `name`.
    #[must_use]
    pub fn new(name: &str, id: &str, verified: bool) -> Self {
        let id = Plain::name(id);
        let name = Some(Plain::name(name)).filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
        Self { name, id, verified }
    }
}

impl Permission {
    /// What `scope` allows, in words; an unknown scope is shown by its own name.
    #[must_use]
    pub fn of(scope: &str) -> Self {
        Self { words: words::scope::words(scope), kind: words::scope::kind(scope) }
    }

    /// Everything that a list of scopes (RFC 6749 §3.3) allows, each thing once, what lasts at the end.
    #[must_use]
    pub fn of_all<'s>(scopes: impl IntoIterator<Item = &'s str>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for permission in scopes.into_iter().map(Self::of) {
            if !all.contains(&permission) {
                all.push(permission);
            }
        }
        all.sort_by_key(|permission| permission.kind);
        all
    }
}

impl DecisionPage<'_> {
    fn title(&self) -> String {
        text::QUESTION.name(self.application.name.as_str())
    }

    fn started(&self) -> String {
        words::time::ago(self.origin.started)
    }

    fn remaining(&self) -> String {
        text::remaining(self.origin.remaining)
    }

    fn same_network(&self) -> bool {
        self.origin.network == Network::Same
    }

    fn problem_text(&self) -> Option<&'static str> {
        self.problem.map(text::problem)
    }
}
