//! How a commit is told to other nodes: one word for each row that it wrote, in the table of changes and in notifications.

use proto::change::{Change, Commit, Key};
use proto::model::{CommitId, Version};

use crate::{FeedEvent, name};

/// What a notification holds at most; PostgreSQL takes less than 8000 bytes.
const PAYLOAD: usize = 7900;
/// In place of the words: there are too many, the table has them.
const LOOK: &str = "?";

/// The events of a commit. Nobody listens for proofs that were used.
pub(super) fn events(commit: &Commit) -> Vec<FeedEvent> {
    let told = commit.changes.iter().map(|change| match change {
        Change::Delete(key, _) => (key.clone(), 0),
        Change::Put(row) => (row.key(), row.version().saturating_add(1)),
    });
    told.filter(|(key, _)| name::of(key).is_some()).map(|(key, version)| FeedEvent::Changed(key, version)).collect()
}

/// Their words, divided by blanks.
pub(super) fn words(events: &[FeedEvent]) -> String {
    let mut text = String::new();
    for event in events {
        if let FeedEvent::Changed(key, version) = event {
            write(&mut text, key, *version);
        }
    }
    text
}

fn write(text: &mut String, key: &Key, version: Version) {
    let Some((kind, id)) = name::of(key) else {
        return;
    };
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(kind);
    text.push('/');
    text.push_str(&hex(id));
    text.push('/');
    text.push_str(&version.to_string());
}

/// The events of words. What a later program may have written is a doubt.
pub(super) fn read(words: &str) -> Vec<FeedEvent> {
    crate::word::split(words).map(|word| event(word).unwrap_or(FeedEvent::Doubt)).collect()
}

fn event(word: &str) -> Option<FeedEvent> {
    let mut parts = word.split('/');
    let (kind, id, version) = (parts.next()?, unhex(parts.next()?)?, parts.next()?.parse().ok()?);
    Some(FeedEvent::Changed(name::key(kind, &id)?, version)).filter(|_| parts.next().is_none())
}

/// Commits and their words as the payloads of notifications, as few as can be.
pub(super) fn payloads(told: &[(CommitId, String)]) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for (commit, words) in told {
        let words = if words.len() > PAYLOAD / 2 { LOOK } else { words };
        let line = format!("{} {words}", hex(commit.as_bytes()));
        match payloads.last_mut() {
            Some(last) if last.len() + 1 + line.len() <= PAYLOAD => {
                last.push('\n');
                last.push_str(&line);
            }
            _ => payloads.push(line),
        }
    }
    payloads
}

/// One line of a payload.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// This commit wrote these rows.
    Commit(CommitId, Vec<FeedEvent>),
    /// The table says more.
    Look,
}

/// What a payload says.
pub(super) fn heard(payload: &str) -> Vec<Heard> {
    let line = |line: &str| {
        let (commit, words) = line.split_once(' ')?;
        let commit = CommitId::from_bytes(unhex(commit)?.try_into().ok()?);
        (words != LOOK).then(|| Heard::Commit(commit, read(words)))
    };
    payload.lines().map(|text| line(text).unwrap_or(Heard::Look)).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

#[cfg(test)]
mod tests {
    use proto::change::Row;

    use super::*;
    use crate::conformance::Maker;

    #[test]
    fn every_kind_of_row_is_told_and_understood() {
        let mut maker = Maker::new(80);
        let rows = maker.every_row();
        let mut commit = maker.puts(rows.clone());
        commit.changes.push(Change::Delete(Row::User(maker.user().into()).key(), 3));
        let told = events(&commit);
        let used = rows.iter().filter(|row| matches!(row, Row::Spent(_))).count();
        assert_eq!(told.len(), commit.changes.len() - used, "all but used proofs");
        assert_eq!(read(&words(&told)), told);
        let payloads = payloads(&[(commit.id, words(&told[..3]))]);
        assert_eq!(payloads.len(), 1);
        assert_eq!(heard(&payloads[0]), [Heard::Commit(commit.id, told[..3].to_vec())]);
    }

    #[test]
    fn what_is_not_understood_is_a_doubt_or_a_reason_to_look() {
        for word in ["planet/00/1", "user/00/1", "user/zz/1", "user", "user/00000000000000000000000000000000/x"] {
            assert_eq!(read(word), [FeedEvent::Doubt], "{word}");
        }
        assert_eq!(read(""), []);
        assert_eq!(heard("nonsense"), [Heard::Look]);
        let id = CommitId::from_bytes([7; 16]);
        let many = payloads(&[(id, "x".repeat(5000)), (id, String::new())]);
        assert_eq!(many.iter().map(|text| heard(text)).collect::<Vec<_>>(), [[Heard::Look, Heard::Commit(id, vec![])]]);
        let told: Vec<_> = (0..500).map(|_| (id, words(&[FeedEvent::Changed(Key::Deployment, 1)]))).collect();
        let several = payloads(&told);
        assert!(several.len() > 1 && several.iter().all(|text| text.len() <= PAYLOAD));
        assert_eq!(several.iter().map(|text| heard(text).len()).sum::<usize>(), 500);
    }
}
