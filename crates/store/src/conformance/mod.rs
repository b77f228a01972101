//! What every backend must do, as a library: a backend's own test opens a store and calls [`all`].
//!
//! The groups say what the contract is; `races` and `feed` also hold on a store that loses replies and
//! invents conflicts, see [`under_faults`].

mod cluster;
mod commit;
mod feed;
mod fixtures;
mod loads;
#[cfg(test)]
pub(crate) mod model;
mod races;
mod rich;
mod rows;
mod settle;
mod spent;
mod stamp;
mod sweep;
mod take;
mod unique;

use std::any::Any;

pub use self::cluster::Cluster;
pub use self::fixtures::Maker;
#[cfg(test)]
pub(crate) use self::{fixtures::LATER, settle::load};
use crate::{FaultSettings, Store};

/// A store to be judged: empty, with two handles on the same data.
#[expect(missing_debug_implementations, reason = "it keeps anything")]
pub struct Subject {
    store: Store,
    other: Store,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Subject {
    /// A store of which `other` is another handle (another node or process; a clone where there are no others).
    #[must_use]
    pub fn new(store: Store, other: Store) -> Self {
        Self { store, other, _keep: Box::new(()) }
    }

    /// The same, which keeps `thing`, such as a folder, for as long as it lives.
    #[must_use]
    pub fn keeping(self, thing: impl Any + Send + Sync) -> Self {
        Self { _keep: Box::new(thing), ..self }
    }

    /// The same, with faults on both handles.
    #[must_use]
    pub fn faulty(self, settings: FaultSettings) -> Self {
        let other = FaultSettings { seed: settings.seed.wrapping_add(1), ..settings };
        Self { store: Store::faulty(self.store, settings), other: Store::faulty(self.other, other), ..self }
    }
}

/// The whole contract. `open` gives a new, empty store each time.
///
/// # Panics
/// When the store breaks the contract.
pub async fn all(open: impl AsyncFn() -> Subject) {
    rows::all(&open).await;
    commit::all(&open).await;
    unique::all(&open).await;
    spent::all(&open).await;
    spent::used_proofs_are_not_told_of(&open).await;
    stamp::all(&open).await;
    take::all(&open).await;
    loads::all(&open).await;
    sweep::all(&open).await;
    feed::all(&open).await;
    feed::refusals_are_silent(&open).await;
    races::all(&open).await;
    races::take_is_exact(&open).await;
}

/// The part of the contract that holds on a store whose replies are lost and whose conflicts may be invented.
///
/// # Panics
/// When the store breaks the contract.
pub async fn under_faults(open: impl AsyncFn() -> Subject) {
    feed::all(&open).await;
    races::all(&open).await;
}
