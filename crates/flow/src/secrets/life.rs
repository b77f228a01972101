//! The life of a key: next → active → retired → gone. Known to everybody who checks before anybody makes with it, kept until
//! nothing made with it lives. Pure: keys and time in, changes out.

use std::time::Duration;

use proto::Timestamp;
use proto::change::{Change, Decision, Key, Require, Row};
use proto::model::{KeyId, KeyPurpose, KeyState, SealedKey};

/// The phases of a key's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// From made to used: by then everybody who checks knows it.
    pub published: Duration,
    /// From used to the making of its successor; `None` when only a command makes one.
    pub used: Option<Duration>,
    /// From out of use to gone; `None` for ever.
    pub checked: Option<Duration>,
}

/// Why a key cannot be taken out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CannotRetire {
    /// It is the one key of a purpose that has a single one for good.
    Lasting,
    /// Nothing would be left to use.
    NoSuccessor(KeyPurpose),
    /// There is no such key.
    Unknown,
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// How long verifiers may keep the published keys (`max-age`), once directly and once more behind a cache of their own.
const KNOWN_TO_VERIFIERS: Duration = HOUR.saturating_mul(2);
/// How long every node takes to hear of a key: far less, unless its feed is broken.
const KNOWN_TO_NODES: Duration = Duration::from_secs(5);
/// Longer than any access token lives, and any cache.
const SIGNATURES_CHECKED: Duration = DAY.saturating_mul(2);

/// The life of a key; `None` for one that stays the only one of its purpose.
#[must_use]
pub const fn life(purpose: KeyPurpose) -> Option<Life> {
    let (published, used, checked) = match purpose {
        KeyPurpose::SignEdDsa | KeyPurpose::SignEs256 | KeyPurpose::SignRs256 => {
            (KNOWN_TO_VERIFIERS, Some(DAY.saturating_mul(90)), Some(SIGNATURES_CHECKED))
        }
        // Seals with random nonces: 2^32 of them are safe under one key (NIST SP 800-38D §8.3), 7,000 a second for a week.
        KeyPurpose::AccessToken => (KNOWN_TO_NODES, Some(DAY.saturating_mul(7)), Some(SIGNATURES_CHECKED)),
        // Longer than any cookie, form or code lives.
        KeyPurpose::Cookie | KeyPurpose::Csrf | KeyPurpose::DeviceCode | KeyPurpose::UserCode => {
            (KNOWN_TO_NODES, Some(DAY.saturating_mul(30)), Some(DAY))
        }
        // A nonce is fresh for minutes.
        KeyPurpose::DpopNonce => (KNOWN_TO_NODES, Some(HOUR), Some(HOUR)),
        // Tokens that may live for years carry its value.
        KeyPurpose::RefreshToken => (KNOWN_TO_NODES, Some(DAY.saturating_mul(365)), None),
        // Every hash names the key it was made with.
        KeyPurpose::Password => (KNOWN_TO_NODES, None, None),
        KeyPurpose::Subject => return None,
    };
    Some(Life { published, used, checked })
}

/// What time asks of keys that exist: a next key that is known long enough becomes active and its predecessor retires; a
/// retired key of which nothing lives goes.
pub(crate) fn turn(keys: &[SealedKey], now: Timestamp) -> Vec<Change> {
    let due = |key: &&SealedKey| ends(key).is_some_and(|at| at <= now);
    let mut changes = Vec::new();
    for purpose in KeyPurpose::ALL {
        // One at a time: a second one waits for the next turn.
        let Some(next) = of(keys, purpose, KeyState::Next).find(due) else { continue };
        changes.push(put(next, KeyState::Active, now));
        changes.extend(of(keys, purpose, KeyState::Active).map(|key| put(key, KeyState::Retired, now)));
    }
    let gone = keys.iter().filter(|key| key.state == KeyState::Retired).filter(due);
    changes.extend(gone.map(|key| Change::Delete(Key::SealedKey(key.id), key.version)));
    changes
}

/// The purposes whose next key is to be made now.
pub(crate) fn wanting(keys: &[SealedKey], now: Timestamp) -> Vec<KeyPurpose> {
    let wants = |purpose: &KeyPurpose| {
        let mut active = of(keys, *purpose, KeyState::Active).peekable();
        active.peek().is_some()
            && active.all(|key| ends(key).is_some_and(|at| at <= now))
            && next_of(keys, *purpose).is_none()
    };
    KeyPurpose::ALL.into_iter().filter(wants).collect()
}

