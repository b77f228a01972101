//! Where state is kept: `sqlite:FILE` or `memory:`.

use std::fmt;
use std::path::PathBuf;

use super::input::{Input, quoted};
use super::kinds::Read;
use super::shown::{Shown, shown_as_text};

/// A store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// In this process, and gone with it.
    Memory,
    /// In this SQLite database.
    Sqlite(PathBuf),
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

shown_as_text!(StoreUrl);

/// Reads a store's address. A relative path starts from the folder of the configuration file.
pub(super) fn store_url(input: &Input<'_>) -> Read<StoreUrl> {
    const EXPECTED: &str = "\"sqlite:FILE\" or \"memory:\"";
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
            Err(format!("PostgreSQL is not yet available in this version; use {EXPECTED}"))
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
        ] {
            assert_eq!(read(text).as_deref(), Ok(shown));
        }
        for (text, says) in [
            (
                "sqlite:///var/lib/c.db",
                "\"sqlite:///var/lib/c.db\" has two slashes too many; write \"sqlite:/var/lib/c.db\"",
            ),
            ("sqlite::memory:", "\"sqlite::memory:\" is not a file; write \"memory:\""),
            ("sqlite:", "expected \"sqlite:FILE\" or \"memory:\", found \"sqlite:\""),
            ("/var/lib/c.db", "expected \"sqlite:FILE\" or \"memory:\", found \"/var/lib/c.db\""),
            ("mysql://me:pw@db/c", "this kind of store is unknown; use \"sqlite:FILE\" or \"memory:\""),
            (
                "postgres://me:pw@db/c",
                "PostgreSQL is not yet available in this version; use \"sqlite:FILE\" or \"memory:\"",
            ),
        ] {
            assert_eq!(read(text), Err(says.to_owned()));
        }
    }
}
