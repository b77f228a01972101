//! Words of the account page.

use super::time;
use crate::pages::view::{AccountNotice, PasswordProblem};

/// The heading.
pub const HEADING: &str = "Your account";
/// Button that ends this session.
pub const SIGN_OUT: &str = "Sign out";
/// Heading of the list of sessions.
pub const SESSIONS: &str = "Where you are signed in";
/// Marks the session of this browser.
pub const HERE: &str = "This browser";
/// When a session was last used.
pub const USED: &str = "Last used";
/// When a session began.
pub const SINCE: &str = "signed in";
/// Button that ends one session.
pub const END: &str = "Sign out";
/// Button that ends one session and takes back what it approved.
pub const NOT_ME: &str = "This was not me";
/// What that button does.
pub const NOT_ME_MEANS: &str = "“This was not me” also disconnects every device that was connected from there.";
/// Heading of the section of devices.
pub const DEVICES: &str = "Your devices";
/// Link to them.
pub const SEE_DEVICES: &str = "See or remove your devices";
/// Heading of the last section, and its button.
pub const EVERYWHERE: &str = "Sign out everywhere";
/// What that does.
pub const EVERYWHERE_MEANS: &str = "Signs you out of every browser, this one too.";
/// The choice to include devices.
pub const DEVICES_TOO: &str = "Disconnect my devices too";
/// Heading of the password form, and its button.
pub const CHANGE_PASSWORD: &str = "Change password";
/// Label of the current password.
pub const CURRENT: &str = "Current password";
/// Label of the new password.
pub const NEW: &str = "New password";

/// Hint on the new password.
#[must_use]
pub fn new_hint(least: usize) -> String {
    format!("At least {least} characters. A few unrelated words make a good one.")
}

/// Title of the page while the password was not changed.
#[must_use]
pub fn title_with_problem() -> String {
    format!("Password not changed: {HEADING}")
}

/// Which session a button is about, for those who do not see where it stands.
#[must_use]
pub fn about(action: &str, browser: &str) -> String {
    format!("{action}: {browser}")
}

/// Why the password was not changed.
#[must_use]
pub fn problem(problem: PasswordProblem, least: usize) -> String {
    match problem {
        PasswordProblem::Common => "This password is one that people try first. Choose another.".to_owned(),
        PasswordProblem::HoldsName => {
            "A password with your name or the name of this service is easily guessed. Choose another.".to_owned()
        }
        PasswordProblem::Missing => "Enter both your current and your new password.".to_owned(),
        PasswordProblem::Same => "This is the password you have now. Choose another.".to_owned(),
        PasswordProblem::TooLong => "This password is too long to be stored. Choose a shorter one.".to_owned(),
        PasswordProblem::TooManyTries { wait } => format!("Too many tries. Try again in {}.", time::wait(wait)),
        PasswordProblem::TooShort => format!("This password is too short. Use at least {least} characters."),
        PasswordProblem::WrongCurrent => "The current password is not right.".to_owned(),
    }
}

/// What was just done.
#[must_use]
pub fn notice(notice: AccountNotice) -> &'static str {
    match notice {
        AccountNotice::PasswordChanged { others_ended: false } => "Your password is changed.",
        AccountNotice::PasswordChanged { others_ended: true } => {
            "Your password is changed. Other browsers are signed out."
        }
        AccountNotice::SessionEnded => "That browser is signed out.",
        AccountNotice::SessionReported => {
            "That browser is signed out, and the devices it connected are disconnected. Change your password if you have not done so."
        }
        AccountNotice::SessionGone => "That browser was signed out already.",
    }
}

/// A browser in words, from its `User-Agent`: good enough to recognise one's own, and no more.
#[must_use]
pub fn browser(user_agent: &str) -> String {
    let first = |names: &[(&'static str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "a Mac"),
        ("CrOS", "a Chromebook"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        for (user_agent, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1",
                "Safari on an iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15",
                "Safari on a Mac",
            ),
            ("curl/8.9", "A browser"),
            ("", "A browser"),
        ] {
            assert_eq!(browser(user_agent), words);
        }
    }
}