/// When time asks for something the next time, as far as these keys tell.
pub(crate) fn next_turn(keys: &[SealedKey]) -> Option<Timestamp> {
    let has_successor = |key: &SealedKey| key.state == KeyState::Active && next_of(keys, key.purpose).is_some();
    keys.iter().filter(|key| !has_successor(key)).filter_map(ends).min()
}

/// When the present state of a key ends by itself: a next key becomes active, an active one gets a successor, a retired
/// one goes. `None` for never.
#[must_use]
pub fn ends(key: &SealedKey) -> Option<Timestamp> {
    let life = life(key.purpose)?;
    let lasts = match key.state {
        KeyState::Next => Some(life.published),
        KeyState::Active => life.used,
        KeyState::Retired => life.checked,
    };
    Some(key.changed_at + lasts?)
}

/// The next key of a purpose.
pub(crate) fn next_of(keys: &[SealedKey], purpose: KeyPurpose) -> Option<&SealedKey> {
    of(keys, purpose, KeyState::Next).next()
}

/// Takes a key out of use now, with whatever was made with it. Its successor is in use in the same moment, whether it was
/// known long enough or not.
pub(crate) fn retire(keys: &[SealedKey], id: KeyId, now: Timestamp) -> Result<Decision<()>, CannotRetire> {
    let key = keys.iter().find(|key| key.id == id).ok_or(CannotRetire::Unknown)?;
    if life(key.purpose).is_none() {
        return Err(CannotRetire::Lasting);
    }
    let mut decision = Decision::only(());
    if key.state == KeyState::Active {
        let other = of(keys, key.purpose, KeyState::Active).find(|other| other.id != id);
        match (other, next_of(keys, key.purpose)) {
            (Some(other), _) => decision.requires.push(Require::from(other)),
            (None, Some(next)) => decision.changes.push(put(next, KeyState::Active, now)),
            (None, None) => return Err(CannotRetire::NoSuccessor(key.purpose)),
        }
    }
    decision.changes.push(Change::Delete(Key::SealedKey(id), key.version));
    Ok(decision)
}

fn of(keys: &[SealedKey], purpose: KeyPurpose, state: KeyState) -> impl Iterator<Item = &SealedKey> {
    keys.iter().filter(move |key| key.purpose == purpose && key.state == state)
}

