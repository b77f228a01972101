//! Every English word of the pages, one module a page, so that a translation has one place to go.
//!
//! Plain, short, second person, present tense. Says what happens, then what to do. Nothing here is HTML.

pub mod account;
pub mod code;
pub mod decision;
pub mod devices;
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
/// In the place of an address that a proxy did not tell.
pub const UNKNOWN_ADDRESS: &str = "an unknown address";
/// What a person calls an application that has no name.
pub const UNNAMED: &str = "Your device";

/// `text` in quotation marks; a text that runs from right to left is kept from turning the sentence around it
/// (Unicode isolates, UAX #9).
#[must_use]
pub fn quoted(text: &str) -> String {
    if text.chars().any(runs_leftwards) { format!("“\u{2068}{text}\u{2069}”") } else { format!("“{text}”") }
}

/// A sentence with a name in it: what stands before and after the name, so that a page can mark the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// What stands before the name, with its space.
    pub before: &'static str,
    /// What stands after the name, with its space.
    pub after: &'static str,
}

impl Around {
    /// The whole sentence as plain text, the name in quotation marks.
    #[must_use]
    pub fn name(self, name: &str) -> String {
        format!("{}{}{}", self.before, quoted(name), self.after)
    }
}

/// Whether `c` belongs to a script written from right to left.
fn runs_leftwards(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// `count` things, with the noun in its right number.
fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
