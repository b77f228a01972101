//! The server's own secrets: the key file, everything sealed under it, and the keys in use.

mod key_file;
mod key_ring;
mod keys;
mod life;
mod reseal;
mod seal;
mod sealer;
#[cfg(test)]
mod tests;

pub use key_file::{KeyFile, KeyFileError};
pub(crate) use key_ring::snapshot;
pub use key_ring::{KeyRing, KeyRingError};
pub use keys::Keys;
pub(crate) use life::{CannotRetire, next_of, next_turn, retire, turn, wanting};
pub use life::{Life, ends, life};
pub use reseal::{ResealError, Resealed, reseal};
pub use seal::{SealKey, Unsealable};
pub(crate) use sealer::Secret;
