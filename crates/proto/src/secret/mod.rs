//! Secrets as types: redacted in logs, revealed only on purpose, with the hashed form that is stored beside them.

mod device_code;
mod hash;
mod mac;
mod opaque;
mod refresh_token;
mod user_code;

pub use device_code::{DeviceCode, InvalidDeviceCode};
pub use hash::{DeviceCodeHash, SecretHash, UserCodeHash};
pub use mac::{MacKey, MacKeys, Tag};
pub use opaque::{ClientSecret, InitialAccessToken, RegistrationAccessToken, SessionToken};
pub use refresh_token::{InvalidRefreshToken, RefreshToken};
pub use user_code::{Alphabet, Mistake, Read, UserCode, guess_bound};
