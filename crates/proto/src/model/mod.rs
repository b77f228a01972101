//! What the server remembers: one type per kind of row, each enum variant owning its own facts.
//!
//! Shapes only. What may happen to them is decided in [`crate::grant`]; how they are kept is the store's business.

mod address;
mod binding;
mod client;
mod family;
mod grant;
mod id;
mod initial_token;
mod key;
mod resource;
mod scope;
mod session;
mod user;

pub use address::{AddressOrigin, ClientAddress, NetworkPrefix, SameNetwork};
pub use binding::{CodeChallenge, KeyThumbprint};
pub use client::{
    AccessTokenFormat, AuthMethod, Ceiling, Client, ClientId, ClientKeys, Demand, DeviceAuth, DevicePolicy, GrantType,
    LinkPolicy, Origin, Registration, Rotation, SigningAlg, SubjectType, TokenPolicy,
};
pub use family::{Family, Refresh};
pub use grant::{Approval, Grant, GrantState, Redemption};
pub use id::{CommitId, FamilyId, GrantId, InitialTokenId, InvalidId, KeyId, SessionId, UserId};
pub use initial_token::InitialToken;
pub use key::{KeyPurpose, KeyState, SealedKey};
pub use resource::Resource;
pub use scope::{InvalidScope, Scope};
pub use session::{Acr, Amr, Revocation, RevocationCause, Session};
pub use user::{User, UserName, UserState};

/// How often a row was written: 0 before its first commit, then 1, 2, … A commit that read an older version is a conflict.
pub type Version = u64;
