//! User codes (RFC 8628 §6.1): short enough to type, long enough for the number of codes that are live.
//!
//! Drawing, reading what a person typed, and the arithmetic of guessing.

use std::fmt;

use zeroize::Zeroizing;

use super::{MacKey, UserCodeHash};
use crate::{Entropy, entropy};

/// The characters of user codes (RFC 8628 §6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// Twenty consonants without regard to case: no words, no look-alikes.
    #[default]
    Base20,
    /// Ten digits: for keyboards without Latin letters, and longer for it.
    Digits,
}

/// A user code in its one form: upper case, without separators.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(Zeroizing<String>);

/// What was read from a person's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The code.
    pub code: UserCode,
    /// Whether a look-alike was put in place of a character that codes never have.
    pub corrected: bool,
}

/// Why an input cannot be a code: something the person can mend without a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing was typed.
    Empty,
    /// Codes never have this character; it stands as typed, in upper case.
    Foreign(char),
    /// More characters than any code has.
    TooLong,
    /// This many characters fewer than the shortest code.
    TooShort(usize),
    /// Codes have no vowels.
    Vowel(char),
}

/// At most one live code in this many possible ones: a guess hits with a chance of 1e-7 at most (N/S).
const SPARSENESS: u64 = 10_000_000;
/// Bytes of input that are looked at (DF-6.1-5).
const MAX_INPUT: usize = 64;

impl Alphabet {
    const fn characters(self) -> &'static [u8] {
        match self {
            Self::Base20 => b"BCDFGHJKLMNPQRSTVWXZ",
            Self::Digits => b"0123456789",
        }
    }

    /// The shortest code.
    #[must_use]
    pub const fn shortest(self) -> usize {
        match self {
            Self::Base20 => 8,
            Self::Digits => 11,
        }
    }

    /// The longest code.
    #[must_use]
    pub const fn longest(self) -> usize {
        match self {
            Self::Base20 => 11,
            Self::Digits => 15,
        }
    }

    /// How many codes of `length` there are.
    #[must_use]
    pub const fn size(self, length: usize) -> u64 {
        let mut size = 1_u64;
        let mut left = length;
        while left > 0 {
            size = size.saturating_mul(self.characters().len() as u64);
            left -= 1;
        }
        size
    }

    /// The length of the next code when `live` codes can be used: the shortest with one live code in
    /// ten million possible ones. It grows at once, and shrinks only below half of the load that made it
    /// grow, so that it does not flutter.
    #[must_use]
    pub fn length_for(self, live: u64, current: usize) -> usize {
        let fits = |length: usize, live: u64| live <= self.size(length) / SPARSENESS;
        let shortest_fit =
            |live| (self.shortest()..self.longest()).find(|length| fits(*length, live)).unwrap_or(self.longest());
        let needed = shortest_fit(live);
        if needed >= current { needed } else { current.min(shortest_fit(live.saturating_mul(2))) }
    }

    fn holds(self, c: char) -> bool {
        u8::try_from(c).is_ok_and(|byte| self.characters().contains(&byte))
    }

    /// The member that a character outside the alphabet is mistaken for.
    const fn look_alike(self, c: char) -> Option<char> {
        match (self, c) {
            (Self::Base20, '5') => Some('S'),
            (Self::Base20, '8') => Some('B'),
            (Self::Base20, '2') => Some('Z'),
            (Self::Digits, 'O') => Some('0'),
            (Self::Digits, 'I' | 'L') => Some('1'),
            _ => None,
        }
    }
}

impl UserCode {
    /// Draws a code of `length` characters, each equally likely: bytes past the last whole multiple are drawn again.
    pub fn draw(alphabet: Alphabet, length: usize, entropy: &mut dyn Entropy) -> Self {
        let characters = alphabet.characters();
        let fair = 256 - 256 % characters.len();
        let mut code = Zeroizing::new(String::with_capacity(length));
        while code.len() < length {
            for byte in entropy::bytes::<16>(entropy).map(usize::from) {
                if let Some(c) = characters.get(byte % characters.len()).filter(|_| byte < fair && code.len() < length)
                {
                    code.push(char::from(*c));
                }
            }
        }
        Self(code)
    }

