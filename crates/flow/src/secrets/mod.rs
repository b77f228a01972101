//! The server's own secrets: the key file, everything sealed under it, and the keys in use.

mod key_file;
mod key_ring;
mod rotation;
mod seal;

pub use key_file::{KeyFile, KeyFileError};
pub use key_ring::{KeyRing, KeyRingError, Keys};
pub(crate) use rotation::{activate_after, fresh_key};
pub use seal::{SealKey, Unsealable};
