//! Every English word of the pages, one module a page, so that a translation has one place to go.
//!
//! Plain, short, second person, present tense. Says what happens, then what to do. Nothing here is HTML.

pub mod account;
pub mod code;
pub mod decision;
pub mod done;
pub mod error;
pub mod scope;
pub mod sign_in;
pub mod time;

/// Language of all texts (BCP 47), for `<html lang>`.
pub const LANGUAGE: &str = "en";
/// Link to the operator's help, on every page.
pub const HELP: &str = "Get help";
/// Before the name of the signed-in person.
pub const SIGNED_IN_AS: &str = "Signed in as";
/// Link to the account page.
pub const YOUR_ACCOUNT: &str = "Your account";
/// What a person calls an application that has no name.
pub const UNNAMED: &str = "Your device";

/// `text` in quotation marks.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("“{text}”")
}

/// `count` things, with the noun in its right number.
fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