    /// Reads what a person typed or pasted: any case, full-width forms, blanks, dashes and other
    /// separators, look-alikes, and a sentence that holds one code.
    ///
    /// # Errors
    /// What the person can mend. No look-up was needed to find it.
    pub fn read(alphabet: Alphabet, input: &str) -> Result<Read, Mistake> {
        let cut = input.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_INPUT).last();
        let folded: String = input.get(..cut.unwrap_or(0)).unwrap_or("").chars().map(fold).collect();
        if let Some(code) = only_code_in_sentence(alphabet, &folded) {
            return Ok(Read { code: Self(Zeroizing::new(code)), corrected: false });
        }
        if input.len() > MAX_INPUT {
            return Err(Mistake::TooLong);
        }
        let mut corrected = false;
        let mut code = Zeroizing::new(String::new());
        for c in folded.chars().filter(|c| c.is_alphanumeric()) {
            if alphabet.holds(c) {
                code.push(c);
            } else if let Some(member) = alphabet.look_alike(c) {
                corrected = true;
                code.push(member);
            } else if alphabet == Alphabet::Base20 && matches!(c, 'A' | 'E' | 'I' | 'O' | 'U') {
                return Err(Mistake::Vowel(c));
            } else {
                return Err(Mistake::Foreign(c));
            }
        }
        match code.len() {
            0 => Err(Mistake::Empty),
            n if n < alphabet.shortest() => Err(Mistake::TooShort(alphabet.shortest() - n)),
            n if n > alphabet.longest() => Err(Mistake::TooLong),
            _ => Ok(Read { code: Self(code), corrected }),
        }
    }

    /// The code in groups, as people see it: `WDJB-MJHT`.
    #[must_use]
    pub fn grouped(&self) -> String {
        let groups: &[usize] = match self.0.len() {
            8 => &[4, 4],
            9 => &[3, 3, 3],
            10 => &[3, 4, 3],
            11 => &[4, 4, 3],
            12 => &[4, 4, 4],
            13 => &[4, 5, 4],
            14 => &[5, 4, 5],
            _ => &[5, 5, 5],
        };
        let mut rest = self.0.as_str();
        let mut parts = Vec::with_capacity(groups.len());
        for size in groups {
            let (part, tail) = rest.split_at_checked(*size).unwrap_or((rest, ""));
            parts.push(part);
            rest = tail;
        }
        parts.join("-")
    }

    /// The form that is stored, under one key.
    #[must_use]
    pub fn hash(&self, key: &MacKey) -> UserCodeHash {
        key.tag(&[self.0.as_bytes()]).into()
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

/// Expected hits a day: how many strangers' codes all guessers together find when `guesses` are let
/// through each day and at most `live` codes of `alphabet` can be used at once.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a bound, not a count")]
pub fn guess_bound(alphabet: Alphabet, live: u64, guesses: u64) -> f64 {
    let size = alphabet.size(alphabet.length_for(live, alphabet.shortest()));
    guesses as f64 * live as f64 / size as f64
}

/// One character in upper case; full-width forms become their plain ones.
fn fold(c: char) -> char {
    let plain = match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        _ => c,
    };
    plain.to_ascii_uppercase()
}

