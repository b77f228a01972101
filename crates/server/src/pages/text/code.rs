//! Words of the page *Connect a device*.

use super::{counted, time};
use crate::pages::view::{CodeKind, CodeNotice, Mistake, Plain};

/// The heading.
pub const HEADING: &str = "Connect a device";
/// Label of the field.
pub const LABEL: &str = "Code shown on your device";
/// The button.
pub const CONTINUE: &str = "Continue";
/// The one warning.
pub const WARNING: &str =
    "Only enter a code from a device in front of you. Nobody who calls or writes to you needs it.";

/// Title of the page while something is wrong with the code: a screen reader says this first.
#[must_use]
pub fn title_with_mistake() -> String {
    format!("Check the code: {HEADING}")
}

/// What a code looks like.
#[must_use]
pub fn hint(digits: bool) -> &'static str {
    if digits { "For example 418-502-736" } else { "For example WDJB-MJHT" }
}

/// What is wrong and what to do.
#[must_use]
pub fn mistake(mistake: Mistake, kind: CodeKind) -> String {
    let (one, many) = match kind {
        CodeKind::Letters => ("letter", "letters"),
        CodeKind::Digits => ("number", "numbers"),
    };
    match mistake {
        Mistake::DigitRead { found, read_as } => {
            format!("Codes have no numbers, so we read the {found} as {read_as}. Check it, then press {CONTINUE}.")
        }
        Mistake::Empty => "Enter the code that your device shows.".to_owned(),
        Mistake::HasVowel { found, perhaps: Some(perhaps) } => {
            format!("Codes have no vowels. Is the {} perhaps a {}?", upper(found), upper(perhaps))
        }
        Mistake::HasVowel { found, perhaps: None } => {
            format!("Codes have no vowels, so the {} can’t be right. Look at your device again.", upper(found))
        }
        Mistake::NotInAlphabet { found } => match visible(found) {
            Some(found) => format!("Codes never have {found} in them. They are made of {many} only."),
            None => format!("Codes are made of {many} only. Type the code instead of pasting it."),
        },
        Mistake::TooLong => "That is longer than a code. Enter only the code that your device shows.".to_owned(),
        Mistake::TooManyTries { wait } => format!("Too many tries. Try again in {}.", time::wait(wait)),
        Mistake::TooShort { missing: 1 } => format!("That is one {one} short."),
        Mistake::TooShort { missing } => {
            let missing = u64::try_from(missing).unwrap_or(u64::MAX);
            format!("That is {} short.", counted(missing, one, many))
        }
        Mistake::Unusable => "This code can’t be used. It may have expired: get a new one on your device.".to_owned(),
    }
}

/// What to know before typing.
#[must_use]
pub fn notice(notice: CodeNotice) -> &'static str {
    match notice {
        CodeNotice::TypeItYourself => {
            "You opened a link. To be sure that the device is yours, type the code that it shows."
        }
    }
}

fn upper(c: char) -> char {
    c.to_ascii_uppercase()
}

/// The character in quotes, if it can be seen at all.
fn visible(c: char) -> Option<String> {
    let shown = Plain::new(c.encode_utf8(&mut [0; 4]), 1);
    (!shown.is_empty()).then(|| super::quoted(shown.as_str()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn df_3_3_9_each_mistake_has_its_sentence() {
        let said = |m| mistake(m, CodeKind::Letters);
        assert_eq!(
            said(Mistake::HasVowel { found: 'o', perhaps: Some('q') }),
            "Codes have no vowels. Is the O perhaps a Q?"
        );
        assert_eq!(said(Mistake::TooShort { missing: 1 }), "That is one letter short.");
        assert_eq!(said(Mistake::TooShort { missing: 3 }), "That is 3 letters short.");
        assert_eq!(mistake(Mistake::TooShort { missing: 2 }, CodeKind::Digits), "That is 2 numbers short.");
        assert_eq!(
            said(Mistake::NotInAlphabet { found: '€' }),
            "Codes never have “€” in them. They are made of letters only."
        );
        assert_eq!(
            said(Mistake::NotInAlphabet { found: '\u{202e}' }),
            "Codes are made of letters only. Type the code instead of pasting it."
        );
        assert_eq!(
            said(Mistake::TooManyTries { wait: Duration::from_secs(61) }),
            "Too many tries. Try again in 2 minutes."
        );
    }
}
