pub mod authorize;
pub mod error;
pub mod members;
pub mod metadata;
pub mod token;
