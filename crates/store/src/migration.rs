//! Steps of a schema, forward only: each once, each with its checksum and the oldest program that may run on what it leaves.
//! How a step is carried out is each database's own business.

use sha2::{Digest as _, Sha256};

use crate::StoreError;
use crate::view::Load;

/// One step of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its place in the order, from 1.
    pub number: u32,
    /// What it is about.
    pub name: &'static str,
    /// The oldest version of this program that may run on the schema after it.
    pub min_version: &'static str,
    pub(crate) sql: &'static str,
}

/// A step that a database says it has seen.
pub(crate) struct Seen {
    pub(crate) number: u32,
    pub(crate) checksum: Vec<u8>,
    pub(crate) min_version: String,
}

/// This program's version.
const OWN: &str = env!("CARGO_PKG_VERSION");

impl Migration {
    pub(crate) fn checksum(&self) -> [u8; 32] {
        Sha256::digest(self.sql.replace("\r\n", "\n")).into()
    }
}

/// The steps of `all` that are still to be carried out; refuses a database whose history is not ours, or that is too new.
pub(crate) fn pending(all: &[Migration], seen: &[Seen]) -> Load<Vec<Migration>> {
    for Seen { number, checksum, min_version } in seen {
        match all.iter().find(|step| step.number == *number) {
            Some(step) if step.checksum().as_slice() != checksum => {
                return Err(corrupt(*number, "it is not the migration of this number that this program knows"));
            }
            Some(_) => {}
            None => match (parse(min_version), parse(OWN)) {
                (Some(needed), Some(own)) if needed <= own => {}
                (Some(_), _) => {
                    return Err(StoreError::TooNew { needed: min_version.clone(), own: OWN.to_owned() });
                }
                (None, _) => return Err(corrupt(*number, "column min_version holds no version")),
            },
        }
    }
    Ok(all.iter().filter(|step| !seen.iter().any(|seen| seen.number == step.number)).copied().collect())
}

/// Major, minor and patch version (Semantic Versioning 2.0.0); what follows them does not count.
fn parse(version: &str) -> Option<[u64; 3]> {
    let core = version.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse().ok());
    let parsed = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(parsed)
}

fn corrupt(number: u32, what: &str) -> StoreError {
    StoreError::Corrupt { table: "migrations", row: number.to_string(), what: what.to_owned() }
}
