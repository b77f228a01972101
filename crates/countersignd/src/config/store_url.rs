//! Where state is kept: `sqlite:FILE`, `postgres://…` or `memory:`.

use std::fmt;
use std::path::PathBuf;

use store::PostgresSettings;

use super::input::{Input, quoted};
use super::kinds::Read;
use super::shown::{Shown, shown_as_text};

/// A store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// In this process, and gone with it.
    Memory,
    /// In this PostgreSQL database.
    Postgres(Box<PostgresSettings>),
    /// In this SQLite database.
    Sqlite(PathBuf),
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            // Without user and password.
            Self::Postgres(settings) => f.write_str(&settings.place()),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

shown_as_text!(StoreUrl);

/// Reads a store's address. A relative path starts from the folder of the configuration file.
pub(super) fn store_url(input: &Input<'_>) -> Read<StoreUrl> {
    const EXPECTED: &str = "\"sqlite:FILE\", \"postgres://USER@HOST/DATABASE\" or \"memory:\"";
    let text = input.text(EXPECTED)?.trim();
    match text.split_once(':') {
        Some(("memory", "")) => Ok(StoreUrl::Memory),
        Some(("sqlite", file)) if file.starts_with("//") => {
            let plain = format!("sqlite:{}", file.trim_start_matches("//"));
            Err(format!("{} has two slashes too many; write {plain:?}", quoted(text)))
        }
        Some(("sqlite", ":memory:")) => Err(format!("{} is not a file; write \"memory:\"", quoted(text))),
        Some(("sqlite", file)) if !file.is_empty() => Ok(StoreUrl::Sqlite(input.base.join(file))),
        // The text may hold a password and is not repeated.
        Some(("postgres" | "postgresql", _)) => {
            PostgresSettings::parse(text).map(Box::new).map(StoreUrl::Postgres).map_err(|error| error.to_string())
        }
        Some((_, rest)) if rest.starts_with("//") => Err(format!("this kind of store is unknown; use {EXPECTED}")),
        _ => Err(input.mismatch(EXPECTED)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::input::Given;
    use super::*;

    #[test]
    fn stores_are_named_by_address() {
        let read = |text: &str| {
            store_url(&Input { given: Given::Text(text.to_owned().into()), base: Path::new("/etc/c") })
                .map(|url| url.to_string())
        };
        for (text, shown) in [
            ("memory:", "memory:"),
            ("sqlite:/var/lib/c.db", "sqlite:/var/lib/c.db"),
            ("sqlite:c.db", "sqlite:/etc/c/c.db"),
            ("postgres://me:pw@db:5433/c", "postgres://db:5433/c"),
            ("postgresql://me@/c?host=%2Frun%2Fpostgresql", "postgres:///run/postgresql/c"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(shown));
        }
        for (text, says) in [
            (
                "sqlite:///var/lib/c.db",
                "\"sqlite:///var/lib/c.db\" has two slashes too many; write \"sqlite:/var/lib/c.db\"",
            ),
            ("sqlite::memory:", "\"sqlite::memory:\" is not a file; write \"memory:\""),
            (
                "sqlite:",
                "expected \"sqlite:FILE\", \"postgres://USER@HOST/DATABASE\" or \"memory:\", found \"sqlite:\"",
            ),
            (
                "/var/lib/c.db",
                "expected \"sqlite:FILE\", \"postgres://USER@HOST/DATABASE\" or \"memory:\", found \"/var/lib/c.db\"",
            ),
            (
                "mysql://me:pw@db/c",
                "this kind of store is unknown; use \"sqlite:FILE\", \"postgres://USER@HOST/DATABASE\" or \"memory:\"",
            ),
            (
                "postgres://me:pw@db/c?sslmode=prefer",
                "sslmode prefer is not supported; use \"require\", which also checks the certificate, or \"disable\" where \
                 nobody else is on the network",
            ),
        ] {
            assert_eq!(read(text), Err(says.to_owned()));
        }
    }
}
