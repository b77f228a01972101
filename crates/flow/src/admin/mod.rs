//! What an operator does: accounts, clients, keys and grants. Works on the store, so a running server hears of it by the feed.

mod clients;
mod grants;
mod initial_tokens;
mod jwks;
mod keys;
mod users;

use std::convert::Infallible;

pub use clients::{ClientEdit, Declared};
pub use initial_tokens::NewInitialToken;
pub use jwks::{JwksError, RegisteredKey, read_jwks, registered_keys};
pub use keys::Successor;
use proto::model::KeyId;
pub use users::{NewUser, UserEdit};

use crate::commit::Failed;
use crate::passwords::WeakPassword;
use crate::secrets::KeyRingError;
use crate::{Flow, Unavailable};

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The client stands in the configuration, which is where it is changed.
    #[error("{0} is declared in the configuration; change it there")]
    Declared(String),
    /// The keys cannot be opened, or none can be sealed.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The key is there for good.
    #[error(
        "the subject key is never rotated or retired: pairwise subjects are made with it, and with another one every \
         person would be a stranger to every client"
    )]
    LastingKey,
    /// The key has a successor already.
    #[error("{0} is the next key of this kind already")]
    NextKey(KeyId),
    /// The key has no successor yet.
    #[error(
        "there is no next key of this kind; run `key rotate` first, or say --now to have one made and used at once"
    )]
    NoNextKey,
    /// There is one already.
    #[error("{0} exists already")]
    Taken(String),
    /// The store.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// There is none.
    #[error("there is no {0}")]
    Unknown(String),
    /// The password cannot be chosen.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
}

/// Commands work on a deployment as [`Flow`] opened it.
pub struct Admin<'a>(&'a Flow);

impl Flow {
    /// The operator's side.
    #[must_use]
    pub const fn admin(&self) -> Admin<'_> {
        Admin(self)
    }
}

impl From<store::StoreError> for AdminError {
    fn from(error: store::StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// A commit of a command: `what` names the row in case it exists already.
pub(crate) fn failed(what: &str) -> impl FnOnce(Failed<Infallible>) -> AdminError {
    move |failed| match failed {
        Failed::Taken => AdminError::Taken(what.to_owned()),
        Failed::Collided | Failed::Refused(_) | Failed::Spent | Failed::Store(_) => {
            Unavailable::from_failed(failed).into()
        }
    }
}
