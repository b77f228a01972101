//! What each page shows, as plain data: one typed struct per template, rendered with `askama::Template::render`.
//!
//! Owns the order and the marking of what people see; leaves the words to [`super::text`], statuses and headers to
//! the handlers. A text that a stranger chose enters as [`Plain`], so that no page can show one uncleaned.

mod account;
mod code;
mod decision;
mod devices;
mod done;
mod error;
mod plain;
pub mod samples;
mod shown_code;
mod sign_in;
mod site;

pub use account::{AccountNotice, AccountPage, PasswordProblem, SessionRow};
pub use code::{CodeKind, CodeNotice, CodePage, Mistake};
pub use decision::{Application, DecisionPage, DecisionProblem, Network, Origin, Permission, PermissionKind};
pub use devices::{DeviceProblem, DeviceRow, DevicesNotice, DevicesPage};
pub use done::{DonePage, Outcome, When};
pub use error::{ErrorKind, ErrorPage};
pub use plain::{NAME_MAX, Plain};
pub use shown_code::ShownCode;
pub use sign_in::{Purpose, SignInNotice, SignInPage, SignInProblem};
pub use site::Site;

/// Names of form fields and the values of their buttons, as the forms of these pages send them.
///
/// Every form also sends `csrf`. A required confirmation is a field whose name begins with [`field::CONFIRM_PREFIX`].
pub mod field {
    /// On every form: the token against forged requests, made for the route that the form posts to.
    pub const CSRF: &str = "csrf";
    /// On the code page: the code as typed.
    pub const USER_CODE: &str = "user_code";
    /// On the sign-in page.
    pub const USERNAME: &str = "username";
    /// On the sign-in page.
    pub const PASSWORD: &str = "password";
    /// On the decision page: the sealed handle of the grant that the page showed.
    pub const HANDLE: &str = "handle";
    /// On the decision page: `approve`, `deny` or `report`.
    pub const DECISION: &str = "decision";
    /// On the decision page when the code came by link: `yes` once the person has compared it.
    pub const CONFIRM_CODE: &str = "confirm_code";
    /// How the name of every required confirmation begins.
    pub const CONFIRM_PREFIX: &str = "confirm_";
    /// On the account page: `change_password`, `end_session`, `not_me` or `sign_out_everywhere`; on the page of devices:
    /// `rename` or `remove`.
    pub const ACTION: &str = "action";
    /// On the account page, with `change_password`.
    pub const CURRENT_PASSWORD: &str = "current_password";
    /// On the account page, with `change_password`.
    pub const NEW_PASSWORD: &str = "new_password";
    /// On the account page, with `end_session` and `not_me`: the handle of the session.
    pub const SESSION: &str = "session";
    /// On the account page, with `sign_out_everywhere`: `yes` to disconnect devices too.
    pub const DEVICES: &str = "devices";
    /// On the page of devices: the handle of the device.
    pub const DEVICE: &str = "device";
    /// On the page of devices, with `rename`: what to call it; empty for the name of its application.
    pub const NAME: &str = "name";
    /// On forms that post to `/sign-out`: `device` to sign in as someone else and go on with the same code.
    pub const THEN: &str = "then";
}

#[cfg(test)]
mod tests;
