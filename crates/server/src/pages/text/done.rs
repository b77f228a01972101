//! Words of the page after a decision.

use super::Around;
pub use super::UNNAMED;
use crate::pages::view::{Outcome, When};

/// Heading after an approval.
pub const CONNECTED: Around = Around { before: "", after: " is connected" };
/// Link to the list of devices, after an approval.
pub const SEE_DEVICES: &str = "See or remove your devices";
/// Link to the page for a new code, after an expiry.
pub const NEW_CODE: &str = "Enter a new code";

/// Heading after a refusal.
pub const NOT_CONNECTED: &str = "Not connected";
/// Heading after an expiry.
pub const RAN_OUT: &str = "The code ran out";

/// What happened and what to do, one line each.
#[must_use]
pub fn lines(outcome: Outcome, when: When, site: &str) -> Vec<String> {
    match (outcome, when) {
        (Outcome::Approved, When::Now) => vec!["Go back to your device. You can close this page.".to_owned()],
        (Outcome::Approved, When::Before) => vec![
            "You allowed this before; nothing more is needed.".to_owned(),
            "If your device still waits, get a new code on it.".to_owned(),
        ],
        (Outcome::Denied { reported: false }, When::Now) => {
            vec!["The device was told, and it can’t use your account.".to_owned(), tell(site)]
        }
        (Outcome::Denied { reported: true }, When::Now) => vec![
            format!("Thank you. The device can’t use your account, and {site} knows that you did not start this."),
            tell(site),
        ],
        (Outcome::Denied { .. }, When::Before) => vec![
            "This was refused before; the device can’t use your account.".to_owned(),
            "If you want to connect it after all, get a new code on it.".to_owned(),
        ],
        (Outcome::Expired, _) => {
            vec!["Codes work for a short time only. Get a new code on your device, then enter it here.".to_owned()]
        }
    }
}

fn tell(site: &str) -> String {
    format!("If someone asked you to enter a code, tell the people who run {site}.")
}
