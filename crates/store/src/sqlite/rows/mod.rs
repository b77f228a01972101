//! Rows and tables: for each kind of row its statements, its writing and its strict reading.
//!
//! All statements that put a row have the same parameters: its columns, then the commit, last the version that was read.

mod client;
mod deployment;
mod family;
mod grant;
mod initial_token;
mod sealed_key;
mod session;
mod spent;
mod user;

use proto::change::{Key, Unique};
use proto::model::{ClientAddress, CommitId, Version};
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Connection, Params, Row};

pub(super) use self::spent::spend;
use super::column::{As, Column};
use super::error::{is_unique_clash, store_error};
use crate::memory::key_unique;
use crate::view::Load;
use crate::{Outcome, StoreError};

/// A kind of row.
pub(super) trait Table: Sized {
    /// Its table.
    const NAME: &'static str;
    /// Its columns from a table or an index, without what narrows them down.
    const SELECT: &'static str;
    /// Puts a row that must not exist yet.
    const INSERT: &'static str;
    /// Replaces the row that has this key and version.
    const UPDATE: &'static str;
    /// The same for a row whose indexed columns stay what they are, which spares their indices. It may miss.
    const UPDATE_FEW: Option<&'static str> = None;
    /// The unique value it has beside its key.
    const UNIQUE: Option<Unique>;

    /// Its key.
    fn key(&self) -> Key;
    /// The version that was read.
    fn version(&self) -> Version;
    /// Reads a row in the order of [`Self::SELECT`].
    fn read(columns: &mut Columns<'_>) -> Load<Self>;
    /// Runs a statement that puts it.
    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize>;
}

/// The columns of a row, taken one after the other.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    at: usize,
}

impl Columns<'_> {
    /// The next column.
    pub(super) fn next<T: Column>(&mut self) -> Load<T> {
        let at = self.at;
        self.at += 1;
        let value = self.row.get_ref(at).map_err(store_error)?;
        T::read(value).ok_or_else(|| self.corrupt(format!("column {} holds {}", self.name(at), shape(value))))
    }

    /// Two columns that make an address.
    pub(super) fn address(&mut self) -> Load<ClientAddress> {
        Ok(ClientAddress { ip: self.next()?, origin: self.next()? })
    }

    /// This row is none of its kind.
    pub(super) fn corrupt(&self, what: impl Into<String>) -> StoreError {
        let row = match self.row.get_ref(0) {
            Ok(ValueRef::Blob(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Ok(ValueRef::Integer(number)) => number.to_string(),
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            Ok(ValueRef::Null | ValueRef::Real(_)) | Err(_) => "without a key".to_owned(),
        };
        StoreError::Corrupt { table: self.table, row, what: what.into() }
    }

    fn name(&self, at: usize) -> &str {
        self.row.as_ref().column_name(at).unwrap_or("?")
    }
}

/// What a value looks like, without showing it: it may be a person's.
fn shape(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
        ValueRef::Integer(number) => format!("the number {number}"),
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Real(_) => "a fraction".to_owned(),
        ValueRef::Text(text) => format!("a text of {} bytes that is none of its values", text.len()),
    }
}

/// The row that `narrowed`, which begins with the table's `SELECT`, finds.
pub(super) fn one<T: Table>(connection: &Connection, narrowed: &str, params: impl Params) -> Load<Option<T>> {
    let mut statement = connection.prepare_cached(narrowed).map_err(store_error)?;
    let mut rows = statement.query(params).map_err(store_error)?;
    let row = rows.next().map_err(store_error)?;
    row.map(|row| T::read(&mut Columns { row, table: T::NAME, at: 0 })).transpose()
}

/// All rows that `narrowed` finds.
pub(super) fn all<T: Table>(connection: &Connection, narrowed: &str, params: impl Params) -> Load<Vec<T>> {
    let mut statement = connection.prepare_cached(narrowed).map_err(store_error)?;
    let mut rows = statement.query(params).map_err(store_error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        found.push(T::read(&mut Columns { row, table: T::NAME, at: 0 })?);
    }
    Ok(found)
}