/// The code in a pasted sentence such as "Your code: WDJB-MJHT": the only word that is one.
fn only_code_in_sentence(alphabet: Alphabet, folded: &str) -> Option<String> {
    let mut found = None;
    for word in folded.split(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '.' | '"' | '(' | ')')) {
        let code: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        let is_code =
            (alphabet.shortest()..=alphabet.longest()).contains(&code.len()) && code.chars().all(|c| alphabet.holds(c));
        if is_code && found.replace(code).is_some() {
            return None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entropy::Seeded;

    fn read(input: &str) -> Result<String, Mistake> {
        UserCode::read(Alphabet::Base20, input).map(|read| read.code.grouped())
    }

    #[test]
    fn df_6_1_2_input_loses_separators_and_case() {
        for input in [
            "WDJB-MJHT",
            "wdjbmjht",
            " wdjb mjht ",
            "WDJB\u{2013}MJHT",
            "w.d.j.b/m.j.h.t",
            "ＷＤＪＢ－ＭＪＨＴ",
            "Your code: wdjb-mjht",
            "Enter WDJB-MJHT.",
            "WDJB\u{200b}MJHT",
        ] {
            assert_eq!(read(input).as_deref(), Ok("WDJB-MJHT"), "{input:?}");
        }
    }

    #[test]
    fn df_6_1_3_look_alikes_are_mapped_in_and_said() {
        let read = UserCode::read(Alphabet::Base20, "5DJB-MJH2").unwrap();
        assert_eq!((read.code.grouped().as_str(), read.corrected), ("SDJB-MJHZ", true));
        let read = UserCode::read(Alphabet::Digits, "O123 4567 89l").unwrap();
        assert_eq!((read.code.grouped().as_str(), read.corrected), ("0123-4567-891", true));
    }

    #[test]
    fn df_3_3_9_mistakes_are_named() {
        assert_eq!(read(""), Err(Mistake::Empty));
        assert_eq!(read("  - "), Err(Mistake::Empty));
        assert_eq!(read("WDJB-MJH"), Err(Mistake::TooShort(1)));
        assert_eq!(read("WDJB-MJHT-WDJB"), Err(Mistake::TooLong));
        assert_eq!(read("WDJB-MJHO"), Err(Mistake::Vowel('O')));
        assert_eq!(read("WDJB-MJH7"), Err(Mistake::Foreign('7')));
        assert_eq!(read("WDJB-MJHÄ"), Err(Mistake::Foreign('Ä')));
    }

    #[test]
    fn df_6_1_5_long_input_is_cut_before_it_is_read() {
        assert_eq!(read(&"B".repeat(4096)), Err(Mistake::TooLong));
        assert_eq!(read(&"ä".repeat(33)), Err(Mistake::TooLong));
    }

    #[test]
    fn df_5_1_2_length_follows_the_number_of_live_codes() {
        for (live, length) in
            [(0, 8), (2_560, 8), (2_561, 9), (51_200, 9), (51_201, 10), (1_024_000, 10), (1_024_001, 11)]
        {
            assert_eq!(Alphabet::Base20.length_for(live, 8), length, "{live}");
        }
        for (live, length) in [(2_560, 11), (51_200, 12), (1_000_000, 13), (1_024_000, 14), (20_000_000, 15)] {
            assert_eq!(Alphabet::Digits.length_for(live, 11), length, "{live}");
        }
        assert_eq!(Alphabet::Base20.length_for(2_000, 9), 9, "no flutter at the step");
        assert_eq!(Alphabet::Base20.length_for(1_280, 9), 8);
        assert!(guess_bound(Alphabet::Base20, 1_000_000, 50_000) <= 0.005);
    }

    #[test]
    fn cf_11_the_bound_counts_the_codes_that_are_live() {
        let one = guess_bound(Alphabet::Base20, 1, 50_000);
        let many = guess_bound(Alphabet::Base20, 2_000, 50_000);
        assert!((many / one - 2_000.0).abs() < 1e-6, "{one} {many}");
        for live in [1, 2_560, 51_200, 1_024_000] {
            assert!(guess_bound(Alphabet::Base20, live, 50_000) <= 0.005, "{live}");
        }
    }

    #[test]
    fn df_6_1_1_codes_are_drawn_evenly_from_twenty_consonants() {
        let mut entropy = Seeded::new(11);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..2_000 {
            for c in UserCode::draw(Alphabet::Base20, 8, &mut entropy).0.chars() {
                *seen.entry(c).or_insert(0_u32) += 1;
            }
        }
        assert_eq!(seen.keys().collect::<String>(), "BCDFGHJKLMNPQRSTVWXZ");
        assert!(seen.values().all(|count| (650..950).contains(count)), "{seen:?}");
    }

    proptest! {
        #[test]
        fn a_drawn_code_is_read_back_from_its_shown_form(seed: u64, length in 8_usize..=11) {
            let code = UserCode::draw(Alphabet::Base20, length, &mut Seeded::new(seed));
            let read = UserCode::read(Alphabet::Base20, &code.grouped().to_lowercase()).unwrap();
            prop_assert_eq!(read.code, code);
        }

        #[test]
        fn df_6_1_5_no_input_panics(input in "\\PC{0,100}") {
            drop(UserCode::read(Alphabet::Base20, &input));
            drop(UserCode::read(Alphabet::Digits, &input));
        }
    }
}
