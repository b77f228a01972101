//! What PostgreSQL says when it fails, as what the store says. The classes are those of its manual, appendix A.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::StoreError;

/// Why a statement has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// None came in time.
    Late,
    /// The database said no, or the connection ended.
    Sql(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Late => Self::Unavailable("the database did not answer in time".to_owned()),
            Failure::Sql(error) => store_error(&error),
        }
    }
}

impl Failure {
    /// Whether the connection is of no more use.
    pub(super) fn spoils(&self) -> bool {
        match self {
            Self::Late => true,
            // A primary that became a standby refuses writes: the next connection looks for the new primary.
            Self::Sql(error) => is_lost(error) || error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION),
        }
    }

    /// Whether what was sent may have been carried out all the same.
    pub(super) fn is_in_doubt(&self) -> bool {
        match self {
            Self::Late => true,
            Self::Sql(error) => is_lost(error) || error.code() == Some(&SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN),
        }
    }

    /// Whether another transaction was in the way, and the same may be tried again.
    pub(super) fn is_collision(&self) -> bool {
        matches!(self, Self::Sql(error) if matches!(
            error.code(),
            Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
        ))
    }

    /// Whether a check that is written as a division found nothing.
    pub(super) fn is_division_by_zero(&self) -> bool {
        matches!(self, Self::Sql(error) if error.code() == Some(&SqlState::DIVISION_BY_ZERO))
    }

    /// The constraint that a row would have violated by being a second one.
    pub(super) fn clash(&self) -> Option<&str> {
        match self {
            Self::Sql(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => error.as_db_error()?.constraint(),
            Self::Late | Self::Sql(_) => None,
        }
    }
}

/// Whether the connection ended, whoever ended it.
fn is_lost(error: &Error) -> bool {
    let Some(code) = error.code() else {
        return true;
    };
    code.code().starts_with("08") || code.code().starts_with("57P")
}

/// An error of the database as one of the store.
pub(super) fn store_error(error: &Error) -> StoreError {
    let Some(code) = error.code() else {
        return StoreError::Unavailable(words(error));
    };
    if *code == SqlState::DISK_FULL {
        StoreError::Full
    } else if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
        StoreError::Damaged(words(error))
    } else if ["40", "53", "55", "57014"].iter().any(|class| code.code().starts_with(class)) {
        StoreError::Busy
    } else {
        StoreError::Unavailable(words(error))
    }
}

/// What an operator reads: the database's own message and its code, or all causes of a broken connection. Details are left
/// out, since they repeat values.
pub(super) fn words(error: &Error) -> String {
    if let Some(database) = error.as_db_error() {
        return format!("{} ({})", database.message(), database.code().code());
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    words
}
