//! Who may register a client, and what it may be at most: by an initial access token (RFC 7591 §1.2), by a software
//! statement of somebody whom the operator trusts with that, or without either where registration is open (CF-12).

use super::Refusal;
use crate::Timestamp;
use crate::change::{Change, Require, Row};
use crate::model::{Ceiling, InitialToken};
use crate::secret::SecretHash;

/// An initial access token that was shown, and the row that is named like it, if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The hash of what was shown.
    pub hash: SecretHash,
    /// The row.
    pub row: Option<&'a InitialToken>,
}

/// By whose word a client may be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission<'a> {
    /// By nobody's: registration is open.
    Open,
    /// By a software statement, up to this.
    Statement(&'a Ceiling),
    /// By an initial access token.
    Token(&'a InitialToken),
}

impl Admission<'_> {
    /// What the client may be at most. Without the operator's word, nothing: open registration never yields the device
    /// grant (CF-12).
    #[must_use]
    pub fn ceiling(&self) -> Ceiling {
        match self {
            Self::Open => Ceiling::default(),
            Self::Statement(ceiling) => (*ceiling).clone(),
            Self::Token(token) => token.ceiling.clone(),
        }
    }

    /// What must still hold, and what is used up by a registration.
    pub(super) fn spend(&self) -> (Vec<Require>, Vec<Change>) {
        let Self::Token(token) = self else { return (Vec::new(), Vec::new()) };
        let spent = token.uses_left.map(|left| {
            let uses_left = Some(left.saturating_sub(1));
            Change::Put(Row::InitialToken(Box::new(InitialToken { uses_left, ..(*token).clone() })))
        });
        (vec![(*token).into()], spent.into_iter().collect())
    }
}

/// Judges who registers a client. A token that is shown must be good, whatever else would do: who shows a bad one is
/// mistaken, and would be given less than they think.
///
/// # Errors
/// Nobody speaks for them.
pub fn admit<'a>(
    shown: Option<Shown<'a>>,
    statement: Option<&'a Ceiling>,
    is_open: bool,
    now: Timestamp,
) -> Result<Admission<'a>, Refusal> {
    match (shown, statement) {
        (Some(Shown { hash, row }), _) => {
            let good = row.filter(|row| row.token == hash && row.is_usable(now));
            good.map(Admission::Token).ok_or(Refusal::TokenInvalid)
        }
        (None, Some(ceiling)) => Ok(Admission::Statement(ceiling)),
        (None, None) if is_open => Ok(Admission::Open),
        (None, None) => Err(Refusal::TokenMissing),
    }
}
