//! The page *Connect a device*: one field for the code, and what was wrong with the last one.

use std::time::Duration;

use askama::Template;

use super::{Plain, Site};
use crate::pages::text::code as text;

/// `/device`: asks for the code that the device shows.
#[derive(Clone, Debug, Template)]
#[template(path = "code.html")]
pub struct CodePage<'a> {
    /// The frame.
    pub site: &'a Site,
    /// Token of the form, for `POST /device`.
    pub csrf: &'a str,
    /// What codes of this service look like.
    pub kind: CodeKind,
    /// What was typed, kept while the person corrects it.
    pub user_code: Plain,
    /// What is wrong with it.
    pub mistake: Option<Mistake>,
    /// Something else to know before typing.
    pub notice: Option<CodeNotice>,
    /// Who is signed in, if anyone.
    pub account: Option<Plain>,
}

/// Which characters codes are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// The twenty consonants of RFC 8628 §6.1.
    Letters,
    /// Digits only.
    Digits,
}

/// What is wrong with a typed code, precisely enough to say what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A digit in a code of letters, which can only be one letter: shown with the field already corrected.
    DigitRead {
        /// The digit that was typed.
        found: char,
        /// The letter it was read as.
        read_as: char,
    },
    /// Nothing was typed.
    Empty,
    /// A vowel, or `Y`, in a code of letters.
    HasVowel {
        /// The vowel.
        found: char,
        /// A letter that is easily taken for it.
        perhaps: Option<char>,
    },
    /// Another character that codes never have.
    NotInAlphabet {
        /// The character.
        found: char,
    },
    /// Longer than any code.
    TooLong,
    /// Too many wrong codes.
    TooManyTries {
        /// How long until the next try counts.
        wait: Duration,
    },
    /// Shorter than the shortest code.
    TooShort {
        /// How many characters are missing at least.
        missing: usize,
    },
    /// Well formed, but unknown, expired, decided or not for this person: told only after sign-in, and never which.
    Unusable,
}

/// Something to know before typing a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeNotice {
    /// The person came by a link, and this application's codes are to be typed.
    TypeItYourself,
}

impl CodePage<'_> {
    fn title(&self) -> String {
        match self.mistake {
            Some(_) => text::title_with_mistake(),
            None => text::HEADING.to_owned(),
        }
    }

    fn mistake_text(&self) -> Option<String> {
        self.mistake.map(|mistake| text::mistake(mistake, self.kind))
    }

    fn is_digits(&self) -> bool {
        self.kind == CodeKind::Digits
    }
}
