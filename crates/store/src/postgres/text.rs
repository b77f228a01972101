//! Statements as they are put together: a text with numbered parameters, and their values.

use proto::change::{Key, Require, Row};
use proto::model::{CommitId, Version};

use super::column::Column as _;
use super::rows::{self, Description};
use super::value::Value;

/// A statement and its values.
#[derive(Debug, Default)]
pub(super) struct Text<'a> {
    pub(super) sql: String,
    pub(super) values: Vec<Value<'a>>,
}

/// How a row is locked while it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// Others may look, nobody may write.
    Share,
    /// It is written in the same transaction.
    Update,
}

impl Lock {
    const fn clause(self) -> &'static str {
        match self {
            Self::Share => " FOR SHARE",
            Self::Update => " FOR UPDATE",
        }
    }
}

impl<'a> Text<'a> {
    pub(super) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// A parameter.
    pub(super) fn value(&mut self, value: Value<'a>, kind: &str) {
        self.values.push(value);
        self.sql.push_str(&format!("${}::{kind}", self.values.len()));
    }

    /// `AND …`, where there is a condition.
    fn also(&mut self, condition: Option<&str>) {
        if let Some(condition) = condition {
            self.push(" AND ");
            self.push(condition);
        }
    }

    /// `FROM table WHERE id = … AND version = …`: the row of a key, if it has this version. What has none is there or not.
    pub(super) fn row(&mut self, key: &Key, version: Version) {
        let table = rows::table(key);
        self.push(" FROM ");
        self.push(table.name);
        self.push(" WHERE id = ");
        self.value(rows::id(key).into_owned(), table.key());
        if table.is_versioned {
            self.push(" AND version = ");
            self.value(version.write().into_owned(), "bigint");
        } else if version != 1 {
            self.push(" AND false");
        }
    }

    /// `SELECT …`: one row if that of a key has this version, which is locked.
    pub(super) fn locked(&mut self, key: &Key, version: Version, lock: Lock, condition: Option<&str>) {
        self.push("SELECT 1");
        self.row(key, version);
        self.also(condition);
        self.push(lock.clause());
    }

    /// A condition that a requirement holds, without a lock.
    pub(super) fn holds(&mut self, require: &Require) {
        if require.version == 0 {
            let table = rows::table(&require.key);
            self.push("NOT EXISTS (SELECT 1 FROM ");
            self.push(table.name);
            self.push(" WHERE id = ");
            self.value(rows::id(&require.key).into_owned(), table.key());
        } else {
            self.push("EXISTS (SELECT 1");
            self.row(&require.key, require.version);
        }
        self.push(")");
    }

    /// `INSERT …` of a row that must not exist yet.
    pub(super) fn insert(&mut self, table: &Description, row: &'a Row, commit: CommitId, condition: Option<&str>) {
        let mut values = Vec::with_capacity(table.columns.len());
        rows::values(row, &mut values);
        self.push("INSERT INTO ");
        self.push(table.name);
        self.push(" (");
        for (column, _) in table.columns {
            self.push(column);
            self.push(", ");
        }
        self.push(if table.is_versioned { "commit_id, version) SELECT " } else { "commit_id) SELECT " });
        for (value, (_, kind)) in values.into_iter().zip(table.columns) {
            self.value(value, kind.name());
            self.push(", ");
        }
        self.value(commit.write().into_owned(), "bytea");
        if table.is_versioned {
            self.push(", 1");
        }
        if let Some(condition) = condition {
            self.push(" WHERE ");
            self.push(condition);
        }
        self.push(" RETURNING 1");
    }

    /// `UPDATE …` of the row that has this key and version.
    pub(super) fn update(&mut self, table: &Description, row: &'a Row, commit: CommitId, condition: Option<&str>) {
        let mut values = Vec::with_capacity(table.columns.len());
        rows::values(row, &mut values);
        let mut columns = values.into_iter().zip(table.columns);
        let id = columns.next();
        self.push("UPDATE ");
        self.push(table.name);
        self.push(" SET ");
        for (value, (column, kind)) in columns {
            self.push(column);
            self.push(" = ");
            self.value(value, kind.name());
            self.push(", ");
        }
        self.push("commit_id = ");
        self.value(commit.write().into_owned(), "bytea");
        self.push(", version = version + 1 WHERE version = ");
        self.value(row.version().write().into_owned(), "bigint");
        if let Some((id, (_, kind))) = id {
            self.push(" AND id = ");
            self.value(id, kind.name());
        }
        self.also(condition);
        self.push(" RETURNING 1");
    }

    /// `DELETE …` of the row that has this key and version.
    pub(super) fn delete(&mut self, key: &Key, version: Version, condition: Option<&str>) {
        self.push("DELETE");
        self.row(key, version);
        self.also(condition);
        self.push(" RETURNING 1");
    }

    /// `INSERT …` of what other nodes are told.
    pub(super) fn tell(&mut self, commit: CommitId, words: &'a str, condition: Option<&str>) {
        self.push("INSERT INTO changes (at, commit_id, told) SELECT clock_timestamp(), ");
        self.value(commit.write().into_owned(), "bytea");
        self.push(", ");
        self.value(words.into(), "text");
        if let Some(condition) = condition {
            self.push(" WHERE ");
            self.push(condition);
        }
    }
}
