//! Rows and tables: for each kind of row its columns, its writing and its strict reading. Statements are made of them
//! elsewhere, once.

mod client;
mod deployment;
mod family;
mod grant;
mod initial_token;
mod sealed_key;
mod session;
mod spent;
mod user;

use proto::change::{Key, Row as Put, Spent, Unique};
use proto::model::{Client, ClientAddress, Family, Grant, InitialToken, SealedKey, Session, User};
use tokio_postgres::Row;

use super::column::Column;
use super::error::store_error;
use super::value::Kind::Bytes;
use super::value::{Cell, Kind, Value};
use crate::StoreError;
use crate::view::Load;

/// A kind of row.
pub(super) trait Table: Sized {
    /// Its table.
    const TABLE: Description;

    /// Reads a row in the order of its columns.
    fn read(columns: &mut Columns<'_>) -> Load<Self>;
    /// Its values in the order of its columns, without those that every table ends with.
    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>);
}

/// A table: `id`, columns of its own, `commit_id`, and `version` where rows are written again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Description {
    /// Its name.
    pub(super) name: &'static str,
    /// `id` and the columns of its own.
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Whether its rows are written again.
    pub(super) is_versioned: bool,
}

impl Description {
    /// Columns of which the first is `id`.
    const fn new(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Self {
        Self { name, columns, is_versioned: true }
    }

    /// How `id` is cast.
    pub(super) fn key(&self) -> &'static str {
        self.columns.first().map_or(Bytes, |(_, kind)| *kind).name()
    }

    /// What is read of a row, each column after `prefix`.
    pub(super) fn selected(&self, prefix: &str) -> String {
        let own = self.columns.iter().map(|(name, _)| *name);
        own.chain(["version"]).map(|name| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ")
    }
}

/// The table of a key.
pub(super) const fn table(key: &Key) -> &'static Description {
    match key {
        Key::Client(_) => &Client::TABLE,
        Key::Deployment => &proto::change::Deployment::TABLE,
        Key::Family(_) => &Family::TABLE,
        Key::Grant(_) => &Grant::TABLE,
        Key::InitialToken(_) => &InitialToken::TABLE,
        Key::SealedKey(_) => &SealedKey::TABLE,
        Key::Session(_) => &Session::TABLE,
        Key::Spent(_) => &Spent::TABLE,
        Key::User(_) => &User::TABLE,
    }
}

/// A key as the `id` of its table.
pub(super) fn id(key: &Key) -> Value<'_> {
    match key {
        Key::Client(id) => id.write(),
        Key::Deployment => Value::Integer(1),
        Key::Family(id) => id.write(),
        Key::Grant(id) => id.write(),
        Key::InitialToken(id) => id.write(),
        Key::SealedKey(id) => id.write(),
        Key::Session(id) => id.write(),
        Key::Spent(id) => id.0.write(),
        Key::User(id) => id.write(),
    }
}

/// The values of a row that is to be written.
pub(super) fn values<'a>(row: &'a Put, values: &mut Vec<Value<'a>>) {
    match row {
        Put::Client(row) => row.write(values),
        Put::Deployment(row) => row.write(values),
        Put::Family(row) => row.write(values),
        Put::Grant(row) => row.write(values),
        Put::InitialToken(row) => row.write(values),
        Put::SealedKey(row) => row.write(values),
        Put::Session(row) => row.write(values),
        Put::Spent(row) => row.write(values),
        Put::User(row) => row.write(values),
    }
}

/// What two rows share that this constraint keeps apart; `None` when it is none of ours.
pub(super) fn unique(constraint: &str) -> Option<Unique> {
    Some(match constraint {
        "clients_pkey" => Unique::ClientId,
        "deployment_pkey"
        | "families_pkey"
        | "initial_tokens_pkey"
        | "sealed_keys_pkey"
        | "sessions_pkey"
        | "users_pkey" => Unique::Row,
        "grants_pkey" => Unique::DeviceCode,
        "grants_user_code_key" => Unique::UserCode,
        "sessions_token_key" => Unique::SessionToken,
        "spent_pkey" => Unique::Spent,
        "users_name_key" => Unique::UserName,
        _ => return None,
    })
}

/// The columns of a row, taken one after the other.
pub(super) struct Columns<'r> {
    row: &'r Row,
    table: &'static str,
    first: usize,
    at: usize,
}

impl<'r> Columns<'r> {
    /// Those of a row that has nothing before them.
    pub(super) const fn all(row: &'r Row, table: &'static str) -> Self {
        Self { row, table, first: 0, at: 0 }
    }

    /// Those after the key.
    pub(super) const fn after_key(row: &'r Row, table: &'static str) -> Self {
        Self { row, table, first: 0, at: 1 }
    }

    /// The next column.
    pub(super) fn next<T: Column>(&mut self) -> Load<T> {
        let at = self.at;
        self.at += 1;
        let cell: Cell<'_> = self.row.try_get(at).map_err(|error| store_error(&error))?;
        T::read(cell).ok_or_else(|| self.corrupt(format!("column {} holds {}", self.name(at), shape(cell))))
    }

    /// Two columns that make an address.
    fn address(&mut self) -> Load<ClientAddress> {
        Ok(ClientAddress { ip: self.next()?, origin: self.next()? })
    }

    /// This row is none of its kind.
    fn corrupt(&self, what: impl Into<String>) -> StoreError {
        let row = match self.row.try_get(self.first) {
            Ok(Cell::Bytes(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Ok(Cell::Integer(number)) => number.to_string(),
            Ok(Cell::Text(text)) => text.to_owned(),
            Ok(Cell::Bool(_) | Cell::Null) | Err(_) => "without a key".to_owned(),
        };
        StoreError::Corrupt { table: self.table, row, what: what.into() }
    }

    fn name(&self, at: usize) -> &str {
        self.row.columns().get(at).map_or("?", tokio_postgres::Column::name)
    }

    /// A row of this table, or its empty columns where a join found none.
    fn part<T: Table>(&mut self) -> Load<Option<T>> {
        let first = self.at;
        let missing = self.row.try_get::<_, Cell<'_>>(first).is_ok_and(|cell| cell == Cell::Null);
        self.at = first + T::TABLE.columns.len() + 1;
        if missing {
            return Ok(None);
        }
        T::read(&mut Columns { row: self.row, table: T::TABLE.name, first, at: first }).map(Some)
    }
}

/// What a value looks like, without showing it: it may be a person's.
fn shape(cell: Cell<'_>) -> String {
    match cell {
        Cell::Bool(value) => value.to_string(),
        Cell::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Cell::Integer(number) => format!("the number {number}"),
        Cell::Null => "nothing".to_owned(),
        Cell::Text(text) => format!("a text of {} bytes that is none of its values", text.len()),
    }
}

/// Takes the rows that a joined one is made of, one after the other.
pub(super) struct Joined<'r>(Columns<'r>);

impl<'r> Joined<'r> {
    pub(super) const fn of(row: &'r Row) -> Self {
        Self(Columns::all(row, "joined rows"))
    }

    /// The next one, if the join found it.
    pub(super) fn next<T: Table>(&mut self) -> Load<Option<T>> {
        self.0.part()
    }
}