/// Puts a row in place; what stops it, if anything does.
pub(super) fn put<T: Table>(connection: &Connection, row: &T, commit: CommitId) -> Load<Option<Outcome>> {
    let execute = |sql: &str| match connection.prepare_cached(sql) {
        Ok(mut statement) => row.put(&mut statement, commit),
        Err(error) => Err(error),
    };
    let written = if row.version() == 0 {
        execute(T::INSERT)
    } else {
        match T::UPDATE_FEW.map(execute) {
            None | Some(Ok(0)) => execute(T::UPDATE),
            Some(written) => written,
        }
    };
    match written {
        Ok(0) => Ok(Some(Outcome::Conflict)),
        Ok(_) => Ok(None),
        Err(error) if is_unique_clash(&error) => {
            let key = row.key();
            let unique =
                if row.version() == 0 && version(connection, &key)? != 0 { Some(key_unique(&key)) } else { T::UNIQUE };
            unique.map(|unique| Some(Outcome::Taken(unique))).ok_or_else(|| store_error(error))
        }
        Err(error) => Err(store_error(error)),
    }
}

/// Removes the row of a key if it has this version; what stops it, if anything does.
pub(super) fn delete(connection: &Connection, key: &Key, version: Version) -> Load<Option<Outcome>> {
    let Some(sql) = statements(key).delete else {
        return Ok(Some(Outcome::Conflict));
    };
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let removed = statement.execute((KeyColumn(key), As(&version))).map_err(store_error)?;
    Ok((removed == 0).then_some(Outcome::Conflict))
}

/// The version of a row; 0 when there is none.
pub(super) fn version(connection: &Connection, key: &Key) -> Load<Version> {
    Ok(column(connection, statements(key).version, key)?.unwrap_or(0))
}

/// The commit that wrote a row last.
pub(super) fn stamp(connection: &Connection, key: &Key) -> Load<Option<CommitId>> {
    column(connection, statements(key).stamp, key)
}

/// The key that a row of `table` begins with.
pub(super) fn id<T: Column>(row: &Row<'_>, table: &'static str) -> Load<T> {
    Columns { row, table, at: 0 }.next()
}

fn column<T: Column>(connection: &Connection, sql: &str, key: &Key) -> Load<Option<T>> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let mut rows = statement.query([KeyColumn(key)]).map_err(store_error)?;
    let row = rows.next().map_err(store_error)?;
    row.map(|row| Columns { row, table: statements(key).table, at: 1 }.next()).transpose()
}

/// What can be asked of any row by its key.
struct Statements {
    table: &'static str,
    version: &'static str,
    stamp: &'static str,
    /// `None` for what goes by being swept alone.
    delete: Option<&'static str>,
}

macro_rules! statements {
    ($table:literal) => {
        Statements {
            table: $table,
            version: concat!("SELECT id, version FROM ", $table, " WHERE id = ?1"),
            stamp: concat!("SELECT id, commit_id FROM ", $table, " WHERE id = ?1"),
            delete: Some(concat!("DELETE FROM ", $table, " WHERE id = ?1 AND version = ?2")),
        }
    };
}

const fn statements(key: &Key) -> Statements {
    match key {
        Key::Client(_) => statements!("clients"),
        Key::Deployment => statements!("deployment"),
        Key::Family(_) => statements!("families"),
        Key::Grant(_) => statements!("grants"),
        Key::InitialToken(_) => statements!("initial_tokens"),
        Key::SealedKey(_) => statements!("sealed_keys"),
        Key::Session(_) => statements!("sessions"),
        // It is there or not, and so its version is 1 or 0.
        Key::Spent(_) => Statements {
            table: "spent",
            version: "SELECT id, 1 FROM spent WHERE id = ?1",
            stamp: "SELECT id, commit_id FROM spent WHERE id = ?1",
            delete: None,
        },
        Key::User(_) => statements!("users"),
    }
}

/// A key as the `id` of its table.
struct KeyColumn<'a>(&'a Key);

impl ToSql for KeyColumn<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Key::Client(id) => id.write(),
            Key::Deployment => Ok(ToSqlOutput::Owned(Value::Integer(1))),
            Key::Family(id) => id.write(),
            Key::Grant(id) => id.write(),
            Key::InitialToken(id) => id.write(),
            Key::SealedKey(id) => id.write(),
            Key::Session(id) => id.write(),
            Key::Spent(id) => id.0.write(),
            Key::User(id) => id.write(),
        }
    }
}
