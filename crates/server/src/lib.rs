//! The HTTP endpoints and the browser pages of Countersign.

pub mod assets;
pub mod pages;
