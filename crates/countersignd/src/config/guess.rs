//! How safe a configuration is against guessing user codes (RFC 8628 §5.1).
//!
//! With N live codes among S possible ones, a guess hits with a chance of N/S, and G guesses a day hit G·N/S times. N is
//! largest somewhere below `pending_grants`: the length of codes follows the load, so each length has a worst load of its
//! own, just before codes get longer.

use std::time::Duration;

use flow::settings::Rate;
use proto::secret::{Alphabet, guess_bound};

use super::limits::Limits;

/// The worst that the limits allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bound {
    /// Characters of the codes of which it is true.
    pub(crate) alphabet: Alphabet,
    /// How many there are in a code.
    pub(crate) length: usize,
    /// Live codes.
    pub(crate) live: u64,
    /// Guesses a day that all hostile accounts together have.
    pub(crate) guesses: u64,
    /// Chance of one guess.
    pub(crate) chance: f64,
    /// Expected hits a day.
    pub(crate) hits: f64,
}

impl Bound {
    /// The worst load of this alphabet under these limits.
    pub(crate) fn of(alphabet: Alphabet, limits: &Limits) -> Self {
        let guesses = u64::from(limits.hostile_accounts).saturating_mul(guesses_a_day(&limits.guesses_per_account));
        let most = u64::from(limits.pending_grants);
        let loads = (alphabet.shortest()..=alphabet.longest()).map(|length| worst_load(alphabet, length, most));
        let worst = loads.map(|live| (live, guess_bound(alphabet, live, 1))).max_by(|a, b| a.1.total_cmp(&b.1));
        let (live, chance) = worst.unwrap_or((most, 1.0));
        Self {
            alphabet,
            length: alphabet.length_for(live, alphabet.shortest()),
            live,
            guesses,
            chance,
            hits: guess_bound(alphabet, live, guesses),
        }
    }
}

/// The highest load, at most `most`, whose codes have at most `length` characters.
fn worst_load(alphabet: Alphabet, length: usize, most: u64) -> u64 {
    let fits = |live: u64| alphabet.length_for(live, alphabet.shortest()) <= length;
    if fits(most) {
        return most;
    }
    let (mut below, mut above) = (0, most);
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if fits(middle) {
            below = middle;
        } else {
            above = middle;
        }
    }
    below
}

/// Wrong codes that one account can try in a day: each limit allows so many a window, all of them hold.
pub(super) fn guesses_a_day(limits: &[Rate]) -> u64 {
    const DAY: Duration = Duration::from_secs(86_400);
    let windows =
        |rate: &Rate| u64::try_from(DAY.as_millis().div_ceil(rate.window.as_millis().max(1))).unwrap_or(u64::MAX);
    limits.iter().map(|rate| u64::from(rate.limit).saturating_mul(windows(rate))).min().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_counts() {
        const MINUTE: Duration = Duration::from_secs(60);
        let a = Rate::new(10, MINUTE * 10);
        let b = Rate::new(50, MINUTE * 1_440);
        assert_eq!(guesses_a_day(&[a]), 1_440);
        assert_eq!(guesses_a_day(&[a, b]), 50);
        assert_eq!(guesses_a_day(&[Rate::new(50, MINUTE * 1_441)]), 50, "a longer window counts as a day");
        assert_eq!(guesses_a_day(&[]), u64::MAX);
    }

    #[test]
    fn the_worst_load_of_a_length_is_just_before_codes_get_longer() {
        for (length, most, worst) in
            [(8, 1_000_000, 2_560), (9, 1_000_000, 51_200), (10, 1_000_000, 1_000_000), (8, 100, 100)]
        {
            assert_eq!(worst_load(Alphabet::Base20, length, most), worst, "{length} {most}");
        }
    }
}
