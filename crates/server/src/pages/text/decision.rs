//! Words of the page that asks whether a device may use the account.

use std::time::Duration;

use super::{Around, time};
use crate::pages::view::DecisionProblem;

/// The heading.
pub const QUESTION: Around = Around { before: "Let ", after: " use your account?" };
/// Before the name of the account.
pub const SIGNED_IN_AS: &str = "You are signed in as";
/// Button that signs out and comes back to the same code.
pub const ANOTHER_ACCOUNT: &str = "Use another account";
/// Heading of the facts, for screen readers.
pub const FACTS: &str = "About the device";
/// The registered name.
pub const APPLICATION: &str = "Application";
/// Before the application's identifier.
pub const ID: &str = "ID:";
/// The name the device gave itself.
pub const CALLS_ITSELF: &str = "Calls itself";
/// When the device asked.
pub const STARTED: &str = "Started";
/// Where the device is.
pub const FROM: &str = "From";
/// The device shares the browser's network.
pub const SAME_NETWORK: &str = "Same network as this browser";
/// The device does not share the browser's network.
pub const OTHER_NETWORK: &str = "Different network than this browser";
/// The question beside a code that came by link.
pub const COMPARE: &str = "Does your device show this code?";
/// The confirmation beside it.
pub const COMPARED: &str = "Yes, my device shows this code";
/// Heading of the permissions.
pub const PERMISSIONS: &str = "It will be able to";
/// When there are none.
pub const NO_PERMISSIONS: &str = "It did not say what it needs.";
/// Before the APIs that all of it is limited to.
pub const RESOURCES: &str = "Only at";
/// The one warning.
pub const WARNING: &str = "Allow this only if you started it yourself, just now, on a device you can see. \
                           Whoever holds that device will act as you.";
/// The first button.
pub const DENY: &str = "Don’t allow";
/// The second button.
pub const ALLOW: &str = "Allow";
/// The small button below: refuses, and tells the operator.
pub const REPORT: &str = "I did not start this";

/// Beside an application that registered itself.
#[must_use]
pub fn unverified(site: &str) -> String {
    format!("Not verified by {site}")
}

/// How long there is to decide.
#[must_use]
pub fn remaining(left: Duration) -> String {
    format!("{} left", time::left(left))
}

/// Why the answer was not taken and what to do.
#[must_use]
pub fn problem(problem: DecisionProblem) -> &'static str {
    match problem {
        DecisionProblem::Changed => "Something changed since you opened this page. Look at it again, then answer.",
        DecisionProblem::NotConfirmed => {
            "Compare the code with the one on your device first, and tick the box if it is the same."
        }
        DecisionProblem::TryAgain => "Your answer was not saved. Please answer once more.",
    }
}
