//! A commit as one statement, which is a transaction by itself: what was read is locked and checked first, in the order of
//! keys, and everything written depends on that. It says whether all of it was carried out, or nothing.

use proto::change::{Change, Commit, Key, Require};
use proto::model::Version;

use super::rows;
use super::text::{Lock, Text};

/// The statement of a commit; `None` when it writes two rows of a table, which not every database does in one statement,
/// or asks for two things of a row at once.
pub(super) fn statement<'a>(commit: &'a Commit, words: &'a str) -> Option<Text<'a>> {
    let keys: Vec<(Key, Version)> = commit.changes.iter().map(written).collect();
    for (at, (key, _)) in keys.iter().enumerate() {
        let table = rows::table(key).name;
        // No statement deletes what goes by being swept alone.
        let is_wrong = matches!((key, &commit.changes.get(at)), (Key::Spent(_), Some(Change::Delete(..))));
        if is_wrong || keys.iter().take(at).any(|(other, _)| rows::table(other).name == table) {
            return None;
        }
    }
    let requires = unwritten(&commit.requires, &keys)?;
    let (seen, mut locks): (Vec<&Require>, Vec<&Require>) =
        requires.into_iter().partition(|require| !is_locked(require));
    locks.sort_by(|a, b| a.key.cmp(&b.key));
    let mut replaced: Vec<&'a Change> = commit.changes.iter().filter(|change| !is_insert(change)).collect();

    let mut statement = Statement { text: Text::default(), gate: None };
    statement.see(&seen);
    for require in locks {
        statement.lock(&require.key, require.version, Lock::Share);
    }
    // The last write that can miss is a check by itself, and what may clash comes after it.
    let first = if replaced.len() == 1 { replaced.pop() } else { None };
    replaced.sort_by_key(|change| written(change).0);
    for change in replaced {
        let (key, version) = written(change);
        statement.lock(&key, version, Lock::Update);
    }
    if let Some(change) = first {
        statement.write(change, commit, true);
    }
    for change in commit.changes.iter().filter(|change| first.is_none_or(|first| !std::ptr::eq(*change, first))) {
        statement.write(change, commit, false);
    }
    if !words.is_empty() {
        statement.begin("told");
        let gate = statement.condition();
        statement.text.tell(commit.id, words, gate.as_deref());
        statement.text.push(")");
    }
    Some(statement.finish())
}

/// Whether a refusal of the statement can only be a conflict: nothing that another row's unique value could have stopped
/// comes before the last row that may be stale.
pub(super) fn refusal_is_conflict(commit: &Commit) -> bool {
    let last = commit.changes.iter().rposition(|change| !is_insert(change)).unwrap_or(0);
    !commit.changes.iter().take(last).any(may_clash)
}

/// Whether there is only one change that another row's unique value can stop.
pub(super) fn clash_is_certain(commit: &Commit) -> bool {
    commit.changes.iter().filter(|change| may_clash(change)).count() == 1
}

fn may_clash(change: &Change) -> bool {
    match change {
        Change::Delete(..) => false,
        Change::Put(row) => row.version() == 0 || matches!(row.key(), Key::Grant(_) | Key::Session(_) | Key::User(_)),
    }
}

/// Whether a change puts a row that must not exist yet.
pub(super) fn is_insert(change: &Change) -> bool {
    matches!(change, Change::Put(row) if row.version() == 0)
}

/// The key that a change writes and the version that it wants there.
pub(super) fn written(change: &Change) -> (Key, Version) {
    match change {
        Change::Delete(key, version) => (key.clone(), *version),
        Change::Put(row) => (row.key(), row.version()),
    }
}

/// Whether a row that was read is locked for as long as it matters. Clients are not: thousands of commits at once require
/// one of them, and their epoch is compared as it was when the statement began. What is absent cannot be.
pub(super) const fn is_locked(require: &Require) -> bool {
    require.version != 0 && !matches!(require.key, Key::Client(_) | Key::Spent(_))
}

/// The requirements that no change checks by itself; `None` when a change and a requirement, or two, cannot both hold.
fn unwritten<'a>(requires: &'a [Require], keys: &[(Key, Version)]) -> Option<Vec<&'a Require>> {
    let mut kept: Vec<&Require> = Vec::with_capacity(requires.len());
    for require in requires {
        match keys.iter().find(|(key, _)| *key == require.key) {
            Some((_, version)) if *version == require.version && *version != 0 => {}
            Some(_) => return None,
            None => match kept.iter().find(|other| other.key == require.key) {
                Some(other) if other.version == require.version => {}
                Some(_) => return None,
                None => kept.push(require),
            },
        }
    }
    Some(kept)
}

/// The statement so far. Its parts are `p1`, `p2`, …
struct Statement<'a> {
    text: Text<'a>,
    /// The part that has a row only if every check so far held.
    gate: Option<String>,
}

impl<'a> Statement<'a> {
    fn begin(&mut self, name: &str) {
        self.text.push(if self.text.sql.is_empty() { "WITH " } else { ", " });
        self.text.push(name);
        self.text.push(" AS (");
    }

    /// Begins the part that all that follow depend on.
    fn begin_gate(&mut self) -> Option<String> {
        let condition = self.condition();
        let name = format!("p{}", self.text.values.len());
        self.begin(&name);
        self.gate = Some(name);
        condition
    }

    fn condition(&self) -> Option<String> {
        self.gate.as_ref().map(|gate| format!("EXISTS (SELECT 1 FROM {gate})"))
    }

    /// What is compared without a lock.
    fn see(&mut self, requires: &[&Require]) {
        if requires.is_empty() {
            return;
        }
        self.begin_gate();
        for (at, require) in requires.iter().enumerate() {
            self.text.push(if at == 0 { "SELECT 1 WHERE " } else { " AND " });
            self.text.holds(require);
        }
        self.text.push(")");
    }

    fn lock(&mut self, key: &Key, version: Version, lock: Lock) {
        let condition = self.begin_gate();
        self.text.locked(key, version, lock, condition.as_deref());
        self.text.push(")");
    }

    fn write(&mut self, change: &'a Change, commit: &Commit, is_gate: bool) {
        let condition = if is_gate {
            self.begin_gate()
        } else {
            let name = format!("p{}", self.text.values.len());
            self.begin(&name);
            self.condition()
        };
        let condition = condition.as_deref();
        match change {
            Change::Delete(key, version) => self.text.delete(key, *version, condition),
            Change::Put(row) => {
                let table = rows::table(&row.key());
                if row.version() == 0 {
                    self.text.insert(table, row, commit.id, condition);
                } else {
                    self.text.update(table, row, commit.id, condition);
                }
            }
        }
        self.text.push(")");
    }

    /// With what it answers: 1 when everything was carried out, 0 when nothing was.
    fn finish(mut self) -> Text<'a> {
        match &self.gate {
            Some(gate) => self.text.sql.push_str(&format!(" SELECT count(*) FROM {gate}")),
            None => self.text.push(" SELECT 1::bigint"),
        }
        self.text
    }
}