fn put(key: &SealedKey, state: KeyState, now: Timestamp) -> Change {
    Change::Put(Row::SealedKey(Box::new(SealedKey { state, changed_at: now, ..key.clone() })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8, purpose: KeyPurpose, state: KeyState, changed: Duration) -> SealedKey {
        let at = Timestamp::EPOCH + changed;
        let id = KeyId::from_bytes([n; 16]);
        SealedKey { id, purpose, state, sealed: Vec::new(), created_at: at, changed_at: at, version: 1 }
    }

    fn states(changes: &[Change]) -> Vec<(KeyId, Option<KeyState>)> {
        let state = |change: &Change| match change {
            Change::Put(Row::SealedKey(key)) => (key.id, Some(key.state)),
            Change::Delete(Key::SealedKey(id), 1) => (*id, None),
            other => panic!("{other:?}"),
        };
        changes.iter().map(state).collect()
    }

    fn at(after: Duration) -> Timestamp {
        Timestamp::EPOCH + after
    }

    const TICK: Duration = Duration::from_millis(1);

    #[test]
    fn oi_15_md_4_2_every_key_is_known_before_use_and_kept_after() {
        for purpose in KeyPurpose::ALL.into_iter().filter(|purpose| *purpose != KeyPurpose::Subject) {
            let life = life(purpose).unwrap();
            let keys = [
                key(1, purpose, KeyState::Active, Duration::ZERO),
                key(2, purpose, KeyState::Next, 100 * TICK),
                key(3, KeyPurpose::Subject, KeyState::Active, Duration::ZERO),
            ];
            let [one, two, _] = keys.each_ref().map(|key| key.id);
            let used = 100 * TICK + life.published;
            assert!(turn(&keys, at(used - TICK)).is_empty(), "{purpose:?}");
            assert_eq!(next_turn(&keys), Some(at(used)), "{purpose:?}");
            let turned = turn(&keys, at(used));
            assert_eq!(states(&turned), [(two, Some(KeyState::Active)), (one, Some(KeyState::Retired))], "{purpose:?}");
            let retired = [key(1, purpose, KeyState::Retired, Duration::ZERO)];
            match life.checked {
                Some(kept) => {
                    assert!(turn(&retired, at(kept - TICK)).is_empty(), "{purpose:?}");
                    assert_eq!(states(&turn(&retired, at(kept))), [(one, None)], "{purpose:?}");
                }
                None => assert!(turn(&retired, at(DAY * 100_000)).is_empty(), "{purpose:?}"),
            }
        }
        let signing = life(KeyPurpose::SignEs256).unwrap();
        assert!(signing.published > HOUR && signing.checked > Some(DAY + HOUR), "the longest cache, the longest token");
    }

    #[test]
    fn a_second_next_key_waits_for_its_own_turn() {
        let purpose = KeyPurpose::Csrf;
        let keys = [
            key(1, purpose, KeyState::Active, Duration::ZERO),
            key(2, purpose, KeyState::Next, Duration::ZERO),
            key(3, purpose, KeyState::Next, Duration::ZERO),
        ];
        let [one, two, _] = keys.each_ref().map(|key| key.id);
        assert_eq!(
            states(&turn(&keys, at(HOUR))),
            [(two, Some(KeyState::Active)), (one, Some(KeyState::Retired))],
            "never two active keys"
        );
    }

    #[test]
    fn a_successor_is_made_on_schedule_once_and_never_for_what_lasts() {
        let keys = KeyPurpose::ALL.map(|purpose| key(1, purpose, KeyState::Active, Duration::ZERO));
        assert_eq!(next_turn(&keys), Some(at(HOUR)), "nonces come first");
        assert!(wanting(&keys, at(HOUR - TICK)).is_empty());
        assert_eq!(wanting(&keys, at(HOUR)), [KeyPurpose::DpopNonce]);
        let late: Vec<_> = wanting(&keys, at(DAY * 100_000));
        let kept = [KeyPurpose::Password, KeyPurpose::Subject];
        assert_eq!(late, KeyPurpose::ALL.into_iter().filter(|purpose| !kept.contains(purpose)).collect::<Vec<_>>());
        let made = [
            key(1, KeyPurpose::SignRs256, KeyState::Active, Duration::ZERO),
            key(2, KeyPurpose::SignRs256, KeyState::Next, DAY * 90),
        ];
        assert!(wanting(&made, at(DAY * 91)).is_empty(), "there is one already");
        let new = [
            key(1, KeyPurpose::SignRs256, KeyState::Active, Duration::ZERO),
            key(2, KeyPurpose::SignRs256, KeyState::Active, DAY),
        ];
        assert!(wanting(&new, at(DAY * 90)).is_empty(), "the newest counts");
    }

    #[test]
    fn retiring_leaves_a_key_to_use_and_takes_nothing_else() {
        let purpose = KeyPurpose::SignEs256;
        let now = at(HOUR);
        let active = key(1, purpose, KeyState::Active, Duration::ZERO);
        let next = key(2, purpose, KeyState::Next, Duration::ZERO);
        let other = key(3, KeyPurpose::SignRs256, KeyState::Next, Duration::ZERO);
        let subject = key(4, KeyPurpose::Subject, KeyState::Active, Duration::ZERO);
        let alone = [active.clone(), other.clone(), subject.clone()];
        assert_eq!(retire(&alone, active.id, now).unwrap_err(), CannotRetire::NoSuccessor(purpose));
        assert_eq!(retire(&alone, next.id, now).unwrap_err(), CannotRetire::Unknown);
        assert_eq!(retire(&alone, subject.id, now).unwrap_err(), CannotRetire::Lasting);
        assert_eq!(states(&retire(&alone, other.id, now).unwrap().changes), [(other.id, None)]);
        let all = [active.clone(), next.clone(), other, subject];
        let decision = retire(&all, active.id, now).unwrap();
        assert_eq!(states(&decision.changes), [(next.id, Some(KeyState::Active)), (active.id, None)]);
        let twin = key(5, purpose, KeyState::Active, Duration::ZERO);
        let decision = retire(&[active.clone(), twin.clone()], active.id, now).unwrap();
        assert_eq!(states(&decision.changes), [(active.id, None)]);
        assert_eq!(decision.requires, [Require::from(&twin)], "two at once do not leave none");
    }
}
