//! Words of the page that lists devices.

use std::time::Duration;

pub use super::code::HEADING as CONNECT;
use super::{quoted, time};
use crate::pages::view::{DeviceProblem, DevicesNotice};
use proto::grant::start::MAX_DEVICE_NAME;

/// The heading.
pub const HEADING: &str = "Your devices";
/// What the list is for.
pub const ABOUT: &str = "These can use your account. Remove what you don’t know or no longer need.";
/// In place of the list.
pub const EMPTY: &str = "No device can use your account.";
/// The registered name.
pub const APPLICATION: &str = "Application";
/// Where the device was when it was connected.
pub const FROM: &str = "From";
/// First use.
pub const CONNECTED: &str = "Connected";
/// Last use.
pub const USED: &str = "Last used";
/// What it may do.
pub const CAN: &str = "It can";
/// Which APIs that is limited to.
pub const RESOURCES: &str = "Only at";
/// When access ends that does not last.
pub const ENDS: &str = "Ends";
/// Opens the field for the name.
pub const RENAME: &str = "Rename";
/// Label of that field.
pub const NAME: &str = "Name";
/// Button beside it.
pub const SAVE: &str = "Save name";
/// Button that takes access away.
pub const REMOVE: &str = "Remove";

/// Title of the page while a device was not renamed or not removed.
#[must_use]
pub fn title_with_problem(problem: DeviceProblem) -> String {
    let what = match problem {
        DeviceProblem::NameTooLong | DeviceProblem::NotRenamed => "Name not saved",
        DeviceProblem::NotRemoved => "Not removed",
    };
    format!("{what}: {HEADING}")
}

/// Which device a button is about, for those who do not see where it stands.
#[must_use]
pub fn about(action: &str, device: &str) -> String {
    format!("{action}: {device}")
}

/// When access ends by itself.
#[must_use]
pub fn ends(left: Duration) -> String {
    format!("in {}", time::left(left))
}

/// Why nothing was changed, and what to do.
#[must_use]
pub fn problem(problem: DeviceProblem) -> String {
    match problem {
        DeviceProblem::NameTooLong => {
            format!("This name is too long. Use at most {MAX_DEVICE_NAME} characters.")
        }
        DeviceProblem::NotRemoved => "This device was not removed. Please try again.".to_owned(),
        DeviceProblem::NotRenamed => "The name was not saved. Please try again.".to_owned(),
    }
}

/// What was just done.
#[must_use]
pub fn notice(notice: &DevicesNotice) -> String {
    match notice {
        DevicesNotice::Gone => "That device was removed already, or its access has ended.".to_owned(),
        DevicesNotice::Removed { name } => {
            format!("{} is removed. To use it again, connect it again.", quoted(name))
        }
        DevicesNotice::Renamed { name } => format!("The device is now called {}.", quoted(name)),
    }
}
