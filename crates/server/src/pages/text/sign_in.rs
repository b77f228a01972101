//! Words of the page *Sign in*.

use super::time;
use crate::pages::view::{Purpose, SignInNotice, SignInProblem};

/// The heading and the button.
pub const HEADING: &str = "Sign in";
/// Label of the name.
pub const USERNAME: &str = "Name";
/// Label of the password.
pub const PASSWORD: &str = "Password";

/// Title of the page while something is wrong.
#[must_use]
pub fn title_with_problem() -> String {
    format!("Not signed in: {HEADING}")
}

/// What signing in is for.
#[must_use]
pub fn purpose(purpose: Purpose, site: &str) -> String {
    match purpose {
        Purpose::Account => format!("Use your {site} account to see what has access to it."),
        Purpose::Device => format!("Use your {site} account to connect a device."),
    }
}

/// Why it did not work and what to do: the same for a wrong name and a wrong password.
#[must_use]
pub fn problem(problem: SignInProblem) -> String {
    match problem {
        SignInProblem::Missing => "Enter your name and your password.".to_owned(),
        SignInProblem::NotRight => "Name or password is not right.".to_owned(),
        SignInProblem::TooManyTries { wait } => format!("Too many tries. Try again in {}.", time::wait(wait)),
    }
}

/// What happened before.
#[must_use]
pub fn notice(notice: SignInNotice) -> &'static str {
    match notice {
        SignInNotice::SessionEnded => "You were signed out because some time passed. Sign in to go on.",
        SignInNotice::SignedOut => "You are signed out.",
        SignInNotice::SignedOutEverywhere { devices: false } => {
            "You are signed out everywhere. Your devices stay connected."
        }
        SignInNotice::SignedOutEverywhere { devices: true } => {
            "You are signed out everywhere, and your devices are disconnected."
        }
    }
}
